"""The pipeline paper_figures: what is there is drawn, what is missing is said."""

import json
import logging
import os
import struct
from pathlib import Path

import pandas as pd
import pytest
import yaml

import published_fixtures
from cebra_kedro.pipelines.paper_figures import nodes
from cebra_kedro.pipelines.paper_figures.nodes import draw_figure
from cebra_kedro.plots.paper import PAGES, panels_of
from cebra_kedro.sources.published_results import ResultFile
from kedro_project import PROJECT, contents, manifest, reporting, run_session
from published_fixtures import write_hdf, write_runs

NAME = "paper_figures"
ENTRIES = yaml.safe_load(
    (PROJECT / "conf/base/catalog_paper_figures.yml").read_text().replace("${raw_dir:}", "RAW")
)
PUBLISHED = {key: entry for key, entry in ENTRIES.items() if "source" in entry and key[0] != "_"}


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    """An empty folder of published results, to which the environment points."""
    monkeypatch.setenv("CEBRA_KEDRO_DATA", str(tmp_path / "raw"))
    folder = tmp_path / "raw" / "published_results"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def project(project):
    """Without the published blob ids, which the fixtures cannot have."""
    entries = {}
    for key, entry in PUBLISHED.items():
        changed = {**entry, "filepath": entry["filepath"].replace("RAW", "${raw_dir:}")}
        changed.pop("blob_id", None)
        changed.pop("also_at", None)
        if "blob_ids" in entry:
            changed["blob_ids"] = dict.fromkeys(entry["blob_ids"])
        entries[key] = changed
    (project / "conf/test/catalog_paper_figures.yml").write_text(yaml.safe_dump(entries))
    return project


