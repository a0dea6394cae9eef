"""Starting a run from weights of other runs and of others' files: what is taken, what is left, what is refused."""

import logging

import pytest
import torch
from hydra.utils import instantiate
from torch.testing import assert_close

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.generators import BasicVSR, FlowNet, Recurrent, Stochastic
from vsr.motion import SPyNet
from vsr.training.build import build_generator
from vsr.training.run import train

BASICVSR = {
    "_target_": "vsr.generators.BasicVSR",
    "channels": 4,
    "blocks": 2,
    "head_channels": 4,
    "flow": {"_target_": "vsr.motion.SPyNet", "weights": "random"},
}


def basicvsr(**options):
    torch.manual_seed(1)
    return BasicVSR(SPyNet("random"), **{"channels": 4, "blocks": 2, "head_channels": 4, **options})


def file_of(state, folder):
    torch.save(state, folder / "weights.pth")
    return str(folder / "weights.pth")


def test_all_weights_find_their_place(tmp_path):
    source = basicvsr()
    generator, start = build_generator(BASICVSR, file_of(source.state_dict(), tmp_path))
    assert_close(generator.state_dict(), source.state_dict(), rtol=0, atol=0)
    assert start.endswith(f"weights.pth ({len(source.state_dict())} tensors)")


def test_a_partial_load_is_refused_and_the_way_to_it_named(tmp_path):
    path = file_of(basicvsr(blocks=1).state_dict(), tmp_path)
    with pytest.raises(UserError, match=r"8 tensors missing .*or load what fits with init_partial=true$"):
        build_generator(BASICVSR, path)


def test_a_partial_load_takes_what_fits_and_says_what_does_not(tmp_path):
    source = basicvsr(blocks=1)
    given = source.state_dict() | {"extra.3.bias": torch.zeros(1), "extra.4.bias": torch.zeros(1)}
    torch.manual_seed(2)
    untouched = instantiate(BASICVSR).state_dict()
    torch.manual_seed(2)
    generator, start = build_generator(BASICVSR, file_of(given, tmp_path), partial=True)

    loaded = generator.state_dict()
    left = {name for name in loaded if ".main.2.1." in name}
    assert len(left) == 8
    assert_close({name: loaded[name] for name in left}, {name: untouched[name] for name in left}, rtol=0, atol=0)
    assert_close({name: loaded[name] for name in loaded.keys() - left}, source.state_dict(), rtol=0, atol=0)
    assert f"{len(loaded) - 8} of {len(loaded)} tensors" in start
    assert "left at their start: backward_trunk.main.2.1, forward_trunk.main.2.1 (8 tensors)" in start
    assert "of the file, without a place here: extra (2 tensors)" in start


def test_a_tensor_of_another_shape_is_left_on_both_sides(tmp_path):
    given = basicvsr().state_dict() | {"conv_last.bias": torch.zeros(7)}
    _, start = build_generator(BASICVSR, file_of(given, tmp_path), partial=True)
    assert "left at their start: conv_last.bias (1 tensors)" in start
    assert "without a place here: conv_last.bias (1 tensors)" in start


def test_nothing_that_fits_is_an_error(tmp_path):
    path = file_of(Recurrent(FlowNet(2), channels=4, blocks=1).state_dict(), tmp_path)
    with pytest.raises(UserError, match=r"weights\.pth: not one of its \d+ tensors fits"):
        build_generator(BASICVSR, path, partial=True)


def test_what_a_partial_load_leaves_of_a_pretrained_flow_network_stays_pretrained(tmp_path):
    torch.manual_seed(3)
    flow = SPyNet("random").state_dict()
    torch.save(flow, tmp_path / "spynet.pth")
    config = BASICVSR | {"flow": {"_target_": "vsr.motion.SPyNet", "weights": str(tmp_path / "spynet.pth")}}
    without_flow = {name: tensor for name, tensor in basicvsr().state_dict().items() if not name.startswith("spynet.")}
    generator, start = build_generator(config, file_of(without_flow, tmp_path), partial=True)
    assert_close(generator.spynet.state_dict(), flow, rtol=0, atol=0)
    assert "left at their start: spynet (" in start


@pytest.mark.parametrize("partial", [False, True])
def test_weights_without_a_head_go_under_a_latent_head(tmp_path, partial):
    source = basicvsr()
    config = {"_target_": "vsr.generators.Stochastic", "width": 4, "generator": BASICVSR}
    generator, start = build_generator(config, file_of(source.state_dict(), tmp_path), partial)
    assert_close(generator.generator.state_dict(), source.state_dict(), rtol=0, atol=0)
    assert start.endswith("; the latent head starts from scratch)")


def test_weights_with_a_head_fill_the_head_too(tmp_path):
    source = Stochastic(basicvsr(), width=4)
    config = {"_target_": "vsr.generators.Stochastic", "width": 4, "generator": BASICVSR}
    generator, start = build_generator(config, file_of({"params": source.state_dict()}, tmp_path))
    assert_close(generator.state_dict(), source.state_dict(), rtol=0, atol=0)
    assert start.endswith("tensors)")


def test_a_run_says_what_it_started_from(compose, tmp_path, caplog):
    train(compose(*TINY, "trainer.max_steps=2", "trainer.val_every=2", f"output_dir={tmp_path / 'one'}"))
    caplog.set_level(logging.INFO)
    deeper = ["generator.blocks=2", f"init_from={tmp_path / 'one'}", "init_partial=true", "trainer.max_steps=1"]
    train(compose(*TINY, *deeper))
    (line,) = (message for message in caplog.messages if message.startswith("generator starts from"))
    assert "tensors, 2 generator steps; left at their start: backward_trunk.main.2.1, forward" in line
