import pytest
import torch

from vsr.data import ClipDataModule, SyntheticScenes
from vsr.data.broken import BrokenFileError
from vsr.errors import UserError


def datamodule(workers=0, batch_size=2, val_clips=3, **settings):
    data = ClipDataModule(
        SyntheticScenes(3, 6, 40, seed=0),
        SyntheticScenes(val_clips, 4, 66, seed=1),
        name="synthetic",
        scale=4,
        frames=3,
        crop=16,
        batch_size=batch_size,
        seed=0,
        workers=workers,
        **settings,
    )
    data.batches = 4
    return data


def as_rank(monkeypatch, rank, world):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: world)


def test_batches():
    loader = datamodule().train_dataloader()
    batches = list(loader)
    assert len(batches) == len(loader) == 4
    assert batches[0]["hr"].shape == (2, 3, 3, 16, 16)
    assert batches[0]["hr"].dtype == torch.uint8
    assert len(batches[0]["name"]) == 2
    assert not torch.equal(batches[0]["hr"], batches[1]["hr"])


class Noisy(torch.nn.Module):
    """A random degradation, of which each draw differs."""

    def forward(self, hr):
        low = hr[..., ::4, ::4]
        return (low + 0.1 * torch.randn(low.shape)).clamp(0, 1)


def fields(data):
    return [(batch["hr"], batch["lr"], batch["name"]) for batch in data.train_dataloader()]


def same(one, other):
    return all(
        torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) and a[2] == b[2] for a, b in zip(one, other, strict=True)
    )


def test_neither_workers_nor_a_resume_change_clips_crops_or_lr():
    settings = {"strides": [1, 2], "moving_first_frame": 0.3}
    data = [datamodule(workers=workers, **settings) for workers in (0, 1, 4)]
    resumed = datamodule(workers=4, **settings)
    for module in (*data, resumed):
        module.degradation = Noisy()
    alone, one, four = map(fields, data)
    assert same(alone, one) and same(alone, four)
    resumed.start_batch = 2
    assert same(alone[2:], fields(resumed))


def test_two_ranks_together_see_one_ranks_batch(monkeypatch):
    def seen(batch_size):
        data = datamodule(batch_size=batch_size)
        data.degradation = Noisy()
        return fields(data)

    alone, shares = seen(4), []
    for rank in range(2):
        as_rank(monkeypatch, rank, 2)
        shares.append(seen(2))
    for whole, first, second in zip(alone, *shares, strict=True):
        assert torch.equal(whole[0], torch.cat([first[0], second[0]]))
        assert torch.equal(whole[1], torch.cat([first[1], second[1]]))
        assert whole[2] == first[2] + second[2]


def test_a_resumed_run_sees_the_rest():
    whole = [batch["hr"] for batch in datamodule().train_dataloader()]
    resumed = datamodule()
    resumed.start_batch = 3
    (last,) = [batch["hr"] for batch in resumed.train_dataloader()]
    assert torch.equal(last, whole[3])


def test_validation_clips_come_whole_one_at_a_time():
    items = list(datamodule(max_val_frames=3).val_dataloader())
    assert [item["name"] for item in items] == ["scene_0000", "scene_0001", "scene_0002"]
    assert items[0]["hr"].shape == (3, 3, 64, 64)


@pytest.mark.parametrize(("clips", "world"), [(3, 2), (1, 2), (4, 2), (2, 3)])
def test_ranks_share_validation_clips_equally_and_miss_none(monkeypatch, clips, world):
    seen = []
    for rank in range(world):
        as_rank(monkeypatch, rank, world)
        seen.append([item["name"] for item in datamodule(val_clips=clips).val_dataloader()])
    assert len({len(names) for names in seen}) == 1
    assert len(set().union(*seen)) == clips


def test_motion_is_collated():
    batch = next(iter(datamodule(with_motion=True).train_dataloader()))
    assert batch["flow_to_next"].shape == (2, 2, 2, 16, 16)
    assert batch["occluded_in_next"].shape == (2, 2, 1, 16, 16)


