import csv
import json
from itertools import combinations

import pytest
from hand_made import curve, scores, weights, write_record
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text
from PIL import Image

from vsr.errors import UserError
from vsr.frontier import trace
from vsr.frontier.command import main
from vsr.frontier.picture import draw

POINTS = {  # λ of the adversarial term, PSNR-Y, LPIPS, patch KID; the third is dominated
    "pixel": (0, 30.0, 0.30, 0.20),
    "mild": (0.001, 29.5, 0.20, 0.15),
    "beaten": (0.01, 29.0, 0.25, 0.16),
    "gan": (0.1, 28.0, 0.10, 0.05),
}


@pytest.fixture
def sweep(tmp_path):
    """Four trained points and a curve of three; all have intervals."""
    for name, (weight, psnr_y, lpips, kid) in POINTS.items():
        write_record(
            tmp_path / "sweep" / name,
            scores(psnr_y, lpips, patch_kid=kid, tof=0.3),
            spread=0.01,
            loss_weights=weights(**({"adversarial": weight} if weight else {})),
            training_seconds=900.0,
            intervals={"metrics": {"psnr_y": [psnr_y - 0.01, psnr_y + 0.01], "lpips": [lpips - 0.01, lpips + 0.01]}},
        )
    for alpha in (0.25, 0.5, 0.75):
        values = scores(30 - 2 * alpha, round(0.3 - 0.2 * alpha, 6), patch_kid=0.2 - 0.1 * alpha, tof=0.3)
        write_record(tmp_path / "sweep" / f"alpha_{alpha}", values, curve=curve(alpha), training_seconds=1800.0)
    return tmp_path / "sweep"


def written(folder):
    return json.loads((folder / "frontier.json").read_text())


def test_the_command_writes_all_that_it_prints(sweep, capsys):
    main([str(sweep)])
    content, printed = written(sweep), capsys.readouterr().out
    assert [axis["metric"] for axis in content["axes"]] == ["psnr_y", "lpips"]
    assert [axis["higher_is_better"] for axis in content["axes"]] == [True, False]
    assert {point["label"] for point in content["points"] if not point["on_frontier"]} == {
        "beaten",
        "weights alpha=0.25",
        "weights alpha=0.5",
    }
    assert content["reference"] == {"name": "bicubic", "values": {"psnr_y": 26.0, "lpips": 0.4}}
    area = 4 * 0.1 + 3.5 * 0.1 + 2.5 * 0.05 + 2 * 0.05
    assert content["hypervolume"] == pytest.approx(area)
    assert content["hypervolume_per_hour"] == pytest.approx(area / (4 * 900 + 1800) * 3600)
    assert content["hypervolume_interval"][0] < area < content["hypervolume_interval"][1]
    assert [road["name"] for road in content["roads"]] == ["training", "weights interpolation"]
    assert content["spearman"]["adversarial"] == {"psnr_y": pytest.approx(-1), "lpips": pytest.approx(-0.8)}
    assert content["hull_gap"]["largest"] > 0
    assert content["widest_step"] == {"from": "mild", "to": "weights alpha=0.75", "share": pytest.approx(0.5)}
    assert (sweep / content["points"][0]["results"]).is_file()
    for text in ("pixel", "weights alpha=0.75", "bicubic", "[0.0900, 0.1100]", "Spearman", "hull", "Note: "):
        assert text in printed
    assert (sweep / "frontier.html").is_file()


def test_the_csv_has_a_line_a_point_and_a_column_a_metric_and_weight(sweep):
    main([str(sweep), "--no-html"])
    with (sweep / "frontier.csv").open(newline="") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert list(rows) == [point["label"] for point in written(sweep)["points"]]
    assert rows["gan"]["weight.adversarial"] == "0.1"
    assert rows["pixel"]["weight.adversarial"] == "0.0"
    assert rows["weights alpha=0.5"]["weight.adversarial"] == ""
    assert rows["weights alpha=0.5"]["parameter_value"] == "0.5"
    assert float(rows["gan"]["patch_kid"]) == 0.05  # all metrics, not only those of the axes
    assert float(rows["gan"]["lpips_low"]) == pytest.approx(0.09)
    assert rows["beaten"]["on_frontier"] == "False"


def test_names_are_printed_as_they_are_and_roads_of_one_kind_are_told_apart(tmp_path, capsys):
    write_record(tmp_path / "g[b]3", scores(30, 0.3))
    for number, gan in enumerate(("monday/[i]", "tuesday/[i]")):
        for alpha in (0, 1):
            ends = [f"runs/{gan}/checkpoints/last.ckpt", "runs/pixel"]
            write_record(tmp_path / f"{number}{alpha}", scores(29 - alpha, 0.2), curve=curve(alpha, of=ends))
    main([str(tmp_path), "--no-html"])
    assert [road["name"] for road in written(tmp_path)["roads"]] == [
        "training",
        "weights interpolation of monday/[i], pixel",
        "weights interpolation of tuesday/[i], pixel",
    ]
    printed = " ".join(capsys.readouterr().out.split())
    assert "g[b]3" in printed and "monday/[i]" in printed


def test_the_weights_of_a_training_are_those_of_its_points_at_any_temperature(tmp_path, capsys):
    write_record(tmp_path / "pixel", scores(30, 0.3), loss_weights=weights())
    write_record(tmp_path / "gan", scores(29, 0.2), loss_weights=weights(adversarial=0.0123))
    drawn = {"name": "temperature", "of": ["runs/gan"], "parameter": "temperature", "value": 0.5}
    write_record(tmp_path / "drawn", scores(28, 0.1), loss_weights=weights(adversarial=0.0123), curve=drawn)
    main([str(tmp_path), "--no-html"])
    assert capsys.readouterr().out.count("0.0123") == 2
    with (tmp_path / "frontier.csv").open(newline="") as file:
        assert [row["weight.adversarial"] for row in csv.DictReader(file)] == ["0.0", "0.0123", "0.0123"]


