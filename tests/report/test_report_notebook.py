"""The plots of the report in a notebook: one script and template for both, in a frame."""

import html
import json
import re
import shutil

import pytest

from cebra_kedro.report import build_report, explore
from kedro_project import reporting

CHROMIUM = shutil.which("chromium")


def _page(explored):
    """The page in the frame, as a browser reads it."""
    (page,) = re.findall(r'srcdoc="([^"]*)"', explored._repr_html_())
    return html.unescape(page)


def _data(page):
    """The numbers that the script reads; the script's own comments name the element after it."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1])


def _explorer(page):
    """The mark-up of the plots, without the numbers."""
    start = page.index('<div class="explorer"')
    return page[start : page.index('<script type="application/json">', start)]


def test_a_notebook_shows_the_same_plots_of_the_same_numbers_as_the_report(folder):
    page = _page(explore(folder, "hippocampus"))
    report = build_report(folder).read_text(encoding="utf-8")
    assert _explorer(page) == _explorer(report)
    assert _data(page) == _data(report)
    assert page.rpartition("<script>")[2] == report.rpartition("<script>")[2]


def test_nothing_but_the_frame_is_put_into_the_notebook(folder):
    frame = explore(folder, "hippocampus", "buddy")._repr_html_()
    assert re.fullmatch(r'<iframe( [a-z]+="[^"<>]*")+></iframe>', frame)


def test_one_session_is_shown_without_the_others(folder):
    for name in ("achilles", "buddy"):
        (folder / "hippocampus" / name / "explorer.json").write_text(json.dumps({"session": name}))
    every, one = (_data(explore(folder, "hippocampus", of).page) for of in (None, "buddy"))
    assert [session["session"] for session in every["sessions"]] == ["achilles", "buddy"]
    assert one["sessions"] == [{"session": "buddy"}]
    assert one["scores"]["subject"] == ["buddy"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("hippocampos",), r"experiment must be one of those .*\(hippocampus\), got 'hippocampos'"),
        (("hippocampus", "bud"), r"session must be one of those .*\(achilles, buddy\), got 'bud'"),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(folder, names, said):
    with pytest.raises(ValueError, match=said):
        explore(folder, *names)


def test_an_experiment_with_pictures_only_has_nothing_to_explore(folder):
    (folder / "hippocampus" / "metrics.csv").write_text("broken")
    with pytest.raises(
        ValueError, match=r"neither embeddings nor scores .*metrics\.csv: .*missing"
    ):
        explore(folder, "hippocampus")


@pytest.mark.parametrize("there", [True, False])
def test_before_any_run_it_says_what_to_run(tmp_path, there):
    folder = tmp_path / "08_reporting"
    if there:
        folder.mkdir()
    with pytest.raises(FileNotFoundError, match="has no results yet; kedro run makes some"):
        explore(folder, "hippocampus")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")
def test_a_browser_draws_the_plots_in_the_frame_without_network_or_error(one_rat):
    from playwright.sync_api import expect, sync_playwright

    frame_html = explore(reporting(one_rat), "hippocampus", "buddy")._repr_html_()
    asked, errors = [], []
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(f"<!DOCTYPE html><p>a cell</p>{frame_html}")
        inside = page.frame_locator("iframe")
        canvas = inside.locator("[data-plot=embedding] .canvas")
        expect(canvas.locator("canvas").first).to_be_visible(timeout=60_000)
        inside.locator("[data-pick=encoder]").select_option("time")
        expect(canvas).to_have_attribute("aria-label", re.compile("buddy, coloured by position"))
        for plot in ("decoded", "scores", "loss"):
            inside.locator(f"[data-plot={plot}] .canvas").scroll_into_view_if_needed()
            expect(inside.locator(f"[data-plot={plot}] .main-svg").first).to_be_visible()
        browser.close()
    assert errors == []
    assert [url for url in asked if url.startswith("http")] == []