def test_evaluation_only_data_cannot_train():
    data = ClipDataModule(None, SyntheticScenes(1, 4, 66, seed=1), name="vid4", scale=4)
    with pytest.raises(UserError, match=r"data=vid4 is for evaluation only"):
        data.train_dataloader()


def test_crop_must_be_a_multiple_of_scale():
    with pytest.raises(UserError, match=r"data.crop=128 is not a multiple of scale=3. Try data.crop=126"):
        ClipDataModule(SyntheticScenes(1, 6, 160, seed=0), None, name="synthetic", scale=3, crop=128)


@pytest.mark.parametrize(("setting", "least"), [("frames", 1), ("batch_size", 1), ("workers", 0)])
def test_a_number_that_is_too_low_is_refused(setting, least):
    clips = SyntheticScenes(1, 6, 16, seed=0)
    settings = {"name": "synthetic", "scale": 4, "frames": 3, "crop": 16, setting: least - 1}
    with pytest.raises(UserError, match=rf"data.{setting}={least - 1} is too low: it must be at least {least}"):
        ClipDataModule(clips, None, **settings)
    ClipDataModule(clips, None, **{**settings, setting: least})


def test_small_clips_are_left_out_and_counted_up_to_a_share(caplog):
    clips = [*SyntheticScenes(9, 6, 40, seed=0), *SyntheticScenes(10, 6, 12, seed=0)[9:]]
    data = ClipDataModule(clips, None, name="mine", scale=4, frames=3, crop=16)
    assert [file.path for file in data.broken] == ["scene_0009"]
    assert "left out: Clip 'scene_0009' is 12x12, smaller than data.crop=16. Lower data.crop" in caplog.text
    data.batches = 60
    assert "scene_0009" not in {name for batch in data.train_dataloader() for name in batch["name"]}
    with pytest.raises(UserError, match=r"1 of 10 files cannot be used, more than data.max_broken=0.05 of them; Clip"):
        ClipDataModule(clips, None, name="mine", scale=4, frames=3, crop=16, max_broken=0.05)


def test_only_small_clips_are_one_error():
    clips = SyntheticScenes(3, 6, 12, seed=0)
    with pytest.raises(UserError, match=r"None of the 3 files can be used; the first: Clip 'scene_0000' is 12x12"):
        ClipDataModule(clips, None, name="mine", scale=4, frames=3, crop=16)


def test_what_items_found_broken_is_listed_in_the_batch():
    data = datamodule(batch_size=8)
    clip = data.train_clips.clips[1]

    def gone(*_):
        raise BrokenFileError("b is gone", "b.mp4")

    clip.read = gone
    batch = next(iter(data.train_dataloader()))
    assert batch["broken"] and set(batch["broken"]) == {("b.mp4", "b is gone")}
    assert len(batch["name"]) == 8 and clip.name not in batch["name"]


def test_validation_clips_that_are_too_small_are_left_out_of_a_run_that_trains(caplog):
    train, val = (
        SyntheticScenes(2, 6, 66, seed=0),
        [*SyntheticScenes(1, 4, 66, seed=1), *SyntheticScenes(2, 4, 48, seed=1)[1:]],
    )
    data = ClipDataModule(train, val, name="mine", scale=4, frames=3, crop=16)
    assert [clip.name for clip in data.val_clips.clips] == ["scene_0000"] and data.files == 4
    assert "left out: Clip 'scene_0001' is 48x48, smaller than 16*scale=64" in caplog.text
    with pytest.raises(UserError, match=r"'scene_0001' is 48x48, too small to evaluate"):
        ClipDataModule(None, val, name="mine", scale=4)


def test_a_share_is_no_percentage():
    with pytest.raises(UserError, match=r"data.max_broken=10: expected a share from 0 to 1"):
        ClipDataModule(SyntheticScenes(1, 6, 40, seed=0), None, name="mine", scale=4, frames=3, crop=16, max_broken=10)
