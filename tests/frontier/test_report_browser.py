"""The report in a browser: what a reader sees, clicks, drags and types."""

import dataclasses
import os
import shutil

import pytest
from scored_runs import ON_FRONTIER, SCORES, write_run, write_runs

from vsr.frontier import Published, trace
from vsr.frontier.report import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = os.environ.get("VSR_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium on the PATH, or named by VSR_CHROMIUM"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        # Without its sandbox, which a container often does not allow: the only page it opens is ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def frontier(tmp_path_factory):
    return trace([write_runs(tmp_path_factory.mktemp("runs"))])


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the report on a frontier; afterwards, nothing was asked for but the file, and nothing failed."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))

    def open_report(frontier):
        file = tmp_path / "frontier.html"
        write_report(frontier, file)
        page.goto(file.as_uri())
        page.wait_for_selector(".point.chosen")
        return page

    yield open_report
    page.close()
    assert requests and all(url.startswith(("file:", "data:")) for url in requests)
    assert complaints == []


def data(page):
    return page.evaluate("JSON.parse(document.getElementById('data').textContent)")


def point(page, label):
    return page.locator(f".point[aria-label^='{label}\\a ']")


def source(page, figure):
    return page.locator(f"#{figure} img").get_attribute("src")


def drawn_sources(page):
    """Sources of the three pictures, all of which the browser could decode."""
    widths = page.eval_on_selector_all(
        ".pictures img", "images => Promise.all(images.map(i => i.decode().then(() => i.naturalWidth)))"
    )
    assert widths == [16, 16, 16]
    return [source(page, figure) for figure in ("bicubic", "sr", "hr")]


def expected_sources(page, label, clip, kind):
    shown = next(each for each in data(page)["clips"] if each["name"] == clip)
    own = next(each for each in data(page)["points"] if each["label"] == label)["pictures"][clip]
    pictures = [shown["bicubic"], own, shown["hr"]]
    return [picture["film"]["src"] if kind == "film" else picture["still"] for picture in pictures]


def places(page):
    return page.eval_on_selector_all(".point", "points => points.map(p => p.getAttribute('transform'))")


def test_every_point_is_drawn_where_its_scores_are(opened, frontier):
    page = opened(frontier)
    boxes = {label: point(page, label).locator(".mark").bounding_box() for label in SCORES}
    assert page.locator(".point").count() == len(SCORES)
    assert sorted(boxes, key=lambda label: boxes[label]["x"]) == ["gan", "beaten", "middle", "pixel"]  # by PSNR-Y
    assert sorted(boxes, key=lambda label: -boxes[label]["y"]) == ["gan", "middle", "beaten", "pixel"]  # by LPIPS
    # At scale: PSNR-Y of middle lies half-way between the ends.
    assert 2 * boxes["middle"]["x"] == pytest.approx(boxes["gan"]["x"] + boxes["pixel"]["x"], abs=1)
    assert page.locator(".point.dominated").count() == 1
    assert page.locator("#plot .name").all_text_contents() == ["bicubic"]


def test_a_click_shows_the_points_pictures_beside_bicubic_and_hr(opened, frontier):
    page = opened(frontier)
    for label in SCORES:
        point(page, label).click()
        assert drawn_sources(page) == expected_sources(page, label, "city", "still")
        assert page.locator("#label").text_content() == label
    point(page, "beaten").click()
    assert "dominated: middle" in page.locator("#standing").text_content()


def test_dragging_goes_along_the_frontier_from_distortion_to_perception(opened, frontier):
    page = opened(frontier)
    slider = page.locator("#along")
    assert slider.get_attribute("max") == str(len(ON_FRONTIER) - 1)
    shown = []
    for place in range(len(ON_FRONTIER)):
        slider.fill(str(place))
        shown.append(drawn_sources(page))
    assert shown == [expected_sources(page, label, "city", "still") for label in ON_FRONTIER]
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 4, middle, steps=5)
    page.mouse.up()
    assert page.locator("#label").text_content() == "pixel"


def test_the_keyboard_does_all_that_the_mouse_does(opened, frontier):
    page = opened(frontier)
    page.locator("#along").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#label").text_content() == "middle"
    assert page.locator("#along").get_attribute("aria-valuetext") == "middle"
    point(page, "beaten").focus()
    assert "28.50" in page.locator("#tooltip").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("#label").text_content() == "beaten"


def test_hovering_tells_the_scores_and_the_weights(opened, frontier):
    page = opened(frontier)
    assert page.locator("#tooltip").is_hidden()
    point(page, "gan").hover()
    told = page.locator("#tooltip").inner_text()
    assert all(words in told for words in ("gan", "28.00", "0.1000", "adversarial 0.03", "on the frontier"))


def test_another_axis_moves_the_points(opened, frontier):
    page = opened(frontier)
    before = places(page)
    page.locator("#y").select_option("patch_kid")
    assert page.locator(".point").count() == len(SCORES) - 1  # gan has none
    assert "1 of 4 points" in page.locator("#left-out").text_content()
    assert not set(places(page)) & set(before)
    assert "Perception: how far" in page.locator("#kinds").inner_text()
    page.locator("#x").select_option("patch_kid")  # is taken: the axes change places
    assert (page.locator("#x").input_value(), page.locator("#y").input_value()) == ("patch_kid", "psnr_y")
    page.locator("#along").fill("0")  # distortion comes first all the same
    assert page.locator("#label").text_content() == "pixel"


