"""``kedro viz build --include-previews``: layers, previews, and the page in a real browser.

The run behind it is of one rat, so figures and tables of the other rats are missing on purpose.
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cebra_kedro.experiments import EXPERIMENTS

from kedro_command import kedro
from kedro_project import RAT

pytestmark = pytest.mark.slow

FIGURE = f"{RAT}.embedding_figure"
FIGURE_FILE = "data/08_reporting/hippocampus/buddy/embedding.png"
LAYERS = ["raw", "intermediate", "primary", "models", "model_output", "reporting"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)


def needs_browser(test: Callable) -> Callable:
    skip = pytest.mark.skipif(BROWSER is None, reason=f"needs one of {', '.join(BROWSERS)}")
    return pytest.mark.browser(skip(test))


@pytest.fixture(scope="module")
def finished(one_rat, tmp_path_factory) -> Path:
    """A project in which one rat has run, where a page may be built."""
    return shutil.copytree(one_rat, tmp_path_factory.mktemp("viz") / "project")


@pytest.fixture(scope="module")
def api(finished) -> Path:
    """The folder of JSON answers of the built page."""
    # A failed build is reported in words only: the command returns 0.
    assert "Success" in kedro("viz", "build", "--include-previews", project=finished)
    return finished / "build" / "api"


@pytest.fixture(scope="module")
def address(api) -> Iterator[str]:
    """The built page, served on this machine."""
    handler = functools.partial(QuietHandler, directory=api.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/?pid=__default__"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_every_entry_has_a_layer_and_layers_follow_the_data(api):
    graph = _json(api / "main")
    entries = [node for node in graph["nodes"] if node["type"] == "data"]
    assert [node["name"] for node in entries if node["layer"] not in LAYERS] == []
    # Kedro-Viz orders layers by the edges between their entries, not by name.
    assert graph["layers"] == LAYERS


def test_every_rat_and_variant_is_a_namespace(api):
    namespaces = _json(api / "main")["modular_pipelines"]
    for experiment in EXPERIMENTS:
        for subject in experiment.subjects:
            for variant in experiment.variants:
                assert f"{experiment.name}.{subject}.{variant}" in namespaces


def test_figures_and_tables_are_previewed(finished, api):
    figure = _node(api, FIGURE)
    assert figure["preview_type"] == "ImagePreview"
    assert base64.b64decode(figure["preview"]) == (finished / FIGURE_FILE).read_bytes()
    table = _node(api, f"{RAT}.metrics")
    assert table["preview_type"] == "TablePreview"
    assert {"variant", "metric", "value"} <= set(table["preview"]["columns"])
    recording = _node(api, f"{RAT}.recording")
    assert "position (m)" in recording["preview"]["columns"]


@needs_browser
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_page_lists_the_namespaces(address, tmp_path, experiment):
    page = _page(f"{address}&expandAllPipelines=true", tmp_path)
    for subject in experiment.subjects:
        assert f">{experiment.name}.{subject}<" in page


@needs_browser
def test_page_shows_the_figure_of_a_selected_entry(finished, address, tmp_path):
    picture = base64.b64encode((finished / FIGURE_FILE).read_bytes()).decode()
    assert picture in _page(f"{address}&sn={FIGURE}", tmp_path)


def _page(url: str, profile: Path) -> str:
    """The document that Chromium makes of a page, once its scripts have run."""
    options = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--disable-dev-shm-usage --virtual-time-budget=20000 --dump-dom"
    )
    return subprocess.run(
        [str(BROWSER), *options.split(), f"--user-data-dir={profile}", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def _node(api: Path, name: str) -> dict[str, Any]:
    (node,) = [node for node in _json(api / "main")["nodes"] if node["name"] == name]
    return _json(api / "nodes" / node["id"])


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())
