"""The composed config: what a weight may be, and when a term sets in; and how a command ends."""

import errno
import os
import re

import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from torch._utils import ExceptionWrapper

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.resolvers import pixel_phase


def test_perceptual_terms_wait_for_two_thirds_of_a_run_from_scratch(compose):
    cfg = compose("loss=perceptual_adv", "trainer.max_steps=900")
    assert cfg.loss.perceptual.weight.start == cfg.loss.adversarial.weight.start == 600


def test_from_trained_weights_they_set_in_at_once(compose):
    assert compose("loss=perceptual_adv", "init_from=runs/pixel").loss.adversarial.weight.start == 0
    assert pixel_phase(900, "runs/pixel") == 0


def test_a_number_replaces_a_schedule(compose):
    assert compose("loss=perceptual_adv", "loss.adversarial.weight=0.01").loss.adversarial.weight == 0.01


@pytest.mark.parametrize("loss", ["pixel", "perceptual", "perceptual_adv", "full"])
@pytest.mark.parametrize("trainer", ["auto", "cpu", "gpu", "ddp", "ddp_cpu"])
def test_every_shipped_stack_composes_with_every_trainer(compose, loss, trainer):
    cfg = compose(f"loss={loss}", f"trainer={trainer}")
    assert cfg.loss.pixel.weight == 1.0 and cfg.trainer.max_steps > 0


@pytest.mark.parametrize(
    "argument",
    [
        "trainer.precision=bf16-mixed",
        "trainer.precision=32",
        "trainer.devices=auto",
        "trainer.devices=2",
        "loss.kl.weight=0.1",
        "data.max_val_frames=null",
        "optimizer.ema_decay=0",
        "seed=7",
    ],
)
def test_a_value_of_its_defaults_kind_is_taken(outcome, argument):
    assert outcome("loss=full", argument) is None


def test_a_run_in_half_precision_is_to_be_had_from_the_command_line(outcome, tmp_path):
    from vsr.training.run import train

    assert outcome(*TINY, "trainer.precision=bf16-mixed", "trainer.max_steps=1", task=train) is None
    assert (tmp_path / "run" / "results.json").is_file()


@pytest.mark.parametrize("argument", ["output_dir=my runs (1)", "output_dir", "data.root=a]"])
def test_what_cannot_be_read_is_answered_with_how_to_quote_it(outcome, argument):
    assert outcome(argument).startswith(f"error: {argument}: expected KEY=VALUE. Spaces, brackets")
    assert outcome('output_dir="my runs (1)"') is None


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("trainer.max_steps=2.5", "trainer.max_steps=2.5: expected a whole number, as in the default"),
        ("trainer.max_steps=1e1", "trainer.max_steps=10.0: expected a whole number"),
        ("trainer.max_steps=many", "trainer.max_steps='many': expected a number"),
        ("loss.kl.weight=much", "loss.kl.weight='much': expected a number"),
        ("compile=1", "compile=1: expected true or false"),
        ("seed=-1", "seed=-1: expected a number from 0 to 4294967295"),
        ("seed=4294967296", "seed=4294967296: expected a number from 0 to 4294967295"),
    ],
)
def test_a_value_of_another_kind_is_refused(outcome, argument, message):
    assert message in outcome("loss=full", argument)


def failing(error, cause=None):
    def task(cfg):
        raise error from cause

    return task


def test_a_bug_met_while_handling_a_users_error_is_not_taken_for_it(outcome):
    def task(cfg):
        try:
            raise UserError("the user's")
        except UserError:
            return {}["ours"]

    with pytest.raises(KeyError, match="ours"):
        outcome(task=task)


def test_the_users_error_behind_another_is_told(outcome):
    assert outcome(task=failing(RuntimeError("outer"), UserError("the user's"))) == "error: the user's"


def test_of_a_data_workers_error_the_message_alone_is_told(outcome):
    try:
        raise UserError("0002.png: not a picture") from OSError("UserError: a word of the traceback")
    except UserError:
        wrapped = ExceptionWrapper(where="in DataLoader worker process 0")

    assert outcome(task=lambda cfg: wrapped.reraise()) == "error: 0002.png: not a picture"


def test_another_output_folder_is_advised_only_where_it_helps(outcome, tmp_path):
    def error(number, path):
        return OSError(number, os.strerror(number), str(path))

    advice = "choose another place with output_dir=DIR"
    for number, path in ((errno.ENOSPC, tmp_path / "run" / "x"), (errno.EACCES, "run/checkpoints/last.ckpt")):
        assert advice in outcome(task=failing(error(number, path)))
    for number, path in ((errno.EACCES, tmp_path / "data" / "x.png"), (errno.ENOENT, tmp_path / "run" / "x")):
        assert outcome(task=failing(error(number, path))) == f"error: {path}: {os.strerror(number)}"
    (tmp_path / "file").touch()
    assert advice in outcome("output_dir=file/run")


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"optimiser": {"_target_": "math.sqrt", "_args_": [-1]}}, "error: optimiser: math domain error"),
        ({"optimiser": {"_target_": "math.cbrt3"}}, "error: optimiser: "),
        ({"optimiser": {"_target_": "fractions.Fraction", "width": 3}}, "error: optimiser: .*argument 'width'"),
    ],
)
def test_a_mistake_in_the_config_is_told_with_its_key(outcome, config, line):
    assert re.match(line, outcome(task=lambda cfg: instantiate(config)))


def test_a_defect_in_what_the_config_builds_keeps_its_traceback(outcome):
    config = {"ratio": {"_target_": "operator.truediv", "_args_": [1, 0]}}
    with pytest.raises(InstantiationException) as raised:
        outcome(task=lambda cfg: instantiate(config))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_schedule_can_be_written_on_the_command_line_for_every_term(compose):
    schedule = "{value: 0.01, start: 1000, ramp: 500}"
    for term in ("pixel", "perceptual", "adversarial", "style", "warping", "temporal_feature", "video_perceptual"):
        weight = compose("loss=full", f"loss.{term}.weight={schedule}").loss[term].weight
        assert dict(weight) == {"value": 0.01, "start": 1000, "ramp": 500}
