"""results.json and the table of it in the terminal."""

import io
import json

import pytest
from rich.console import Console

from vsr.inference.console_table import print_table
from vsr.inference.evaluator import ClipResult
from vsr.inference.results import config_hash, random_weights, results_record, write_json
from vsr.metrics import ClipScorer, ClipScores, SetScores


def clip(name, bicubic, sr):
    """A clip of two frames whose scores are as far above as below their mean."""
    values = [{metric: [mean - 0.01, mean + 0.01] for metric, mean in means.items()} for means in (bicubic, sr)]
    return ClipResult(name, dict(zip(("bicubic", "SR"), (ClipScores((0, 1), each) for each in values), strict=True)))


RESULTS = [
    clip("city", {"psnr_y": 25.0, "lpips": 0.4}, {"psnr_y": 27.0, "lpips": 0.2}),
    clip("walk", {"psnr_y": 33.0, "lpips": 0.2}, {"psnr_y": 31.0, "lpips": 0.1}),
]
OVER = {
    "bicubic": SetScores({"psnr_y": 29.0, "lpips": 0.3}, {}),
    "SR": SetScores({"psnr_y": 29.0, "lpips": 0.15}, {"fvd": "fvd needs more."}),
}
ABOUT = {"dataset": "vid4", "protocol": "plain", "scale": 4, "degradation": "bicubic", "generator": "BasicVSR"}


def record(results=RESULTS, over=OVER, **about):
    return results_record("SR", results, over, {**ABOUT, **about})


def printed(record, **options):
    out = io.StringIO()
    print_table(record, Console(file=out, width=160, **options))
    return out.getvalue()


def test_the_record_has_the_set_the_clips_and_the_baseline():
    content = record()
    assert content["schema"] == 1 and content["dataset"] == "vid4"
    assert content["metrics"] == {"psnr_y": 29.0, "lpips": 0.15}
    assert content["baseline"]["bicubic"] == {"psnr_y": 29.0, "lpips": 0.3}
    assert content["clips"]["walk"] == pytest.approx({"psnr_y": 31.0, "lpips": 0.1})
    assert content["baseline_clips"]["bicubic"]["city"] == pytest.approx({"psnr_y": 25.0, "lpips": 0.4})
    assert content["frames"] == {"city": 2, "walk": 2}
    assert content["refused"] == {"fvd": "fvd needs more."}
    assert json.loads(json.dumps(content))["intervals"]["metrics"]["psnr_y"] == pytest.approx([27.0, 31.0])


def test_one_clip_has_no_interval_and_none_has_no_scores():
    assert record(RESULTS[:1])["intervals"] is None
    assert record([])["metrics"] == record([])["clips"] == {}


def test_the_table_says_which_way_is_better():
    text = printed(record(), force_terminal=True, color_system="standard")
    assert "psnr_y ↑" in text and "lpips ↓" in text and "protocol plain" in text
    green, red = "\x1b[32m", "\x1b[31m"
    assert f"{green}+2.00 (+8.0%)" in text  # city gained PSNR-Y
    assert f"{red}-2.00 (-6.1%)" in text  # walk lost some
    assert f"{green}-0.2000 (-50.0%)" in text  # lower LPIPS is better


def test_the_table_says_what_was_left_out():
    assert "left out: fvd needs more." in printed(record())


def test_of_many_clips_only_the_mean_is_printed():
    many = [clip(f"clip{number}", {"psnr_y": 25.0}, {"psnr_y": 26.0}) for number in range(100)]
    assert "clip7" not in printed(record(many)) and "mean" in printed(record(many))


def test_random_weights_are_owned_up_to():
    config = {
        "loss": {"perceptual": {"network": {"weights": "random"}}},
        "generator": {"flow": {"weights": "file.pth"}},
    }
    key = "loss.perceptual.network.weights"
    assert random_weights(config, ClipScorer(["psnr"])) == [key]
    assert random_weights(config, ClipScorer(["lpips"], weights="random")) == [key, "metrics"]
    assert random_weights(None, ClipScorer([])) == []
    assert f"RANDOM weights, for tests only: {key}" in printed(record(random_weights=[key]))


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
