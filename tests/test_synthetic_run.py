"""``kedro run`` on synthetic sets: what a run leaves, an own set by one entry, and a sweep."""

from __future__ import annotations

import json

import joblib
import numpy as np
import pandas as pd
import pytest
import yaml
from cebra_kedro.experiments import SYNTHETIC

from kedro_project import copy_project, reporting, run_session

SET = "synthetic.demo_mixed"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which one set has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("synthetic"))
    run_session(project, namespaces=[SET])
    return project


def test_the_default_encoder_leaves_what_one_takes_away(project):
    folder = project / "data/07_model_output/synthetic/demo_mixed/default"
    embedding = np.load(folder / "embedding.npy")
    assert embedding.shape == (120, 2)
    results = json.loads((folder / "results.json").read_text())
    assert joblib.load(folder / "results.joblib") == results
    assert results["embedding"]["shape"] == [120, 2]
    model = project / "data/06_models/synthetic/demo_mixed/default" / results["models"][0]
    assert model.is_file()
    assert "balanced_accuracy" in (folder / "summary.txt").read_text()


def test_every_variant_is_scored_by_each_label_with_its_chance(project):
    table = pd.read_csv(reporting(project) / "synthetic/demo_mixed/metrics.csv")
    # t-SNE and UMAP are left out in the test environment
    assert set(table["variant"]) == {*SYNTHETIC.trained_variants, "pca"}
    for _, scores in table.groupby("variant"):
        metrics = set(scores["metric"])
        assert {"label_r2", "accuracy", "balanced_accuracy", "reconstruction_r2"} <= metrics
        assert {"chance_label_r2", "chance_balanced_accuracy"} <= metrics


def test_the_four_panels_and_all_variants_are_drawn(project):
    for name in ("overview", "variants"):
        assert (reporting(project) / f"synthetic/demo_mixed/{name}.png").is_file()


def test_an_own_set_is_one_entry(project, tmp_path):
    own = copy_project(tmp_path)
    rng = np.random.default_rng(0)
    np.savez(own / "mine.npz", neural=rng.normal(size=(90, 5)), angle=rng.uniform(0, 6, 90))
    entry = {"type": "cebra_kedro.io.NpzDataset", "filepath": str(own / "mine.npz")}
    entry["metadata"] = {"kedro-viz": {"layer": "raw"}}
    catalog = own / "conf/test/catalog_synthetic.yml"
    entries = yaml.safe_load(catalog.read_text()) | {f"{SET}.raw": entry}
    catalog.write_text(yaml.safe_dump(entries))
    run_session(own, namespaces=[SET])
    table = pd.read_csv(reporting(own) / "synthetic/demo_mixed/metrics.csv")
    assert {"label_r2", "angular_error_mean"} <= set(table["metric"])
    assert "reconstruction_r2" not in set(table["metric"])


@pytest.mark.slow
def test_the_whole_experiment_ends_with_its_tables_and_a_sweep(project, tmp_path):
    whole = copy_project(tmp_path)
    run_session(whole, pipeline_names=["synthetic"])
    folder = reporting(whole) / "synthetic"
    tables = [pd.read_csv(folder / subject / "metrics.csv") for subject in SYNTHETIC.subjects]
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "metrics.csv"), pd.concat(tables, ignore_index=True)
    )
    # one set alone gives what it gives among all
    alone = (reporting(project) / "synthetic/demo_mixed/metrics.csv").read_bytes()
    assert (folder / "demo_mixed/metrics.csv").read_bytes() == alone
    table = pd.read_csv(folder / "sweep.csv")
    swept = ["variants.default.pairs.delta", "training.steps"]
    assert list(table)[:2] == swept
    assert len(table[swept].drop_duplicates()) == 4
    for metric in ("label_r2", "reconstruction_r2"):
        assert (table["metric"] == metric).sum() == 4
    for name in ("sweep", "recovery", "label", "class"):
        assert (folder / f"{name}.png").is_file()
