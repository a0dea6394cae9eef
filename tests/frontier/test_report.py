"""The report's file: what it shows is what was scored and kept, and it needs nothing else."""

import base64
import hashlib
import io
import json
import logging
import re
import shlex
from html.parser import HTMLParser

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from PIL import Image
from scored_runs import CLIPS, FRAMES, SCORES, pictures, write_run, write_runs

from vsr.frontier import trace
from vsr.frontier.report import write_report


class Elements(HTMLParser):
    """Every tag with its attributes, and the text in scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.into = [], {}, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self.into = dict(attributes).get("type", tag)

    def handle_endtag(self, tag):
        self.into = None

    def handle_data(self, text):
        if self.into:
            self.texts[self.into] = self.texts.get(self.into, "") + text


def report(folder, **options):
    """The elements of the report on the runs in ``folder``, and its data."""
    write_report(trace([folder]), folder / "frontier.html", **options)
    elements = Elements((folder / "frontier.html").read_text(encoding="utf-8"))
    return elements, json.loads(elements.texts["application/json"])


def decoded(uri):
    start = "data:image/webp;base64,"
    assert uri.startswith(start)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri[len(start) :]))).convert("RGB"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return write_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def made(runs):
    return report(runs)


def test_every_point_has_its_scores_and_weights(made):
    points = {point["label"]: point for point in made[1]["points"]}
    assert list(points) == ["pixel", "middle", "beaten", "gan"]  # from least to most distortion
    assert points["middle"]["values"] == {"psnr_y": 29.0, "lpips": 0.2, "patch_kid": 0.05}
    assert points["middle"]["weights"] == {"pixel": 1.0, "adversarial": 0.01}
    assert "patch_kid" not in points["gan"]["values"]
    assert [axis["metric"] for axis in made[1]["metrics"]] == ["psnr_y", "lpips", "patch_kid"]
    assert made[1]["axes"] == ["psnr_y", "lpips"] and made[1]["weights"] == ["adversarial"]


def test_stills_are_the_crop_of_the_frame_that_was_kept(made):
    for clip, shown in zip(CLIPS, made[1]["clips"], strict=True):
        assert (shown["name"], shown["frame"], shown["side"]) == (clip, FRAMES // 2, 16)
        stills = {point["label"]: point["pictures"][clip]["still"] for point in made[1]["points"]}
        stills |= {"bicubic": shown["bicubic"]["still"], "HR": shown["hr"]["still"]}
        for version, still in stills.items():
            assert np.array_equal(decoded(still), pictures(version, clip)[FRAMES // 2, :16, :16])


def test_films_are_the_frames_one_below_the_other(made):
    for version in ("middle", "HR"):
        points = {point["label"]: point["pictures"]["walk"] for point in made[1]["points"]}
        film = (points | {"HR": made[1]["clips"][1]["hr"]})[version]["film"]
        assert (film["frames"], film["milliseconds"]) == (FRAMES, 40)
        means = decoded(film["src"]).reshape(FRAMES, 16, 16, 3).mean((1, 2, 3))
        assert means == pytest.approx(pictures(version, "walk").mean((1, 2, 3)), abs=2)  # lossy, twice


def test_films_of_clips_that_stand_still_for_a_while_stay_in_step(made, tmp_path):
    assert Image.open(write_runs(tmp_path) / "pixel" / "media" / "city" / "HR.webp").n_frames < FRAMES
    assert {point["pictures"][clip]["film"]["frames"] for point in made[1]["points"] for clip in CLIPS} == {FRAMES}


def test_the_crop_is_cut_from_where_it_lies(tmp_path):
    write_run(tmp_path / "pixel", "pixel")
    file = tmp_path / "pixel" / "results.json"
    record = json.loads(file.read_text())
    frame = np.random.default_rng(0).integers(256, size=(48, 48, 3), dtype=np.uint8)
    Image.fromarray(frame).save(tmp_path / "pixel" / record["media"]["city"]["stills"]["sr"])
    record["media"]["city"]["crop"] = {"top": 5, "left": 20, "side": 16}
    file.write_text(json.dumps(record))
    still = report(tmp_path)[1]["points"][0]["pictures"]["city"]["still"]
    assert np.array_equal(decoded(still), frame[5:21, 20:36])


def test_points_that_kept_another_crop_show_the_same_one_without_moving(tmp_path):
    write_runs(tmp_path, ["pixel", "gan"])
    file = tmp_path / "gan" / "results.json"
    record = json.loads(file.read_text())
    record["media"]["city"]["crop"]["left"] = 8
    file.write_text(json.dumps(record))
    point = report(tmp_path)[1]["points"][1]
    assert decoded(point["pictures"]["city"]["still"]).shape == (16, 16, 3)
    assert point["pictures"]["city"]["film"] is None and point["pictures"]["walk"]["film"]


def test_points_that_kept_another_frame_are_not_shown_beside_this_one(tmp_path):
    write_runs(tmp_path, ["pixel", "gan"])
    file = tmp_path / "gan" / "results.json"
    record = json.loads(file.read_text())
    record["media"]["city"]["frame"] = 0
    file.write_text(json.dumps(record))
    data = report(tmp_path)[1]
    assert list(data["points"][1]["pictures"]) == ["walk"]
    assert "gan is not shown in clip city: it kept another frame than pixel." in data["notes"]


def test_pictures_that_are_gone_are_named_and_the_rest_is_shown(tmp_path, caplog):
    write_runs(tmp_path, ["pixel", "gan"])
    (tmp_path / "pixel" / "media" / "city" / "sr.png").unlink()
    with caplog.at_level(logging.WARNING):
        data = report(tmp_path)[1]
    assert [list(point["pictures"]) for point in data["points"]] == [["walk"], ["city", "walk"]]
    assert any("pixel is not shown in clip city" in note and "sr.png" in note for note in data["notes"])
    assert "pixel is not shown in clip city" in caplog.text


def test_runs_without_pictures_have_a_report(tmp_path):
    data = report(write_runs(tmp_path, media=None))[1]
    assert len(data["points"]) == len(SCORES) and data["clips"] == []


@pytest.mark.parametrize(
    ("share", "moving", "note"),
    [(0.9, [True, False], "Clip walk does not move"), (0.6, [True], "Clip walk is not shown")],
)
def test_what_does_not_fit_is_left_out_and_said(runs, made, caplog, share, moving, note):
    uris = re.findall(r"data:image/webp;base64,([^\"]*)", json.dumps(made[1]))
    limit = round(share * sum(len(base64.b64decode(uri)) for uri in uris))
    with caplog.at_level(logging.WARNING):
        data = report(runs, limit=limit)[1]
    assert [bool(clip["hr"]["film"]) for clip in data["clips"]] == moving
    assert note in caplog.text and any(note in line for line in data["notes"])


def test_text_in_the_data_is_no_part_of_the_page(tmp_path):
    label = "</script><script>alert(1)</script><!-- &lt;"
    write_run(tmp_path / "runs" / "a", "pixel")
    write_run(tmp_path / "runs" / "b", "gan", dataset="vid4", checkpoint=label)
    record = json.loads((tmp_path / "runs" / "b" / "results.json").read_text())
    record["loss_weights"] = {label: 1.0}
    (tmp_path / "runs" / "b" / "results.json").write_text(json.dumps(record))
    elements, data = report(tmp_path / "runs")
    assert [tag for tag, _ in elements.tags].count("script") == 2
    assert data["points"][1]["weights"] == {label: 1.0}


def test_the_file_asks_for_nothing_and_runs_only_its_own_script(made):
    elements = made[0]
    assert not [tag for tag, attributes in elements.tags if {"src", "href", "srcset", "style"} & set(attributes)]
    assert "url(" not in elements.texts["style"] and "@import" not in elements.texts["style"]
    policy = next(a["content"] for _, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy")
    digests = {
        name: base64.b64encode(hashlib.sha256(elements.texts[text].encode()).digest()).decode()
        for name, text in (("style", "style"), ("script", "module"))
    }
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digests['style']}'; "
        f"script-src 'sha256-{digests['script']}'"
    )


def test_the_command_upscales_with_the_points_own_checkpoint(tmp_path):
    write_run(tmp_path / "pixel", "pixel")
    write_run(tmp_path / "drawn", "gan", temperature=0.3, checkpoint="runs/drawn")
    first, second = [shlex.split(point["use"]["command"]) for point in report(tmp_path)[1]["points"]]
    run = tmp_path / "pixel"
    assert first == ["python", "evaluate.py", f"ckpt={run}", "input=in.mp4", "output=out.mp4"]
    assert second[2:4] == ["ckpt=runs/drawn", "temperature=0.3"]


@pytest.mark.parametrize("name", ["adv=0.1", "it's", "a (2)", "[x]", "größe", "a,b", "plain"])
def test_hydra_takes_the_command_whatever_a_run_is_called(tmp_path, name):
    write_run(tmp_path / name, "pixel", temperature=0.3)
    ends = [str(tmp_path / name), f"runs/{name}"]
    curve = {"name": "outputs interpolation", "of": ends, "parameter": "alpha", "value": 1 / 3}
    write_run(tmp_path / "middle", "middle", curve=curve, checkpoint=None, temperature=0.3)
    commands = [shlex.split(point["use"]["command"])[2:] for point in report(tmp_path)[1]["points"]]
    overrides = [
        {override.key_or_group: override for override in OverridesParser.create().parse_overrides(command)}
        for command in commands
    ]
    assert not any(override.is_sweep_override() for of in overrides for override in of.values())
    one, two = ({key: override.value() for key, override in of.items()} for of in overrides)
    assert (one["ckpt"], one["temperature"]) == (str(tmp_path / name), 0.3)
    assert (two["ckpt"], two["temperature"]) == (ends, 0.3)
    assert two["alphas"] == pytest.approx(1 / 3, abs=1e-9)


def test_points_of_a_curve_are_told_from_trained_ones(tmp_path):
    write_run(tmp_path / "pixel", "pixel")
    for alpha, label in ((1.0, "gan"), (0.5, "middle")):
        curve = {"name": "weights interpolation", "of": ["runs/a", "runs/b"], "parameter": "alpha", "value": alpha}
        write_run(tmp_path / f"alpha_{alpha}", label, curve=curve, loss_weights=None, checkpoint=None)
    data = report(tmp_path)[1]
    labels = [point["label"] for point in data["points"]]
    (curve,) = data["curves"]
    assert curve["name"] == "weights interpolation"
    assert [labels[number] for number in curve["points"]] == ["weights alpha=0.5", "weights alpha=1"]
    command = shlex.split(data["points"][curve["points"][0]]["use"]["command"])
    assert command[1:] == ["-m", "vsr.export", "ckpt=[runs/a,runs/b]", "alpha=0.5", "output=generator.safetensors"]
