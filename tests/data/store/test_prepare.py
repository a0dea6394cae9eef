import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import av
import cv2
import numpy as np
import pytest

from vsr.data import StoreFolder, VideoClip
from vsr.data.broken import BrokenFileError
from vsr.data.prepare import Settings, prepare, run
from vsr.data.prepare.command import main
from vsr.data.prepare.workers import Workers
from vsr.errors import UserError

SIZE = (48, 80)


def scene(seed, frames=20, size=SIZE, speed=2):
    """A window that moves over smooth noise: (T, H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    height, width = size
    canvas = cv2.GaussianBlur(rng.normal(size=(height + speed * frames, width + speed * frames, 3)), (0, 0), 4)
    canvas = np.clip(128 + canvas * 60 / canvas.std(), 0, 255).astype(np.uint8)
    return np.stack([canvas[t * speed : t * speed + height, t * speed : t * speed + width] for t in range(frames)])


def save_frames(folder, *shots):
    folder.mkdir(parents=True)
    for number, frame in enumerate(np.concatenate(shots)):
        cv2.imwrite(str(folder / f"{number:08d}.png"), frame[..., ::-1])


def save_video(path, frames, crf=18, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture.reformat(size[1], size[0])))
        container.mux(stream.encode())


def content(store):
    """Every file of a store with its bytes."""
    files = (path for path in sorted(store.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}


def shots(store):
    clips = StoreFolder(store)
    return {clip.name: clip.read(range(clip.length)) for clip in clips}


def fates(report):
    return {shot.name: shot.dropped for shot in report.shots}


@pytest.fixture
def film(tmp_path):
    """Two scenes as pictures, a third as a video, which look like nothing else."""
    save_frames(tmp_path / "in" / "film", scene(0), scene(1, frames=26))
    save_video(tmp_path / "in" / "sea" / "waves.mp4", scene(2, frames=17))
    return tmp_path / "in"


def test_frames_equal_the_source_and_shots_end_at_cuts(film, tmp_path):
    report = prepare([film], tmp_path / "store")
    stored = shots(tmp_path / "store")
    assert set(stored) == {"in/film_000000", "in/film_000020", "in/sea/waves_000000"}
    assert np.array_equal(stored["in/film_000000"], scene(0))
    assert np.array_equal(stored["in/film_000020"], scene(1, frames=26))
    video = VideoClip(film / "sea" / "waves.mp4")
    assert np.array_equal(stored["in/sea/waves_000000"], video.read(range(17)))
    assert fates(report) == dict.fromkeys(stored)
    clips = {clip.name: clip for clip in StoreFolder(tmp_path / "store")}
    assert clips["in/sea/waves_000000"].fps == 25
    on_disk = sum(path.stat().st_size for path in (tmp_path / "store" / "shots").rglob("*.npy"))
    assert on_disk == sum(shot.bytes + 128 for shot in report.shots)


def test_short_static_and_repeated_shots_are_dropped_and_counted(tmp_path):
    still = np.repeat(scene(3)[:1], 20, 0).astype(int)
    grain = np.random.default_rng(0).integers(-9, 10, still.shape)
    save_frames(tmp_path / "in" / "a", scene(0))
    save_frames(tmp_path / "in" / "b copy of a", scene(0))
    save_frames(tmp_path / "in" / "c short", scene(1, frames=14))
    save_frames(tmp_path / "in" / "d grainy still", np.clip(still + grain, 0, 255).astype(np.uint8))
    for crf, size in ((34, SIZE), (28, (24, 40))):
        save_video(tmp_path / "in" / f"e again {crf}.mp4", scene(0), crf, size)
    report = prepare([tmp_path / "in"], tmp_path / "store")
    dropped = {name.removeprefix("in/").removesuffix("_000000"): why for name, why in fates(report).items()}
    first = next(name for name, why in dropped.items() if why is None)  # of the four copies
    copies = {"a", "b copy of a", "e again 34", "e again 28"}
    assert dropped == {
        **dict.fromkeys(copies, "duplicate"),
        "c short": "short",
        "d grainy still": "static",
        first: None,
    }
    assert first in copies - {"e again 28"} and len(shots(tmp_path / "store")) == 1
    assert {shot.original for shot in report.shots if shot.dropped == "duplicate"} == {f"in/{first}_000000"}
    numbers = [list(column.cells) for column in report.table().columns][1]
    assert numbers == ["1", "1", "1", "3", "0"]  # stored, short, static, duplicate, broken
    kept = prepare([tmp_path / "in"], tmp_path / "all", Settings(1, keep_static=True, keep_duplicates=True))
    assert set(fates(kept).values()) == {None}


def test_other_takes_of_one_scene_are_no_duplicates(tmp_path):
    background = scene(0)[:1]
    for seed in (1, 2):
        take = np.repeat(background, 20, 0).copy()
        for t, (top, left) in enumerate(np.random.default_rng(seed).integers(0, (32, 64), (20, 2))):
            take[t, top : top + 16, left : left + 16] = 255
        save_frames(tmp_path / "in" / f"take {seed}", take)
    assert set(fates(prepare([tmp_path / "in"], tmp_path / "store")).values()) == {None}


def test_other_takes_with_little_motion_are_no_duplicates(tmp_path):
    """In each, a spot is brighter by 7 grey levels for a while, at a time and place of its own."""
    for take, (first, last, top, left) in enumerate([(2, 11, 0, 0), (8, 17, 24, 40), (1, 3, 0, 0), (12, 14, 24, 40)]):
        frames = np.repeat(scene(0)[:1] // 2, 20, 0)
        frames[first:last, top : top + 12, left : left + 20] += 7
        save_frames(tmp_path / "in" / f"take {take}", frames)
    report = prepare([tmp_path / "in"], tmp_path / "store", Settings(keep_static=True))
    assert set(fates(report).values()) == {None}


def test_copies_of_a_still_are_duplicates_where_stills_are_kept(tmp_path):
    still = np.repeat(scene(3)[:1], 20, 0)
    for crf in (18, 30):
        save_video(tmp_path / "in" / f"{crf}.mp4", still, crf)
    report = prepare([tmp_path / "in"], tmp_path / "store", Settings(keep_static=True))
    assert sorted(fates(report).values(), key=str) == [None, "duplicate"]
    assert fates(prepare([tmp_path / "in"], tmp_path / "store", Settings(keep_static=True))) == fates(report)


@pytest.mark.parametrize("stop_at", [1, 2])
def test_after_an_interruption_it_goes_on_to_the_same_store(film, tmp_path, monkeypatch, stop_at):
    prepare([film], tmp_path / "whole")
    read = []

    def interrupted(task, *arguments):
        if len(read) == stop_at:
            raise KeyboardInterrupt
        read.append(task.shot.name)
        return store_shot(task, *arguments)

    store_shot = run.store_shot
    monkeypatch.setattr(run, "store_shot", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare([film], tmp_path / "store")
    assert len(shots(tmp_path / "store")) == stop_at
    first, stop_at = read.copy(), -1
    # What a kill in the middle of a shot, and one between a file and its line of the index, leave behind.
    (tmp_path / "store" / "shots" / "in" / f".x.npy.{'0' * 32}.part").write_bytes(b"half")
    (tmp_path / "store" / "shots" / "in" / "y.npy").write_bytes(b"not in the index")
    with (tmp_path / "store" / "index.jsonl").open("a") as index:
        index.write('{"name": "z", "cl')
    prepare([film], tmp_path / "store")
    assert len(read) == 3 and set(read[: len(first)]) == set(first) and len(set(read)) == 3
    assert content(tmp_path / "store") == content(tmp_path / "whole")
    prepare([film], tmp_path / "store")
    assert len(read) == 3


def test_a_full_disk_is_said_and_leaves_a_store_to_go_on_with(film, tmp_path):
    prepare([film], tmp_path / "whole")
    frame = SIZE[0] * SIZE[1] * 3
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(UserError, match=r"film_000020\.npy could not be written .* goes on"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (22 * frame, hard))  # room for the shots of 20 and 17 frames
        try:
            prepare([film], tmp_path / "store")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "in/film_000020" not in shots(tmp_path / "store")
    assert not list((tmp_path / "store").rglob("*.part"))
    prepare([film], tmp_path / "store")
    assert content(tmp_path / "store") == content(tmp_path / "whole")


def test_too_small_a_disk_is_refused_before_anything_is_written(film, tmp_path, monkeypatch):
    needed = (20 + 26 + 17) * SIZE[0] * SIZE[1] * 3 + 3 * 128
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk._replace(free=needed - 1))
    with pytest.raises(UserError, match=r"takes up to 0\.7 MB more, .* 0\.7 MB free: make room, take --max-height"):
        prepare([film], tmp_path / "store")
    assert not (tmp_path / "store" / "shots").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk._replace(free=needed))
    prepare([film], tmp_path / "store")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk._replace(free=0))
    prepare([film], tmp_path / "store")  # all there already


def test_reduced_pictures_are_means_over_areas_and_frames_can_be_thinned(tmp_path):
    save_frames(tmp_path / "in", scene(0))
    prepare([tmp_path / "in"], tmp_path / "store", Settings(5, max_height=24, every=3))
    (stored,) = shots(tmp_path / "store").values()
    blocks = scene(0)[::3].astype(float).reshape(7, 24, 2, 40, 2, 3).mean((2, 4))
    assert stored.shape == blocks.shape and np.abs(stored - blocks).max() <= 0.5
    prepare([tmp_path / "in"], tmp_path / "as it is", Settings(5, max_height=48))
    assert np.array_equal(next(iter(shots(tmp_path / "as it is").values())), scene(0))


def test_a_broken_source_costs_one_line(film, tmp_path, caplog):
    save_frames(tmp_path / "in" / "half", scene(5), scene(6))
    picture = tmp_path / "in" / "half" / "00000030.png"
    picture.write_bytes(picture.read_bytes()[:60])
    report = prepare([film], tmp_path / "store")
    assert len(report.broken) == 1 and "half" in str(report.broken[0])
    assert sum("half" in record.message for record in caplog.records) == 1
    assert len(shots(tmp_path / "store")) == 3
    shutil.rmtree(tmp_path / "in" / "half")
    (tmp_path / "no.mp4").write_bytes(b"no video at all")
    assert len(prepare([film, tmp_path / "no.mp4"], tmp_path / "store").broken) == 1
    with pytest.raises(UserError, match=r"no\.mp4"):
        prepare([tmp_path / "no.mp4"], tmp_path / "other")


def test_a_source_that_breaks_while_it_is_read_costs_one_line_and_is_tried_again(film, tmp_path, caplog, monkeypatch):
    def breaks(task, *arguments):
        if task.shot.clip == "in/film":
            raise BrokenFileError("film vanished", "film")
        return store_shot(task, *arguments)

    store_shot = run.store_shot
    with monkeypatch.context() as patch:
        patch.setattr(run, "store_shot", breaks)
        report = prepare([film], tmp_path / "store")
    assert [str(error) for error in report.broken] == ["film vanished"]
    assert [record.message for record in caplog.records if "vanished" in record.message] == ["left out: film vanished"]
    assert set(shots(tmp_path / "store")) == {"in/sea/waves_000000"}
    assert not prepare([film], tmp_path / "store").broken
    assert len(shots(tmp_path / "store")) == 3


def test_a_source_that_has_changed_is_stored_anew(film, tmp_path):
    prepare([film], tmp_path / "store")
    shutil.rmtree(film / "film")
    save_frames(film / "film", scene(7, frames=30))
    prepare([film], tmp_path / "store")
    stored = shots(tmp_path / "store")
    assert set(stored) == {"in/film_000000", "in/sea/waves_000000"}
    assert np.array_equal(stored["in/film_000000"], scene(7, frames=30))
    assert len(list((tmp_path / "store" / "shots").rglob("*.npy"))) == 2


def test_a_copy_is_stored_once_its_original_is_gone(tmp_path):
    for name in ("a", "b"):
        save_frames(tmp_path / "in" / name, scene(0))
    prepare([tmp_path / "in"], tmp_path / "store")
    shutil.rmtree(tmp_path / "in" / "a")
    save_frames(tmp_path / "in" / "a", scene(1))
    prepare([tmp_path / "in"], tmp_path / "store")
    stored = shots(tmp_path / "store")
    assert np.array_equal(stored["in/a_000000"], scene(1)) and np.array_equal(stored["in/b_000000"], scene(0))


def test_damage_is_found_and_mended(film, tmp_path, capsys):
    store = tmp_path / "store"
    prepare([film], store)
    whole = content(store)
    main(["--verify", "--output", str(store)])
    assert "All 3 files" in capsys.readouterr().out
    altered, missing = store / "shots" / "in" / "film_000000.npy", store / "shots" / "in" / "film_000020.npy"
    damaged = bytearray(altered.read_bytes())
    damaged[1000] ^= 1
    altered.write_bytes(damaged)
    missing.unlink()
    with pytest.raises(SystemExit, match="2 of the 3 files"):
        main(["--verify", "--output", str(store)])
    said = capsys.readouterr().err
    assert "film_000000.npy': its content was altered" in said and "film_000020.npy' cannot be read" in said
    altered.unlink()
    prepare([film], store)
    assert sorted(content(store)) == sorted(whole)
    assert all(whole[name] == data for name, data in content(store).items() if name.endswith(".npy"))


def test_what_cannot_be_mixed_is_refused(film, tmp_path):
    prepare([film], tmp_path / "store")
    with pytest.raises(UserError, match=r"was prepared with --min-frames 15 without --max-height: give"):
        prepare([film], tmp_path / "store", Settings(10, max_height=24))
    with pytest.raises(UserError, match="neither empty nor a prepared store"):
        prepare([film], film)
    assert sorted(path.name for path in film.iterdir()) == ["film", "sea"]
    with pytest.raises(UserError, match=r"'in/film' from '.*rename"):
        save_frames(tmp_path / "elsewhere" / "in" / "film", scene(9))
        prepare([tmp_path / "elsewhere" / "in"], tmp_path / "store")
    with pytest.raises(UserError, match=r"would both be called 'in/film' in the store: rename one"):
        prepare([film, tmp_path / "elsewhere" / "in"], tmp_path / "other")
    with pytest.raises(UserError, match=r"absent' does not exist"):
        prepare([tmp_path / "absent"], tmp_path / "other")
    with pytest.raises(UserError, match=r"--every 0"):
        Settings(every=0)


def test_more_sources_can_be_added_later(film, tmp_path):
    prepare([film / "film"], tmp_path / "store")
    save_frames(tmp_path / "copies" / "again", scene(0))
    report = prepare([film / "sea", tmp_path / "copies"], tmp_path / "store")
    assert set(shots(tmp_path / "store")) == {"film_000000", "film_000020", "sea/waves_000000"}
    assert fates(report) == {"sea/waves_000000": None, "copies/again_000000": "duplicate"}


def test_the_command_says_what_it_did_and_what_to_do_next(film, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main([str(film), "--output", "store", "--workers", "0"])
    said = capsys.readouterr().out
    assert "stored" in said and "63" in said and "data=store data.root=store" in said
    with pytest.raises(SystemExit, match="give at least one SOURCE"):
        main(["--output", "store"])
    with pytest.raises(SystemExit, match="absent' does not exist"):
        main(["absent", "--output", "store"])


def square_or_die(number):
    if number % 10 == 3:
        os._exit(1)
    return number**2


@pytest.mark.slow
def test_an_item_that_kills_its_process_costs_that_item_only():
    workers = Workers(square_or_die, 2, crashed=lambda number: -number)
    results = list(workers.in_order(range(15)))
    assert results == [(number, -number if number in (3, 13) else number**2) for number in range(15)]


@pytest.mark.slow
def test_processes_make_the_same_store(film, tmp_path):
    for number in range(10, 14):
        save_frames(film / f"more {number}", scene(number))
    prepare([film], tmp_path / "one")
    prepare([film], tmp_path / "several", workers=3)
    assert content(tmp_path / "one") == content(tmp_path / "several")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_any_moment_it_goes_on(film, tmp_path, how):
    for number in range(10, 30):
        save_frames(film / f"more {number}", scene(number))
    prepare([film], tmp_path / "whole")
    store = tmp_path / "store"
    command = [sys.executable, "-m", "vsr.data.prepare", str(film), "--output", str(store), "--workers", "2"]
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not list(store.rglob("shots/**/*.npy")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
        assert process.wait(60) in (130, -9)
        group_ends = time.monotonic() + 30
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < group_ends:  # its processes end with it
                os.killpg(process.pid, 0)
                time.sleep(0.05)
            pytest.fail("processes were left behind")
    finally:
        process.kill()
    assert len(content(store)) < len(content(tmp_path / "whole"))
    prepare([film], store)
    assert content(store) == content(tmp_path / "whole")


def test_of_duplicates_the_largest_then_the_longest_is_kept_and_it_is_said(tmp_path, capsys):
    large = scene(0, frames=51, size=(96, 160))
    small = np.stack([cv2.resize(frame, (80, 48), interpolation=cv2.INTER_AREA) for frame in large])
    save_frames(tmp_path / "in" / "a", small)
    save_frames(tmp_path / "in" / "b", small)
    save_frames(tmp_path / "in" / "c", large[:50])
    save_frames(tmp_path / "in" / "d", large)
    store = tmp_path / "store"
    main([str(tmp_path / "in"), "--output", str(store), "--workers", "0", "--index", str(tmp_path / "index")])
    assert {name: len(frames) for name, frames in shots(store).items()} == {"in/d_000000": 51}
    assert len(list(store.rglob("*.npy"))) == 1
    said = capsys.readouterr().out
    for name, size in (("a", "80x48, 51"), ("b", "80x48, 51"), ("c", "160x96, 50")):
        assert f"dropped 'in/{name}_000000' ({size} frames) as a duplicate of 'in/d_000000'" in said
    before = content(store)
    prepare([tmp_path / "in"], store)
    assert content(store) == before


@pytest.mark.slow
def test_ctrl_c_while_processes_start_is_said_in_one_line(film, tmp_path):
    command = [sys.executable, "-m", "vsr.data.prepare", str(film), "--output", "store", "--workers", "2"]
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE, text=True)
    try:
        while "to read now" not in (line := process.stderr.readline()):
            assert line, "it ended early"
        time.sleep(0.5)  # of the seconds that their imports take
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.read().splitlines() == ["Stopped. The same command goes on from here."]
    finally:
        process.kill()
        process.wait()