def test_a_small_frontier_is_shown_from_close_up_until_a_reader_wants_all(opened, frontier):
    page = opened(dataclasses.replace(frontier, bicubic={**frontier.bicubic, "psnr_y": 15.0}))
    assert page.locator("#near").is_checked()
    assert page.locator("#plot .name").count() == 0
    assert page.locator("#left-out").text_content() == "Outside of the close-up: bicubic."
    close = places(page)
    page.locator("#near").uncheck()
    assert page.locator("#plot .name").all_text_contents() == ["bicubic"]
    assert page.locator("#left-out").text_content() == ""
    assert len(places(page)) == len(close) == len(SCORES) and not set(places(page)) & set(close)
    page.locator("#y").select_option("patch_kid")  # another plane, looked at anew
    assert page.locator("#near").is_checked()


def test_clip_and_movement_can_be_chosen(opened, frontier):
    page = opened(frontier)
    page.locator("#clip").select_option("walk")
    assert drawn_sources(page) == expected_sources(page, "pixel", "walk", "still")
    page.locator("#moving").check()
    assert drawn_sources(page) == expected_sources(page, "pixel", "walk", "film")
    image = page.locator("#sr img")
    tall, wide = image.evaluate("i => [i.clientHeight, i.parentElement.clientHeight]")
    assert tall == 5 * wide  # a frame in sight
    animations = page.evaluate("document.getAnimations().map(a => [a.effect.getTiming().duration, a.startTime])")
    assert len(animations) == 3 and [duration for duration, _ in animations] == [200] * 3
    assert len({start for _, start in animations}) == 1  # in step


def test_colours_follow_the_chosen_weight(opened, tmp_path):
    for number, label in enumerate(SCORES):
        weights = {"adversarial": 0.01 * number, "perceptual": 0.1 * (number % 2)}
        write_run(tmp_path / label, label, loss_weights=weights)
    page = opened(trace([tmp_path]))
    colours = "points => points.map(p => getComputedStyle(p).color)"
    before = page.eval_on_selector_all(".point", colours)
    assert len(set(before)) == len(SCORES)
    page.get_by_label("Weight that colours show").select_option("perceptual")
    assert len(set(page.eval_on_selector_all(".point", colours))) == 2


def test_published_points_and_intervals_are_drawn(opened, frontier):
    points = [dataclasses.replace(point, intervals={"psnr_y": (27.0, 31.0)}) for point in frontier.points]
    published = Published("TecoGAN", {"psnr_y": 27.0, "lpips": 0.35}, ("city", "walk"), "a paper")
    page = opened(dataclasses.replace(frontier, points=tuple(points), published=(published,)))
    assert sorted(page.locator("#plot .name").all_text_contents()) == ["TecoGAN", "bicubic"]
    assert "published" in page.locator("#legend").inner_text()
    page.locator("#plot .other").nth(1).hover()
    assert all(words in page.locator("#tooltip").inner_text() for words in ("TecoGAN", "27.00", "a paper"))
    bars = point(page, "middle").locator(".interval")
    lengths = bars.evaluate_all("bars => bars.map(b => b.getBoundingClientRect()).map(r => [r.width, r.height])")
    across = page.locator(".point").evaluate_all("points => points.map(p => p.transform.baseVal[0].matrix.e)")
    assert lengths[0][0] == pytest.approx(2 * (max(across) - min(across)), rel=0.01)  # 4 dB, where the points span 2
    assert lengths[1] == [0, 0]  # LPIPS has no interval


def test_text_is_text(opened, tmp_path):
    write_run(tmp_path / "pixel", "pixel", name="sr")
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    write_run(tmp_path / "gan", "gan", loss_weights={attack: 1.0}, checkpoint=attack, dataset="vid4")
    page = opened(trace([tmp_path]))
    point(page, "gan").click()
    assert attack in page.locator("#facts").inner_text()
    assert page.locator("script").count() == 2 and page.locator("#facts img").count() == 0


def test_without_pictures_the_rest_works(opened, tmp_path):
    page = opened(trace([write_runs(tmp_path, media=None)]))
    point(page, "gan").click()
    assert page.locator("#label").text_content() == "gan"
    assert source(page, "sr") is None and "No pictures" in page.locator("#place").text_content()


@pytest.mark.parametrize("width", [1400, 420])
def test_no_text_is_small_or_beyond_the_edge(opened, frontier, width):
    page = opened(frontier)
    page.set_viewport_size({"width": width, "height": 900})
    sizes = page.evaluate(
        """[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && [...e.childNodes].some(
            n => n.nodeType === 3 && n.textContent.trim())).map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 12
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth", timeout=5000)
    assert all(page.eval_on_selector_all("img", "images => images.map(i => i.alt)"))
