"""report.html as people see it: opened from disk in a browser, turned, picked and sorted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from browser import MARKS, chromium
from kedro_project import reporting

pytestmark = [pytest.mark.slow, *MARKS]
HIPPOCAMPUS = "section[data-name=hippocampus]"
WAIT_MS = 20_000


@dataclass
class Opened:
    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def within(self, selector: str) -> Any:
        return self.page.locator(f"{HIPPOCAMPUS} {selector}")

    def plot(self, name: str) -> Any:
        """The canvas of a plot, once it is drawn."""
        card = self.within(f'[data-plot="{name}"]')
        card.scroll_into_view_if_needed()
        card.locator(".main-svg").first.wait_for(timeout=WAIT_MS)
        return card.locator(".canvas")

    def traces(self, name: str) -> list[dict[str, Any]]:
        """What a plot has drawn, as plotly keeps it."""
        script = (
            "c => c.data.map(({type, x, y, z, name, marker}) => ({type, x, y, z, name, marker}))"
        )
        return self.plot(name).evaluate(script)

    def pick(self, name: str) -> Any:
        return self.within(f'[data-pick="{name}"]')


@pytest.fixture(scope="module")
def report(default_run) -> Path:
    """What ``kedro run`` alone leaves, in seconds."""
    return reporting(default_run) / "report.html"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(params=[1440], ids=lambda width: f"{width}px")
def opened(request, report, browser):
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    opened = Opened(context.new_page())
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on(
        "console", lambda said: opened.errors.append(said.text) if said.type == "error" else None
    )
    opened.page.on(
        "request",
        lambda asked: (
            opened.requests.append(asked.url)
            if not asked.url.startswith(("data:", "blob:"))
            else None
        ),
    )
    opened.page.goto(report.as_uri())
    yield opened
    assert opened.errors == []
    assert opened.requests == [report.as_uri()], "the page asks for nothing"
    context.close()


def test_what_ran_has_a_section_and_a_card_with_a_finding(opened):
    names = opened.page.locator("section.experiment").evaluate_all(
        "all => all.map(one => one.dataset.name)"
    )
    assert names == ["allen_decoding", "hippocampus", "monkey_reaching", "synthetic"]
    cards = opened.page.locator(".card").all_inner_texts()
    assert len(cards) == 4
    assert all("chance" in text for text in cards)


def test_an_embedding_is_drawn_and_turns(opened):
    canvas = opened.plot("embedding")
    canvas.locator("canvas").first.wait_for(timeout=WAIT_MS)
    eye = "c => { const e = c._fullLayout.scene._scene.getCamera().eye; return [e.x, e.y, e.z]; }"
    before = canvas.evaluate(eye)
    assert len({pixel for row in _pixels(canvas) for pixel in row}) > 20, "an empty canvas"
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.page.mouse.move(*middle)
    opened.page.mouse.down()
    opened.page.mouse.move(middle[0] + 120, middle[1] + 40, steps=6)
    opened.page.mouse.up()
    opened.page.wait_for_function(
        f"([c, before]) => ({eye})(c).some((value, i) => Math.abs(value - before[i]) > 0.01)",
        arg=[canvas.element_handle(), before],
        timeout=WAIT_MS,
    )


def _pixels(canvas: Any) -> list[list[tuple[int, ...]]]:
    import io

    from PIL import Image

    picture = Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")
    small = picture.resize((60, 40))
    return [[small.getpixel((x, y)) for x in range(60)] for y in range(40)]


def test_encoder_colour_and_rows_can_be_picked(opened):
    before = opened.traces("embedding")
    assert before[0]["type"] == "scatter3d"
    assert opened.pick("encoder").locator("option").all_inner_texts() == [
        "position", "time", "shuffled", "PCA",
    ]  # fmt: skip
    opened.pick("encoder").select_option("time")
    other = opened.traces("embedding")
    assert other[0]["x"] != before[0]["x"]
    opened.pick("colour").select_option(label="direction")
    by_class = opened.traces("embedding")
    assert len({trace["name"] for trace in by_class}) == 2
    assert len({trace["marker"]["color"] for trace in by_class}) == 2
    opened.pick("rows").select_option("test")
    held_out = opened.traces("embedding")
    n_rows = [sum(len(trace["x"]) for trace in traces) for traces in (by_class, held_out)]
    assert 0 < n_rows[1] < n_rows[0]


def test_a_trial_can_be_played(opened):
    n_before = len(opened.traces("embedding"))
    opened.within("[data-do=play]").click()
    opened.page.wait_for_timeout(400)
    traces = opened.traces("embedding")
    assert len(traces) == n_before + 1
    assert len(traces[-1]["x"]) > 2
    opened.within("[data-do=play]").click()
    assert len(opened.traces("embedding")) == n_before


def test_another_session_has_its_own_embedding_scores_and_tables(opened):
    names = opened.pick("session").locator("option").all_inner_texts()
    assert names == ["buddy", "gatsby"]
    first = opened.traces("embedding"), opened.traces("scores")
    assert opened.within('.session[data-session="buddy"]').is_visible()
    opened.pick("session").select_option("gatsby")
    second = opened.traces("embedding"), opened.traces("scores")
    assert first[0][0]["x"] != second[0][0]["x"]
    assert first[1][0]["x"] != second[1][0]["x"]
    assert opened.within('.session[data-session="gatsby"]').is_visible()
    assert not opened.within('.session[data-session="buddy"]').is_visible()


def test_decoded_and_training_are_drawn(opened):
    decoded = opened.traces("decoded")
    assert [trace["name"] for trace in decoded] == ["decoded", "true"]
    assert len(decoded[0]["y"]) == len(decoded[1]["y"]) > 10
    assert {trace["name"] for trace in opened.traces("loss")} >= {"position", "time", "shuffled"}


def test_tables_sort_by_a_click_both_ways_and_by_keyboard(opened):
    table = opened.within("table.sortable").first
    heads = table.locator("thead th")
    column = "rows => rows.map(row => parseFloat(row.cells[1].dataset.value))"
    heads.nth(1).locator("button").click()
    up = table.locator("tbody tr").evaluate_all(column)
    assert up == sorted(up)
    assert heads.nth(1).get_attribute("aria-sort") == "ascending"
    heads.nth(1).locator("button").focus()
    opened.page.keyboard.press("Enter")
    down = table.locator("tbody tr").evaluate_all(column)
    assert down == sorted(up, reverse=True)


@pytest.mark.parametrize("opened", [1440, 1024, 390], indirect=True, ids=lambda w: f"{w}px")
def test_nothing_overflows(opened):
    height = opened.page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 700):
        opened.page.evaluate(f"window.scrollTo(0, {top})")
        opened.page.wait_for_timeout(60)
    opened.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wider = opened.page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((one) => {
            const box = one.getBoundingClientRect();
            const inside = one.closest(".scroll, pre, nav ul, .canvas, .skip");
            return !inside && box.width && box.right > innerWidth + 1;
        }).map((one) => one.outerHTML.slice(0, 100))"""
    )
    assert wider == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts_the_tables_and_findings_are_there(report, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(f"{HIPPOCAMPUS} .session").count() == 2
    assert page.locator(f"{HIPPOCAMPUS} .session table").last.is_visible()
    assert not page.locator(f"{HIPPOCAMPUS} .explorer").is_visible()
    context.close()


def test_the_page_is_one_file_of_at_most_15_megabytes(report):
    assert report.stat().st_size < 15e6
