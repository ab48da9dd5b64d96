"""``kedro viz build --include-previews``: the folded graph, previews, and the page in a browser.

The run behind it is of one rat, so figures and tables of other experiments are missing on purpose.
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import BROWSER, needs_browser
from cebra_kedro.pipeline_registry import STAGES
from kedro_command import kedro
from kedro_project import shipped_experiments

pytestmark = pytest.mark.slow

EXPERIMENTS = ("allen_consistency", "allen_decoding", "hippocampus", "monkey_reaching", "synthetic")
FIGURE = "hippocampus.embedding.figures"
FIGURE_FILE = "data/08_reporting/hippocampus/buddy/embedding.png"


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
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def _stages_of(experiment: str) -> set[str]:
    """What everyone has, and attribution where it is asked for."""
    asked = shipped_experiments()[experiment].get("attribution") is not None
    return set(STAGES) - (set() if asked else {"attribution"})


def test_the_default_page_shows_every_experiment_folded(api):
    graph = _json(api / "main")
    assert graph["selected_pipeline"] == "__default__"
    assert {*STAGES, *EXPERIMENTS} <= {pipeline["id"] for pipeline in graph["pipelines"]}
    boxes = _boxes(graph)
    assert len(boxes) <= 60
    assert set(STAGES) - {"attribution"} <= boxes


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_folded_is_its_stages_and_what_flows_between_them(api, experiment):
    graph = _json(api / "pipelines" / experiment)
    boxes = _boxes(graph)
    assert len(boxes) <= 20
    stages = boxes & set(STAGES)
    assert stages == _stages_of(experiment)
    flowing = {"raw", "recordings", "splits", "models", "embeddings", "metrics"}
    assert {f"{experiment}.{name}" for name in flowing} <= boxes
    assert {name.split(".")[0] for name in boxes - stages} == {experiment}


@pytest.mark.parametrize(
    ("experiment", "encoders"),
    [
        ("allen_decoding", ("ca", "neuropixels", "joint")),
        ("monkey_reaching", ("position", "target", "time")),
        ("hippocampus", ("position_direction", "together", "pca")),
    ],
)
def test_the_training_of_an_experiment_opens_into_its_encoders(api, experiment, encoders):
    graph = _json(api / "pipelines" / experiment)
    boxes = _boxes(graph, f"training.{experiment}")
    assert {f"training.{experiment}.{encoder}" for encoder in encoders} <= boxes
    for encoder in encoders:
        steps = _boxes(graph, f"training.{experiment}.{encoder}")
        assert steps <= {"train", "embed"}


def test_a_box_opens_into_boxes_that_are_there(api):
    for file in (api / "pipelines").iterdir():
        graph = _json(file)
        known = {node["id"] for node in graph["nodes"]} | set(graph["modular_pipelines"])
        for name, box in graph["modular_pipelines"].items():
            assert {child["id"] for child in box["children"]} <= known, name


def test_figures_and_tables_are_previewed(finished, api):
    figure = _node(api, FIGURE)
    assert figure["preview_type"] == "ImagePreview"
    assert base64.b64decode(figure["preview"]) == (finished / FIGURE_FILE).read_bytes()
    table = _node(api, "hippocampus.metrics")
    assert table["preview_type"] == "TablePreview"
    assert {"variant", "metric", "value"} <= set(table["preview"]["columns"])
    assert len(table["preview"]["data"]) == 8  # conf/base/catalog.yml


def test_a_node_shows_the_parameters_of_its_experiment(api):
    """So that a reader of the graph sees what an encoder is made of."""
    graph = _json(api / "main")
    (train,) = [
        node
        for node in graph["nodes"]
        if "training.hippocampus.time" in (node["modular_pipelines"] or ())
        and node["name"] == "train"
    ]
    shown = _json(api / "nodes" / train["id"])["parameters"]
    assert shown["hippocampus"]["encoders"]["time"]["pairs"]["law"] == "time"


@needs_browser
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_page_lists_the_stages_and_encoders(address, tmp_path, experiment):
    page = _page(f"{address}?pid={experiment}&expandAllPipelines=true", tmp_path)
    assert f">training.{experiment}<" in page
    assert f">reporting.{experiment}<" in page


@needs_browser
def test_page_shows_the_figure_of_a_selected_entry(finished, address, tmp_path):
    picture = base64.b64encode((finished / FIGURE_FILE).read_bytes()).decode()
    page = _page(f"{address}?pid=__default__&sn={FIGURE}", tmp_path)
    assert picture in page


def _boxes(graph: dict[str, Any], within: str = "__root__") -> set[str]:
    """What a folded graph shows, without parameters; an entry or a node by its name."""
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    children = graph["modular_pipelines"][within]["children"]
    return {names.get(c["id"], c["id"]) for c in children if c["type"] != "parameters"}


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
