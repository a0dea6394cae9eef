import pickle

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from vsr.degradations import Bicubic, Blur, BlurSubsample, Camera, Compression, Jpeg, Noise, Rescale, compression
from vsr.degradations.draw import Range
from vsr.degradations.video_codec import CodecError
from vsr.errors import UserError


@pytest.fixture
def camera(compose):
    def make(*overrides):
        cfg = compose("degradation=camera", *overrides)
        return instantiate(OmegaConf.to_container(cfg, resolve=True)["degradation"])

    return make


def videos(batch=1, frames=3, size=48):
    return torch.rand(batch, frames, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_shape_and_levels(camera, scale):
    degradation = camera(f"scale={scale}")
    for seed in range(4):
        torch.manual_seed(seed)
        lr = degradation(videos())
        assert lr.shape == (1, 3, 3, 48 // scale, 48 // scale)
        assert lr.dtype == torch.float32
        assert 0 <= lr.min() <= lr.max() <= 1
        torch.testing.assert_close(lr * 255, (lr * 255).round(), atol=1e-4, rtol=0)


def test_one_seed_of_the_cpu_generator_gives_one_clip(camera):
    degradation, hr = camera(), videos(2)
    runs = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        runs.append(degradation(hr))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_clips_of_a_batch_have_draws_of_their_own(camera):
    torch.manual_seed(0)
    lr = camera()(videos().expand(2, -1, -1, -1, -1))
    assert (lr[0] - lr[1]).abs().mean() > 0.01


def test_without_noise_and_drift_a_still_clip_stays_still():
    methods = {"area": 1, "bilinear": 1, "bicubic": 1}
    operations = {
        "blur": Blur({"iso": 1, "aniso": 1, "plateau_aniso": 1, "sinc": 1}),
        "rescale": Rescale([0.5, 1.5], {"up": 1, "down": 1}, methods),
        "jpeg": Jpeg([30, 95]),
    }
    still = videos(frames=1).expand(1, 4, 3, 48, 48)
    for seed in range(4):
        torch.manual_seed(seed)
        lr = Camera(4, operations)(still)
        torch.testing.assert_close(lr, lr[:, :1].expand_as(lr))


def test_computed_in_single_precision_under_autocast_and_without_gradient(camera):
    degradation, hr = camera(), videos().requires_grad_()
    torch.manual_seed(0)
    expected = degradation(hr)
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = degradation(hr)
    assert torch.equal(result, expected)
    assert not result.requires_grad


def test_products_in_an_operation_are_single_precision_under_autocast():
    clip = videos()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lr = Camera(1, {"product": lambda x: x @ torch.eye(48)}, quantise=False)(clip)
    assert torch.equal(lr, clip)


def test_colours_survive_the_whole_chain(camera):
    """The mean colour of a flat clip, without noise: no range or matrix is mixed up on the way."""
    degradation = camera(*[f"degradation.operations.{name}_noise=null" for name in ("first", "second")])
    colour = torch.tensor([0.75, 0.25, 0.125]).view(1, 1, 3, 1, 1)
    for seed in range(6):
        torch.manual_seed(seed)
        lr = degradation(colour.expand(1, 3, 3, 64, 64))
        assert (lr.mean((1, 3, 4), keepdim=True) - colour).abs().max() * 255 < 6


def test_operations_act_in_their_order_and_null_leaves_one_out(camera):
    calls = []

    def step(name):
        def operation(clip):
            calls.append(name)
            return clip

        return operation

    operations = {"one": step("one"), "none": None, "two": step("two")}
    degradation = Camera(2, operations, compression=step("compression"))
    for seed in range(8):
        torch.manual_seed(seed)
        degradation(videos())
    assert calls == ["one", "two", "compression"] * 8
    assert "first_blur" not in camera("degradation.operations.first_blur=null").operations


def test_compression_comes_before_and_after_resizing():
    sizes = set()

    def compression(clip):
        sizes.add(clip.shape[-1])
        return clip

    for seed in range(12):
        torch.manual_seed(seed)
        Camera(4, {}, compression)(videos())
    assert sizes == {48, 12}


def test_first_round_can_compress_too(camera):
    degradation = camera("degradation.operations.first_compression=${degradation.compression}")
    assert list(degradation.operations).index("first_compression") == 4
    torch.manual_seed(0)
    assert degradation(videos()).shape == (1, 3, 3, 12, 12)


def test_values_are_clipped_between_operations():
    seen = []
    operations = {"noise": Noise([200, 200], [0, 0], gaussian_probability=1), "look": lambda x: seen.append(x) or x}
    Camera(2, operations)(videos())
    assert seen[0].min() == 0
    assert seen[0].max() == 1


def test_recipe_is_plain_and_tells_two_cameras_apart(camera):
    recipe = camera().recipe()
    assert recipe["first_noise"]["sigma"] == [1, 30, 0.1]
    assert recipe["compression"]["bits_per_pixel"][:2] == [0.1, 3]
    assert recipe != camera("degradation.operations.second_jpeg.quality=[50,95]").recipe()


def test_a_walk_keeps_to_its_range_and_step():
    torch.manual_seed(0)
    walk = Range(1.0, 2.0, 0.3).walk(400)
    assert 1 <= walk.min() < 1.1
    assert 1.9 < walk.max() <= 2
    assert 0.2 < walk.diff().abs().max() <= 0.3 + 1e-6
    assert Range(1.0, 2.0).walk(5).unique().numel() == 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="18x16 is not a multiple of scale=4"):
        Camera(4, {})(torch.rand(1, 1, 3, 16, 18))
    with pytest.raises(UserError, match=r"operations\.noise is no operation"):
        Camera(4, {"noise": {"sigma": 1}})
    with pytest.raises(UserError, match=r"expected \[low, high\]"):
        Jpeg([30])
    with pytest.raises(UserError, match=r"jpeg\.quality=30: expected"):
        Jpeg(30)
    with pytest.raises(UserError, match="weights of at least 0"):
        Camera(4, {}, methods={"area": "often"})


def test_only_what_codes_video_is_for_the_workers(camera):
    assert camera().runs_in_workers
    assert not camera("degradation.compression=null").runs_in_workers
    assert Camera(4, {"early": Compression({"mpeg4": 1}, [0.1, 1])}).runs_in_workers
    assert not Bicubic(4).runs_in_workers
    assert not BlurSubsample(4).runs_in_workers


def test_failures_of_all_codings_are_counted(monkeypatch):
    def fail(*_):
        raise CodecError("mpeg4: no")

    monkeypatch.setattr(compression, "through_codec", fail)
    early, late = (Compression({"mpeg4": 1}, [0.1, 1]) for _ in range(2))
    degradation = Camera(4, {"early": early, "again": early}, late)
    degradation(videos(2, frames=1))
    assert degradation.failures == 6
    assert Camera(4, {}).failures == 0


def test_a_camera_sent_to_another_process_degrades_alike(camera):
    degradation = camera("degradation.operations.first_compression=${degradation.compression}")
    copy = pickle.loads(pickle.dumps(degradation))
    for seed in range(3):
        runs = []
        for one in (degradation, copy):
            torch.manual_seed(seed)
            runs.append(one(videos()))
        assert torch.equal(*runs)
    assert copy.recipe() == degradation.recipe()


@pytest.mark.parametrize(
    ("choice", "kind"), [("bicubic", Bicubic), ("blur_subsample", BlurSubsample), ("camera", Camera)]
)
def test_every_configuration_makes_its_degradation(compose, choice, kind):
    cfg = OmegaConf.to_container(compose(f"degradation={choice}", "scale=2"), resolve=True)
    degradation = instantiate(cfg["degradation"])
    assert type(degradation) is kind
    assert degradation.scale == 2
    assert degradation.name.startswith(choice)
