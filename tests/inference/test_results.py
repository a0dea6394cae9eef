"""results.json and its table."""

import io
import json

import pytest
from rich.console import Console

from vsr.inference.evaluator import ClipResult
from vsr.inference.results import config_hash, print_table, random_weights, results_record, write_json

RESULTS = [
    ClipResult("city", {"psnr_y": 27.0, "lpips": 0.2}, {"psnr_y": 25.0, "lpips": 0.4}),
    ClipResult("walk", {"psnr_y": 31.0, "lpips": 0.1}, {"psnr_y": 33.0, "lpips": 0.2}),
]
ABOUT = {"dataset": "vid4", "protocol": "plain", "scale": 4, "degradation": "bicubic", "generator": "BasicVSR"}


def test_the_means_are_over_clips():
    record = results_record(RESULTS, ABOUT)
    assert record["metrics"] == pytest.approx({"psnr_y": 29.0, "lpips": 0.15})
    assert record["baseline"]["bicubic"] == pytest.approx({"psnr_y": 29.0, "lpips": 0.3})
    assert record["clips"]["walk"] == {"psnr_y": 31.0, "lpips": 0.1}


def test_the_table_says_which_way_is_better():
    out = io.StringIO()
    print_table(
        results_record(RESULTS, ABOUT), Console(file=out, width=120, force_terminal=True, color_system="standard")
    )
    text = out.getvalue()
    assert "psnr_y ↑" in text and "lpips ↓" in text and "protocol plain" in text
    green, red = "\x1b[32m", "\x1b[31m"
    assert f"{green}+2.00 (+8.0%)" in text  # city gained PSNR-Y
    assert f"{red}-2.00 (-6.1%)" in text  # walk lost some
    assert f"{green}-0.2000 (-50.0%)" in text  # lower LPIPS is better


def test_random_weights_are_owned_up_to():
    config = {
        "loss": {"perceptual": {"network": {"weights": "random"}}},
        "generator": {"flow": {"weights": "file.pth"}},
    }
    assert random_weights(config) == ["loss.perceptual.network.weights"]
    out = io.StringIO()
    record = results_record(RESULTS, {**ABOUT, "random_weights": random_weights(config)})
    print_table(record, Console(file=out, width=160))
    assert "RANDOM weights, for tests only: loss.perceptual.network.weights" in out.getvalue()


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "results.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_the_hash_follows_what_is_trained_and_not_where():
    config = {"loss": {"pixel": {"weight": 1.0}}, "output_dir": "a"}
    assert config_hash(config) == config_hash({**config, "output_dir": "b"})
    assert config_hash(config) != config_hash({**config, "loss": {"pixel": {"weight": 2.0}}})


def test_the_hash_leaves_out_devices_and_workers_but_not_their_neighbours():
    config = {
        "trainer": {"max_steps": 4, "accelerator": "cpu", "devices": 1},
        "data": {"workers": 0, "crop": 64},
        "generator": {"blocks": 1, "memory": "normal"},
        "memory": "normal",
        "compile": False,
    }
    elsewhere = {
        "trainer": {"max_steps": 4, "accelerator": "gpu", "devices": 8, "num_nodes": 2, "strategy": "ddp"},
        "data": {"workers": 4, "crop": 64},
        "generator": {"blocks": 1, "memory": "low"},
        "memory": "low",
        "compile": True,
    }
    assert config_hash(elsewhere) == config_hash(config)
    for group, key in (("trainer", "max_steps"), ("data", "crop"), ("generator", "blocks")):
        assert config_hash({**config, group: {**config[group], key: 2}}) != config_hash(config), key