@pytest.mark.parametrize(("axes", "size"), [([], (1200, 900)), (["--z", "patch_kid"], (3600, 900))])
def test_the_picture_has_a_panel_for_each_two_axes(sweep, tmp_path, axes, size):
    main([str(sweep), "--no-html", "--output", str(tmp_path / "there"), *axes])
    assert Image.open(tmp_path / "there" / "frontier.png").size == size
    assert not (tmp_path / "there" / "frontier.html").exists()
    assert not (sweep / "frontier.png").exists()


def test_in_the_picture_dominated_points_are_hollow_and_all_are_named_legibly(sweep):
    figure = draw(trace([sweep]))
    panel = figure.axes[0]
    marks = [line for line in panel.lines if line.get_marker() in ("o", "D")]
    assert sum(line.get_markerfacecolor() == "white" for line in marks) == 3
    assert len(marks) == 7
    assert len({str(line.get_color()) for line in marks if line.get_marker() == "o"}) == 4  # λ
    assert "better →" in panel.get_xlabel()
    assert "distortion in feature space   ← better" in panel.get_ylabel()
    names = [child for child in panel.get_children() if isinstance(child, Annotation)]
    assert {name.get_text().replace("\n", " ") for name in names} >= {*POINTS, "weights alpha=0.5", "bicubic"}
    assert any("TecoGAN" in name.get_text() for name in names)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [Text.get_window_extent(name, renderer) for name in names]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(panel.bbox.x0 <= box.x0 and box.x1 <= panel.bbox.x1 for box in boxes)


def test_a_frontier_that_takes_up_little_of_the_plane_is_drawn_once_more_from_close_up(tmp_path):
    for label, psnr, lpips in (("pixel", 30.0, 0.20), ("mild", 29.9, 0.18), ("gan", 29.8, 0.17), ("broken", 27, 0.35)):
        write_record(tmp_path / label, scores(psnr, lpips))
    whole, close = draw(trace([tmp_path])).axes
    (low, high), (bottom, top) = close.get_xlim(), close.get_ylim()
    assert (low, high) == pytest.approx((29.75, 30.05))
    assert (bottom, top) == pytest.approx((0.1625, 0.2075))
    assert whole.get_xlim()[0] < 26 < 30 < whole.get_xlim()[1]
    assert _names(close) == {"pixel", "mild", "gan"}
    assert {"broken", "bicubic"} <= _names(whole) and not _names(whole) & _names(close)


def _names(panel):
    return {child.get_text() for child in panel.get_children() if isinstance(child, Annotation)}


def test_the_colour_bar_has_a_place_for_weight_0_below_the_logarithms(sweep):
    bar = draw(trace([sweep])).axes[-1]
    assert "adversarial" in bar.get_ylabel()
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "0.001", "0.01", "0.1"]
    zero, *others = bar.get_yticks()
    assert others == pytest.approx([-3, -2, -1])
    assert zero < -3


def test_a_colour_of_a_term_that_no_point_has_is_refused(sweep):
    with pytest.raises(UserError, match="Did you mean 'adversarial'"):
        draw(trace([sweep]), "adverserial")


def test_points_without_any_weight_are_drawn_too(tmp_path):
    write_record(tmp_path / "asset", scores(30, 0.3))
    figure = draw(trace([tmp_path]))
    assert len(figure.axes) == 1  # no colour bar


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--y", "lpisp"], "error: 'lpisp' is no metric. Did you mean 'lpips'?"),
        (["--reference", "26"], "--reference has 1 values for 2 axes"),
        (["--reference", "bicubc"], "expected bicubic, or a number for each axis"),
        (["--reference", "inf,0.4"], "expected bicubic, or a number for each axis"),
        (["--reference", "26,nan"], "expected bicubic, or a number for each axis"),
        (["--only", "protocol"], "expected KEY=VALUE"),
        (["--outptu", "x"], "--outptu is no option. Did you mean '--output'?"),
        (["--colour", "adverserial"], "Did you mean 'adversarial'?"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_nothing_is_written(sweep, arguments, says):
    with pytest.raises(SystemExit) as stop:
        main([str(sweep), *arguments])
    assert says in stop.value.code
    assert "\n" not in stop.value.code
    assert not list(sweep.glob("frontier.*"))


def test_a_folder_that_cannot_be_written_is_named(sweep, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"error: .*file"):
        main([str(sweep), "--output", str(tmp_path / "file")])


def test_tensorboard_gets_table_and_picture(sweep):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write_record(sweep / "a|b", scores(27, 0.05))
    main([str(sweep), "--no-html", "--log", "tensorboard"])
    board = EventAccumulator(str(sweep / "tensorboard"))
    board.Reload()
    assert "frontier/picture" in board.Tags()["images"]
    (table,) = board.Tensors("frontier/points/text_summary")
    assert b"| gan |" in table.tensor_proto.string_val[0]
    assert rb"| a\|b |" in table.tensor_proto.string_val[0]


@pytest.mark.slow
def test_wandb_gets_table_and_picture_without_a_network(sweep):
    main([str(sweep), "--no-html", "--log", "wandb"])
    (run,) = (sweep / "wandb").glob("offline-run-*")
    media = run / "files" / "media"
    assert len(list(media.rglob("*.png"))) == 1
    (table,) = media.rglob("*.table.json")
    assert "gan" in [row[0] for row in json.loads(table.read_text())["data"]]
