"""The table for a paper: what is in it, what is bold, and that both languages can be read."""

import io
import re

import pytest
from rich.console import Console

from vsr.inference.console_table import print_comparison
from vsr.inference.paper_table import latex, markdown
from vsr.inference.sheet import MOST_CLIPS, sheet

CLIPS = {"city": {"psnr_y": 27.0, "lpips": 0.2}, "a|b_c": {"psnr_y": 31.0, "lpips": 0.1}}
WORSE = {"city": {"psnr_y": 27.001, "lpips": 0.3}, "a|b_c": {"psnr_y": 30.0, "lpips": 0.1}}


def record(clips=CLIPS, **others):
    """As `results_record` makes it; bicubic scores 20 dB and 0.5 throughout."""
    mean = {metric: sum(clip[metric] for clip in clips.values()) / len(clips) for metric in ("psnr_y", "lpips")}
    bicubic = {"psnr_y": 20.0, "lpips": 0.5}
    between = {metric: (value - 1, value + 1) for metric, value in mean.items()}
    intervals = {"level": 0.95, "draws": 2000, "seed": 0, "metrics": between}
    intervals["baseline"] = {"bicubic": {"psnr_y": (19.0, 21.0), "lpips": (0.4, 0.6)}}
    return {
        "dataset": "vid4",
        "protocol": "vid4-y",
        "scale": 4,
        "degradation": "bicubic",
        "generator": "BasicVSR",
        "metrics": mean,
        "refused": {},
        "intervals": intervals if len(clips) > 1 else None,
        "clips": clips,
        "frames": dict.fromkeys(clips, 10),
        "baseline": {"bicubic": bicubic},
        "baseline_clips": {"bicubic": dict.fromkeys(clips, bicubic)},
        "random_weights": [],
        **others,
    }


def rows(text):
    """Cells of each line of a Markdown table."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_of_a_curve_the_caption_says_between_what():
    curve = {"name": "outputs interpolation", "of": ["runs/a_b", "runs/c"], "parameter": "alpha", "value": 0.5}
    made = sheet({"outputs_0.5": record(curve=curve)})
    assert "Outputs interpolation: alpha = 0 is runs/a_b, alpha = 1 runs/c." in made.caption
    assert r"runs/a\_b" in latex(made)


def test_markdown_has_every_clip_and_method_and_the_best_in_bold():
    table = rows(markdown(sheet({"mine": record(), "other_one": record(WORSE)})))
    assert table[0] == ["clip", "method", "PSNR-Y ↑ (dB)", "LPIPS ↓"]
    assert table[2:] == [
        ["city", "bicubic", "20.00", "0.5000"],
        ["", "mine", "**27.00**", "**0.2000**"],
        ["", r"other\_one", "**27.00**", "0.3000"],  # as good in the digits that are printed
        [r"a\|b\_c", "bicubic", "20.00", "0.5000"],
        ["", "mine", "**31.00**", "**0.1000**"],
        ["", r"other\_one", "30.00", "**0.1000**"],
        ["mean", "bicubic", "20.00<br>[19.00, 21.00]", "0.5000<br>[0.4000, 0.6000]"],
        ["", "mine", "**29.00**<br>[28.00, 30.00]", "**0.1500**<br>[-0.8500, 1.1500]"],
        ["", r"other\_one", "28.50<br>[27.50, 29.50]", "0.2000<br>[-0.8000, 1.2000]"],
    ]


def test_the_caption_says_what_was_done():
    caption = sheet({"mine": record(refused={"fvd": "fvd needs more clips."}, random_weights=["metrics"])}).caption
    assert caption.startswith("vid4 · ×4 bicubic · protocol vid4-y (papers: psnr_y and ssim_y): 8 bits, no border")
    for part in (
        "all frames",
        "2 clips, 20 frames",
        "95 % intervals by bootstrap over clips (2000 draws, seed 0)",
        "Left out: fvd needs more clips.",
        "RANDOM weights, for tests only, in mine: metrics",
    ):
        assert part in caption


def test_cost_stands_beside_the_mean():
    cost = {"seconds_per_frame": 0.0123, "peak_memory_bytes": 3 * 2**20, "device": "cpu (x86_64, 1 thread)"}
    table = sheet({"mine": record(parameters=6_291_311, cost=cost)})
    assert table.headings[-3:] == ["parameters", "s / frame", "MiB"]
    mean = {row.method: [cell.text for cell in row.cells[-3:]] for row in table.blocks[-1].rows}
    assert mean == {"bicubic": ["–", "–", "–"], "mine": ["6.29 M", "0.0123", "3"]}
    assert "on cpu (x86_64, 1 thread)" in table.caption


def test_metrics_of_the_set_alone_have_no_value_for_a_clip():
    first = record({"city": CLIPS["city"]})
    first["metrics"] = {**first["metrics"], "patch_kid": 0.01}
    first["baseline"] = {"bicubic": {"psnr_y": 20.0, "lpips": 0.5, "patch_kid": 0.09}}
    table = sheet({"mine": first})
    last = {block.title: [row.cells[-1].text for row in block.rows] for block in table.blocks}
    assert last == {"city": ["–", "–"], "mean": ["0.0900", "0.0100"]}


def test_one_clip_is_told_once_and_of_many_the_mean_alone():
    assert [block.title for block in sheet({"mine": record({"city": CLIPS["city"]})}).blocks] == ["city"]
    many = {f"clip{number}": CLIPS["city"] for number in range(MOST_CLIPS + 1)}
    assert [block.title for block in sheet({"mine": record(many)}).blocks] == ["mean"]


@pytest.mark.parametrize("name", ["50%_of&it", r"a\b~c^{d}#$"])
def test_latex_is_escaped_and_whole(name):
    text = latex(sheet({name: record()}))
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    rows = [line for line in body if line.endswith(r"\\")]
    bare = [re.sub(r"\\[&%#$_{}]|\\textbackslash\{\}|\\textascii\w+\{\}", "", line) for line in rows]
    columns = len(re.search(r"\{tabular\}\{(l+r+)\}", text)[1])
    assert {line.count("&") for line in bare} == {columns - 1}
    assert not any(set("#%~^") & set(line) for line in bare)
    assert r"\textbf{31.00}" in text and r"{\scriptsize [28.00, 30.00]}" in text and r"$\uparrow$" in text


@pytest.mark.parametrize("methods", [2, 9])
@pytest.mark.parametrize("width", [60, 200])
def test_the_comparison_in_a_terminal_breaks_no_number_however_narrow(methods, width):
    records = {f"method_{number}": record(cost=None) for number in range(methods)}
    out = io.StringIO()
    print_comparison(sheet(records), records, Console(file=out, width=width))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert len(re.findall(r"│ +29\.00 ", text)) == len(re.findall(r"│ +0\.1500 ", text)) == methods
    assert all(re.search(rf"[┃│] {name} ", text) for name in records)
