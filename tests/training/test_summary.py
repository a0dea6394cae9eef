"""What a run says of itself before it starts."""

import logging

from tests.conftest import TINY, TINY_ADVERSARIAL
from vsr.motion import SPyNet
from vsr.training.run import train
from vsr.training.summary import aligned


def said(compose, caplog, *overrides):
    caplog.set_level(logging.INFO)
    train(compose(*overrides, "trainer.max_steps=1", "trainer.val_every=1"))
    text = next(r.getMessage() for r in caplog.records if r.getMessage().startswith("network"))
    return {line.strip().split("  ")[0]: line for line in text.splitlines() if line}


def test_networks_weights_and_batch_are_all_there(compose, caplog, monkeypatch):
    monkeypatch.setattr(SPyNet, "pretrained", True)
    rows = said(
        compose,
        caplog,
        *TINY_ADVERSARIAL,
        "discriminator.temporal.weight=0.5",
        "loss.adversarial.weight={value: 0.05, start: 3, ramp: 10}",
        "optimizer.accumulate=2",
        "data.batch_size=2",
    )
    # VGG16's trunk to its last convolution: the published 14.71 M without the three dense layers.
    assert "14.71" in rows["vgg16"] and "frozen, random weights, read by perceptual" in rows["vgg16"]
    assert "1.44" in rows["of these, flow"] and "frozen for 5000 generator steps" in rows["of these, flow"]
    assert rows["discriminator temporal"].endswith("weight 0.5")
    assert rows["pixel"].split() == ["pixel", "1"]
    assert rows["adversarial"].endswith("0.05  from generator step 3, rising over 10 steps")
    assert "4 clips = 1 devices × 2 accumulated × 2 in a batch" in rows["step"]
    assert "0.999" in rows["validated"] and "cpu, 32-true" in rows["device"]


def test_what_is_not_there_is_not_named(compose, caplog):
    rows = said(compose, caplog, *TINY, "optimizer.ema_decay=null", "optimizer.flow_lr_factor=0")
    assert not [name for name in rows if name.startswith("discriminator")] and "vgg16" not in rows
    assert rows["of these, flow"].endswith(" frozen") and "as trained" in rows["validated"]


def test_columns_are_aligned():
    assert aligned([("a", "b"), ("long", "b"), ("c", "")]) == "a     b\nlong  b\nc"
