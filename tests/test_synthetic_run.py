"""``kedro run`` on synthetic sets: what a run leaves, guidance by kind of label, and a sweep."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Experiment
from cebra_kedro.io import StoreDataset
from kedro_project import PROJECT, contents, copy_project, reporting, run_session

NAME, SET = "synthetic", "demo_mixed"


@cache
def description() -> Experiment:
    """What ``conf/base`` and ``conf/test`` say."""
    return Experiment.model_validate(configuration(PROJECT / "conf", "test")["parameters"][NAME])


def alone() -> list[str]:
    """What one set alone has, in the order of the tables: all but the encoder of a pair."""
    return [readout.name for readout in description().readouts if readout.name != "pair"]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project in which one set has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp(NAME))
    run_session(project, pipeline_names=[NAME], params={"only_sessions": [SET]})
    return project


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A project in which all sets have run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("whole"))
    run_session(project, pipeline_names=[NAME])
    return project


def metrics(project: Path) -> pd.DataFrame:
    return pd.read_csv(reporting(project) / NAME / "metrics.csv", keep_default_na=False)


def models(project: Path, encoder: str):
    return StoreDataset(path=project / "data/06_models" / NAME / encoder, contents="models").load()


def test_the_default_encoder_leaves_an_embedding_that_numpy_opens(project):
    file = f"data/07_model_output/{NAME}/default/embeddings/{SET}/fold0_seed0.npz"
    with np.load(project / file, allow_pickle=False) as arrays:
        assert list(arrays) == ["embedding"]
        assert arrays["embedding"].shape == (120, 2)
        assert np.isfinite(arrays["embedding"]).all()


def test_every_variant_is_scored_by_each_label_with_its_chance(project):
    table = metrics(project)
    assert list(table["variant"].unique()) == alone()
    scored = {"label_r2", "class_accuracy", "class_balanced_accuracy", "reconstruction_r2"}
    for _, scores in table.groupby("variant"):
        found = set(scores["metric"])
        assert scored <= found
        assert {f"chance_{name}" for name in scored} <= found
        assert not any("angle" in name for name in found)  # the set has none
    fit = table[table["metric"] == "goodness_of_fit"]
    assert set(fit["variant"]) == {*description().encoders} - {"pair"}


def test_each_set_is_guided_by_the_kind_of_label_that_it_has(whole):
    laws = {
        session: models(whole, "default")[f"{session}/fold0_seed0"].config.pairs.law
        for session in ("poisson", "demo_circular", "demo_discrete", "demo_mixed")
    }
    assert laws == {
        "poisson": "delta_normal",
        "demo_circular": "delta_normal",
        "demo_discrete": "discrete",
        "demo_mixed": "mixed",
    }


def test_each_set_is_scored_by_the_labels_that_it_has(whole):
    table = metrics(whole)
    decoded = table[(table["variant"] == "default") & (table["decoder"] != "none")]
    found = {
        session: {name.split("_")[0] for name in rows["metric"] if not name.startswith("chance_")}
        for session, rows in decoded.groupby("subject")
    }
    assert list(decoded["subject"].unique()) == list(description().sessions)
    assert found["poisson"] == {"reconstruction", "label"}
    assert "angle" in found["demo_circular"]
    assert "class" in found["demo_discrete"]
    assert {"class", "label"} <= found["demo_mixed"]


def test_the_pair_is_one_encoder_for_two_numbers_of_neurons(whole):
    store = models(whole, "pair")
    assert list(store) == ["joint/fold0_seed0"]
    assert store["joint/fold0_seed0"].n_neurons == (6, 8)  # conf/test
    table = metrics(whole)
    pair = table[(table["variant"] == "pair") & (table["metric"] == "label_r2")]
    assert list(pair["subject"]) == ["demo_pair_1", "demo_pair_2"]


def test_t_sne_is_kept_and_marked_as_having_seen_the_test_rows(project):
    file = f"data/07_model_output/{NAME}/tsne/embeddings/{SET}/all_seed0.npz"
    with np.load(project / file, allow_pickle=False) as arrays:
        assert arrays["embedding"].shape == (120, 2)
    assert "t-SNE (transductive) †" in (reporting(project) / "report.html").read_text()


def test_the_panels_are_drawn(project):
    of_set = {path.stem for path in (reporting(project) / NAME / SET).glob("*.png")}
    assert of_set == {"overview", "embedding", "scores", "loss"}


def test_one_set_alone_gives_what_it_gives_among_all(project, whole):
    among = metrics(whole)
    of_set = among[among["subject"] == SET].reset_index(drop=True)
    pd.testing.assert_frame_equal(metrics(project), of_set)
    for name, content in contents(project / "data/07_model_output", "*seed*.npz").items():
        assert (whole / "data/07_model_output" / name).read_bytes() == content, name


def test_a_sweep_has_a_row_for_each_combination_and_score(whole):
    table = pd.read_csv(reporting(whole) / NAME / "sweep.csv")
    swept = ["encoders.default.pairs.delta", "training.steps"]
    assert list(table)[:2] == swept
    assert set(map(tuple, table[swept].to_numpy())) == {(0.1, 2), (0.1, 3), (0.5, 2), (0.5, 3)}
    assert set(table["subject"]) == {"poisson"}
    for metric in ("label_r2", "chance_label_r2", "reconstruction_r2"):
        assert (table["metric"] == metric).sum() == 4
    values = table[table["metric"] == "label_r2"].groupby(swept)["value"].first()
    assert values.nunique() == 4  # each combination is trained on its own
    for name in ("sweep", "scores"):
        assert (reporting(whole) / NAME / f"{name}.png").is_file()


def test_a_finished_sweep_is_not_computed_again(whole):
    folder = whole / f"data/07_model_output/{NAME}/sweep"
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.json")}
    table = (reporting(whole) / NAME / "sweep.csv").read_bytes()
    assert len(before) == 5  # four combinations and the index
    run_session(whole, namespaces=[f"decoding.{NAME}"], params={"only_sessions": ["poisson"]})
    cells = [file for file in before if file.name != "index.json"]
    assert [file for file in cells if file.stat().st_mtime_ns != before[file]] == []
    assert (reporting(whole) / NAME / "sweep.csv").read_bytes() == table