@pytest.fixture
def said(monkeypatch):
    """Messages of the nodes, on a logger that Kedro's set-up of logging cannot reach."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.Logger("said")
    logger.addHandler(handler)
    monkeypatch.setattr(nodes, "logger", logger)
    return messages


def place(folder: Path, *names: str) -> None:
    for name, content in published_fixtures.contents().items():
        if name.startswith(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".h5"):
                write_hdf(path, content)
            elif name.startswith("results_"):
                write_runs(path, content)
            else:
                content.to_csv(path)


def drawn(project: Path) -> set[str]:
    folder = reporting(project) / NAME
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}


def test_without_files_the_run_succeeds_and_lists_all_with_their_source(project, raw, said):
    run_session(project, pipeline_names=[NAME])
    files = pd.read_csv(reporting(project) / NAME / "files.csv")
    assert set(files["status"]) == {"missing"}
    assert len(files) == 20
    assert set(files["path"]) == {str(raw / name) for name in files["file"]}
    assert files["source"].str.contains("AdaptiveMotorControlLab/cebra-figures").all()
    for figure in PAGES:
        assert f"{figure}: panels drawn: none" in said
        assert f"{figure}.png" in drawn(project)
    for name in ("Figure3.h5", "results_v3/tsne.csv", "Figure2/figure2_pivae_mcmc.csv"):
        (message,) = [m for m in said if name in m and "to be placed below" in m]
        assert str(raw) in message
        assert "AdaptiveMotorControlLab/cebra-figures" in message
    assert said[-1].startswith("20 of 20 published files are missing")
    assert not [name for name in drawn(project) if "/panel_" in name]
    assert pd.read_csv(reporting(project) / NAME / "numbers.csv").empty
    listed = json.loads((reporting(project) / NAME / "results.json").read_text())
    assert listed == {"panels": {}, "n_numbers": 0, "n_files": 20}
    assert manifest(project)["status"] == "finished"


def test_what_is_there_is_drawn_in_both_formats_and_counted(project, raw, said):
    place(raw, "SupplVideo1", "results_v3")
    run_session(project, pipeline_names=[NAME])
    panels = {"figure_1/panel_e", "figure_2/panel_d_left"}
    there = {name.rsplit(".", 1)[0] for name in drawn(project) if "/panel_" in name}
    assert there == panels
    for panel in [*panels, "figure_1", "figure_5"]:
        assert {f"{panel}.png", f"{panel}.svg"} <= drawn(project)
    head = (reporting(project) / NAME / "figure_1/panel_e.png").read_bytes()[:24]
    width, _ = struct.unpack(">II", head[16:])
    assert width == 7.2 * 300
    text = "\n".join(said)
    assert "figure_1: panels drawn: e" in text
    assert "figure_1: panels not drawn: b_left, b_right, d, for want of Figure1.h5" in text
    numbers = pd.read_csv(reporting(project) / NAME / "numbers.csv")
    columns = ["figure", "panel", "method", "item", "quantity", "value", "unit"]
    assert list(numbers.columns) == columns
    assert set(zip(numbers["figure"], numbers["panel"], strict=True)) == {
        ("figure_1", "e"),
        ("figure_2", "d_left"),
    }
    listed = json.loads((reporting(project) / NAME / "results.json").read_text())
    assert listed["panels"] == {"figure_1": ["e"], "figure_2": ["d_left"]}
    assert listed["n_numbers"] == len(numbers)
    files = pd.read_csv(reporting(project) / NAME / "files.csv").set_index("file")
    assert files.loc["SupplVideo1.h5", "status"] == "unverified"
    assert files.loc["SupplVideo1.h5", "panels"] == "d_left"

    # A file that is gone takes its panel with it: no picture of an earlier run remains.
    (raw / "SupplVideo1.h5").unlink()
    before = contents(reporting(project) / NAME / "figure_1")
    run_session(project, pipeline_names=[NAME], namespaces=[f"{NAME}.figure_2"])
    assert not [name for name in drawn(project) if name.startswith("figure_2/")]
    assert contents(reporting(project) / NAME / "figure_1") == before


def test_a_wrong_structure_stops_with_the_missing_key(project, raw):
    write_hdf(raw / "Figure5Revision.h5", {"frame_id": {"knn": {}}})
    with pytest.raises(ValueError, match=r"Figure5Revision\.h5: key frame_id/knn/np_baseline_330"):
        run_session(project, pipeline_names=[NAME], namespaces=[f"{NAME}.figure_5"])
    assert manifest(project)["failed_node"] == f"{NAME}.figure_5.draw"


def test_a_file_that_is_not_the_published_one_stops_the_run(project, raw):
    (project / "conf/test/catalog_paper_figures.yml").unlink()
    place(raw, "Figure1.h5")
    with pytest.raises(Exception, match=r"Figure1\.h5 has git blob id .* not opened"):
        run_session(project, pipeline_names=[NAME], namespaces=[f"{NAME}.figure_1"])


def result_files(*names):
    return {
        name: ResultFile(name, Path(name), "source", "verified", "id", content)
        for name, content in published_fixtures.contents().items()
        if name.startswith(names)
    }


def our_scores(folder, simulated, place="hippocampus/metrics.csv"):
    rows = [
        ("hippocampus", "buddy", "time", 0, seed, "knn", "position_error_median", 0.2, "m")
        for seed in range(3)
    ]
    columns = [
        "experiment",
        "subject",
        "variant",
        "fold",
        "seed",
        "decoder",
        "metric",
        "value",
        "unit",
    ]
    path = folder / "hippocampus" / "metrics.csv"
    path.parent.mkdir(parents=True)
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    (folder / "provenance.json").write_text(json.dumps({place: {"simulated": simulated}}))


@pytest.mark.parametrize(
    ("simulated", "words"),
    [
        (True, "this run (simulated recordings)"),
        (False, "this run (real recordings)"),
        (None, "this run (origin not recorded)"),
    ],
)
def test_our_own_results_stand_beside_the_published_ones(tmp_path, simulated, words):
    our_scores(tmp_path, simulated)
    found = draw_figure("figure_2", tmp_path, runs=result_files("results_v1/"))
    assert set(found["panels"]) == {"panel_this_run_position_error"}
    methods = set(found["numbers"]["method"])
    assert f"CEBRA-Time, {words}" in methods
    assert "CEBRA-Time, published" in methods


def test_rows_of_a_session_say_where_they_come_from_themselves(tmp_path):
    our_scores(tmp_path, False, "hippocampus/metrics.csv#buddy")
    found = draw_figure("figure_2", tmp_path, runs=result_files("results_v1/"))
    assert "CEBRA-Time, this run (real recordings)" in set(found["numbers"]["method"])


def test_without_results_of_ours_there_is_no_panel_of_them(tmp_path):
    found = draw_figure("figure_2", tmp_path, runs=result_files("results_v1/"))
    assert found["panels"] == {}
    assert found["numbers"].empty


def test_the_catalog_declares_every_file_that_a_panel_needs():
    declared = set()
    for entry in PUBLISHED.values():
        folder = Path(entry["filepath"]).name
        declared |= {f"{folder}/{name}" for name in entry.get("blob_ids", ())}
        declared |= set() if "blob_ids" in entry else {entry.get("name", folder)}
    assert declared == {f for figure in PAGES for p in panels_of(figure) for f in p.files}


@pytest.mark.data
def test_the_published_files_are_verified_and_their_numbers_written(project):
    folder = Path(os.environ.get("CEBRA_KEDRO_DATA", ""), "published_results")
    if "CEBRA_KEDRO_DATA" not in os.environ or not (folder / "SupplVideo1.h5").is_file():
        pytest.skip("needs published_results in the folder CEBRA_KEDRO_DATA")
    run_session(project, env="paper", pipeline_names=[NAME], namespaces=[f"{NAME}.figure_2"])
    files = pd.read_csv(reporting(project) / NAME / "figure_2_files.csv").set_index("file")
    assert files.loc["Figure2/figure2_pivae_mcmc.csv", "status"] == "verified"
    assert {"figure_2/panel_d_left.svg", "figure_2/panel_d_right.png"} <= drawn(project)
    numbers = pd.read_csv(reporting(project) / NAME / "figure_2_numbers.csv")
    medians = numbers[(numbers["panel"] == "d_right") & (numbers["quantity"] == "median")]
    # published_results: medians in cm with three decimals
    reference = [5.382, 10.997, 16.133, 4.735, 6.266, 8.091, 12.054, 22.385]
    assert list(medians["value"]) == pytest.approx(reference, abs=1e-3)
