from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vsr.data import FrameFolder, Mixture, VideoFolder, folder_split, mixture_data, paired_split
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clips
from vsr.errors import UserError


def clip(name, **more):
    return SimpleNamespace(name=name, length=10, size=(8, 8), cuts=(), **more)


def write_clip(folder, frames=4, size=(64, 64)):
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((*size, 3), np.uint8))


@pytest.fixture
def parts(tmp_path):
    for name in ("x1", "x2", "x3", "x4"):
        write_clip(tmp_path / "many" / name)
    for name in ("x1", "y2"):
        write_clip(tmp_path / "few" / name)
    kind = partial(folder_split, FrameFolder)
    made = {name: {"kind": kind, "root": None, "weight": 1.0, "val_clips": None} for name in ("many", "few", "other")}
    made["many"]["root"], made["few"]["root"] = str(tmp_path / "many"), str(tmp_path / "few")
    return made


def data(parts, **settings):
    return mixture_data(parts, scale=4, name="mixture", frames=2, crop=16, **settings)


def test_clips_are_named_after_their_source_and_counted_with_its_weight():
    broken = [BrokenFileError("b is broken", "b")]
    mixture = Mixture(
        {"videos": Clips([clip("a"), clip("b")]), "frames": Clips([clip("a")], broken)}, {"videos": 1, "frames": 3}
    )
    assert [clip.name for clip in mixture] == ["videos/a", "videos/b", "frames/a"]
    assert mixture.parts == [(2, 1.0), (1, 3.0)]
    assert mixture.broken == broken


def test_sources_keep_their_own_names():
    source = Clips([clip("a")])
    Mixture({"videos": source}, {"videos": 1})
    assert source[0].name == "a"


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_is_above_zero(weight):
    with pytest.raises(UserError, match=r"data.parts.videos.weight=.*: expected a number above 0"):
        Mixture({"videos": Clips([clip("a")])}, {"videos": weight})


def test_either_all_sources_bring_their_lr_or_none():
    with_lr, without = Clips([clip("a", lr=clip("a"))]), Clips([clip("b")])
    Mixture({"one": with_lr, "two": with_lr}, {"one": 1, "two": 1})
    with pytest.raises(UserError, match=r"Of the mixture, one bring their LR and two, three do not"):
        Mixture({"two": without, "one": with_lr, "three": without}, {"one": 1, "two": 1, "three": 1})


def test_items_come_by_weight_and_not_by_size(parts):
    parts["few"]["weight"] = 3.0
    made = data(parts)
    names = [made.train_clips[index]["name"] for index in range(400)]
    few = sum(name.startswith("few/") for name in names)
    assert set(names) == {"many/x1", "many/x2", "many/x3", "few/x1"}
    assert abs(few - 300) < 35  # four standard deviations of a binomial draw


def test_validation_takes_turns(parts):
    parts["many"]["val_clips"] = ["x3", "x4"]
    assert [item["name"] for item in data(parts).val_dataloader()] == ["many/x3", "few/y2", "many/x4"]
    assert [item["name"] for item in data(parts, max_val_clips=2).val_dataloader()] == ["many/x3", "few/y2"]


def test_evaluation_alone(parts):
    made = data(parts, train=None)
    assert made.train_clips is None
    assert [item["name"] for item in made.val_dataloader()][:3] == ["many/x1", "few/x1", "many/x2"]


def test_given_lr_goes_through_every_step(tmp_path, parts):
    for name in ("x1", "y2"):
        write_clip(tmp_path / "lr" / name, size=(16, 16))
    kind = {"kind": paired_split, "root": parts["few"]["root"], "lr": str(tmp_path / "lr"), "weight": 1}
    made = data({"paired": kind})
    assert made.train_clips[0]["lr"].shape == (2, 3, 4, 4)
    assert made.val_clips[0]["lr"].shape == (4, 3, 16, 16)


def test_an_error_names_the_part_that_is_wrong(parts, tmp_path):
    parts["few"]["root"] = str(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"nowhere' does not exist. Set data.parts.few.root=FOLDER"):
        data(parts)
    file = tmp_path / "file"
    file.write_text("")
    parts["few"] |= {"root": parts["many"]["root"], "index": str(file / "index")}
    with pytest.raises(UserError, match=r"Set data\.parts\.few\.index=DIR"):
        data(parts)
    parts["few"]["root"] = parts["many"]["root"] = None
    with pytest.raises(UserError, match=r"Set data.parts.NAME.root=FOLDER for some of: many, few, other"):
        data(parts)


def test_videos_of_a_part_can_be_kept_in_memory_and_read_by_pyav(compose):
    part = "data.parts.videos.kind.source"
    kind = compose("data=mixture", f"{part}.decoder=pyav", f"{part}.keep_in_memory=true").data.parts.videos.kind
    alone = compose("data=video_folder", "data.source.decoder=pyav", "data.source.keep_in_memory=true").data
    assert kind.source == alone.source


def test_what_made_given_lr_can_be_said(tmp_path, parts):
    assert data(parts, lr_is="bicubic").train_clips is not None


def test_what_is_held_out_is_said_with_where_it_is_from(parts, caplog):
    caplog.set_level("INFO")
    data(parts)
    said = [record.getMessage() for record in caplog.records if "held out" in record.getMessage()]
    assert len(said) == 2
    for line, name in zip(said, ("many", "few"), strict=True):
        assert f"of '{parts[name]['root']}', held out for validation" in line


def test_an_unknown_decoder_is_answered_with_its_full_key(tmp_path):
    source = partial(VideoFolder, decoder="ffmpeg")
    with pytest.raises(UserError, match=r"^data\.source\.decoder='ffmpeg' is not known"):
        source(str(tmp_path))
    kind = {"kind": partial(folder_split, source), "root": str(tmp_path), "weight": 1}
    with pytest.raises(UserError, match=r"^data\.parts\.v\.kind\.source\.decoder='ffmpeg' is not known"):
        data({"v": kind})
