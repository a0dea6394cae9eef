"""What `prepare` makes of what it is given: broken files, folders that are not quite empty, and wrong paths."""

import logging

import cv2
import numpy as np
import pytest

from vsr.data import StoreFolder
from vsr.data.prepare import prepare, sources
from vsr.data.prepare.command import main
from vsr.errors import UserError


def save_frames(folder, seed, frames=16, broken=False):
    folder.mkdir(parents=True)
    canvas = cv2.GaussianBlur(np.random.default_rng(seed).uniform(0, 255, (64, 96, 3)), (0, 0), 2)
    canvas = np.clip(128 + (canvas - 128) * 6, 0, 255).astype(np.uint8)
    for number in range(frames):
        picture = folder / f"{number:02d}.png"
        cv2.imwrite(str(picture), canvas[number : number + 32, number : number + 48])
    if broken:
        picture.write_bytes(picture.read_bytes()[:40])


def stored(report):
    return [shot.name for shot in report.shots if shot.file]


def test_a_junk_video_among_folders_of_frames_is_left_out(tmp_path, caplog):
    save_frames(tmp_path / "in" / "a", 0)
    (tmp_path / "in" / "junk.mp4").write_bytes(b"no video at all")
    report = prepare([tmp_path / "in"], tmp_path / "store")
    assert stored(report) == ["in/a_000000"]
    assert len(report.broken) == 1 and "junk.mp4" in str(report.broken[0])
    assert sum("junk.mp4" in record.getMessage() for record in caplog.records) == 1


def test_a_source_of_which_all_is_broken_is_left_out(tmp_path, caplog):
    save_frames(tmp_path / "good" / "a", 0)
    for name in ("b", "c"):
        save_frames(tmp_path / "bad" / name, 1, broken=True)
    report = prepare([tmp_path / "bad", tmp_path / "good"], tmp_path / "store")
    assert stored(report) == ["good/a_000000"]
    assert len(report.broken) == 1 and "None of the 2 files can be used" in str(report.broken[0])
    assert all(sum(f"bad/{name}" in record.getMessage() for record in caplog.records) == 1 for name in ("b", "c"))


def test_nothing_that_can_be_read_is_an_error(tmp_path):
    save_frames(tmp_path / "bad" / "b", 1, broken=True)
    (tmp_path / "bad" / "junk.mp4").write_bytes(b"no video at all")
    with pytest.raises(UserError, match=r"Nothing in '.*bad' can be read"):
        prepare([tmp_path / "bad"], tmp_path / "store")


def test_a_source_that_vanishes_once_it_was_examined_is_left_out(tmp_path, monkeypatch, caplog):
    save_frames(tmp_path / "in" / "a", 0)
    save_frames(tmp_path / "in" / "b", 1)
    state = sources._state

    def vanishing(clip):
        if clip.name == "b":
            clip.files[3].unlink()
        return state(clip)

    monkeypatch.setattr(sources, "_state", vanishing)
    report = prepare([tmp_path / "in"], tmp_path / "store")
    assert stored(report) == ["in/a_000000"]
    (broken,) = report.broken
    assert broken.path == str(tmp_path / "in" / "b") and "No such file" in str(broken)
    assert sum("No such file" in record.getMessage() for record in caplog.records) == 1


def test_hidden_files_and_scratch_of_a_killed_process_do_not_make_a_folder_another_ones(tmp_path):
    save_frames(tmp_path / "in", 0)
    store = tmp_path / "store"
    store.mkdir()
    (store / ".DS_Store").write_bytes(b"of a file manager")
    scratch = store / f".index.jsonl.{'0123456789abcdef' * 2}.part"
    scratch.write_text("half")
    assert stored(prepare([tmp_path / "in"], store)) == ["in_000000"]
    assert not scratch.exists() and (store / ".DS_Store").exists()


def test_wrong_paths_are_answered_in_the_commands_own_words(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match=r"'.*empty' holds no video and no picture: give another SOURCE") as caught:
        main([str(tmp_path / "empty"), "--output", str(tmp_path / "store")])
    assert "data." not in caught.value.code
    save_frames(tmp_path / "in", 0)
    (tmp_path / "file").write_text("")
    index = str(tmp_path / "file" / "index")
    with pytest.raises(SystemExit, match=r"index '.*' cannot be written .*--index=DIR") as caught:
        main([str(tmp_path / "in"), "--output", str(tmp_path / "store"), "--index", index])
    assert "data." not in caught.value.code


def test_a_video_that_is_left_out_is_said_once(tmp_path, caplog):
    save_frames(tmp_path / "in", 0)
    (tmp_path / "no.mp4").write_bytes(b"no video at all")
    with caplog.at_level(logging.WARNING):
        prepare([tmp_path / "in", tmp_path / "no.mp4"], tmp_path / "store")
    assert sum("no.mp4" in record.getMessage() for record in caplog.records) == 1


def error(capsys, *arguments):
    """All that the command says on its way to an end in an error."""
    with pytest.raises(SystemExit) as caught:
        main([*map(str, arguments)])
    return capsys.readouterr().err + str(caught.value.code)


def test_a_source_that_cannot_be_read_is_said_once_and_leaves_nothing_behind(tmp_path, capsys, caplog):
    (tmp_path / "no.mp4").write_bytes(b"no video at all")
    caplog.set_level(logging.INFO)
    said = error(capsys, tmp_path / "no.mp4", "--output", tmp_path / "store", "--index", tmp_path / "index")
    assert said.count("it is no video") + caplog.text.count("it is no video") == 1
    assert "error: Nothing in '" in said
    assert not (tmp_path / "store").exists()
    (tmp_path / "mine").mkdir()
    error(capsys, tmp_path / "absent", "--output", tmp_path / "mine")
    assert (tmp_path / "mine").is_dir()


def test_an_lmdb_is_not_prepared(tmp_path, capsys):
    (tmp_path / "x.lmdb").mkdir()
    (tmp_path / "x.lmdb" / "data.mdb").write_bytes(b"")
    for source in (tmp_path / "x.lmdb", tmp_path / "x.lmdb" / "data.mdb"):
        said = error(capsys, source, "--output", tmp_path / "store")
        assert f"is an LMDB, which is read as it is: train on it with data=lmdb data.root={tmp_path}/x.lmdb" in said


def test_misspelt_and_contradicting_options(tmp_path, capsys):
    assert "error: --outptu is no option. Did you mean '--output'?" in error(capsys, tmp_path, "--outptu", "x")
    assert "--worker5 is no option. Did you mean '--workers'?" in error(capsys, "--output", "x", "--worker5=3")
    assert "add --output DIR" in error(capsys, tmp_path)
    assert f"leave out {tmp_path}, or --verify" in error(capsys, tmp_path, "--output", "x", "--verify")


def test_sources_may_stand_before_and_after_options(tmp_path):
    for number, name in enumerate(("a", "b")):
        save_frames(tmp_path / name, number)
    arguments = [tmp_path / "a", "--output", tmp_path / "store", tmp_path / "b", "--index", tmp_path / "i"]
    main([*map(str, arguments), "--workers", "0"])
    assert [clip.name for clip in StoreFolder(tmp_path / "store")] == ["a_000000", "b_000000"]
