"""``kedro run`` of the reaching monkey: what a run leaves, and one kind of session alone."""

import json

import numpy as np
import pandas as pd
import pytest
from cebra_kedro.experiments import MONKEY_REACHING

from kedro_project import copy_project, reporting, run_session

NAME = MONKEY_REACHING.name
SCORES = ("position_r2", "position_error_median", "direction_accuracy")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which the experiment has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp(NAME))
    run_session(project, pipeline_names=[NAME])
    return project


@pytest.fixture(scope="module")
def metrics(project):
    return pd.read_csv(reporting(project) / NAME / "metrics.csv", keep_default_na=False)


def test_every_variant_of_every_session_is_scored_by_both_decoders(metrics):
    for subject in (*MONKEY_REACHING.subjects, "active_to_passive"):
        for variant in MONKEY_REACHING.variants:
            rows = metrics[(metrics["subject"] == subject) & (metrics["variant"] == variant)]
            for decoder in ("knn", "ridge"):
                found = set(rows.loc[rows["decoder"] == decoder, "metric"])
                assert found == {*SCORES, *(f"chance_{score}" for score in SCORES)}
    units = metrics.drop_duplicates("metric").set_index("metric")["unit"]
    assert units[list(SCORES)].tolist() == ["", "cm", "%"]


def test_the_transfer_is_scored_on_the_test_trials_of_the_target(metrics):
    """Chance knows no features, so it tells whose test rows were scored and who was fitted."""
    chance = metrics[metrics["metric"] == "chance_position_error_median"]
    of = {subject: float(rows["value"].iloc[0]) for subject, rows in chance.groupby("subject")}
    # the median of active training trials is another than that of passive ones
    assert of["active_to_passive"] != of["passive"]
    # bumps are shorter than reaches
    assert of["active_to_passive"] < of["active"]


def test_all_embeddings_lie_in_one_file_with_their_labels(project):
    folder = project / "data/07_model_output" / NAME
    n_rows = {}
    with np.load(folder / f"{NAME}_all_embeddings.npz", allow_pickle=False) as file:
        for subject in MONKEY_REACHING.subjects:
            n_rows[subject] = len(file[f"{subject}/labels/position_cm"])
            for variant in MONKEY_REACHING.trained_variants:
                for seed in (0, 1):
                    key = f"{subject}/{variant}/fold0_seed{seed}"
                    assert file[key].shape == (n_rows[subject], 3)
                    with np.load(
                        folder / subject / variant / f"embeddings/fold0_seed{seed}.npz"
                    ) as one:
                        np.testing.assert_array_equal(file[key], one["embedding"])
                        labels = file[f"{subject}/labels/target_angle_over_45_deg"]
                        np.testing.assert_array_equal(labels, one["target"])
            assert set(file[f"{subject}/labels/part_0_train_1_valid_2_test"]) == {0, 1, 2}
    # as many trials as active and passive together
    assert n_rows["all"] == n_rows["active"] + n_rows["passive"]
    assert n_rows["active"] != n_rows["passive"]


def test_sessions_of_different_ranges_are_compared(project):
    table = pd.read_csv(reporting(project) / NAME / "consistency.csv")
    assert set(table["between"]) == {"seeds", "kinds", "sessions_by_position", "sessions_by_target"}
    assert np.isfinite(table["r2"]).all()
    for by in ("position", "target"):
        rows = table[table["between"] == f"sessions_by_{by}"]
        ends = rows[["source", "target"]].map(lambda name: name.split("/")[0])
        assert set(map(tuple, ends.to_numpy())) == {
            (a, b) for a in MONKEY_REACHING.subjects for b in MONKEY_REACHING.subjects if a != b
        }


def test_every_result_is_listed(project):
    listed = json.loads((reporting(project) / NAME / "results.json").read_text())
    figures = {path.stem for path in (reporting(project) / NAME).glob("*.png")}
    assert {f"{stem}_figure" for stem in figures} <= set(listed)
    assert set(listed["all_embeddings"]) > {"active/position/fold0_seed0"}
    for subject in MONKEY_REACHING.subjects:
        pictures = {path.stem for path in (reporting(project) / NAME / subject).glob("*.png")}
        assert {f"{stem}_figure" for stem in pictures} <= set(listed[subject])
        assert {"position_colours", "target_colours", "trajectories", "single_trials"} <= pictures


def test_one_kind_of_session_runs_alone(tmp_path):
    project = copy_project(tmp_path)
    run_session(project, namespaces=[f"{NAME}.passive"])
    assert (reporting(project) / NAME / "passive" / "metrics.csv").is_file()
    assert not (reporting(project) / NAME / "active").exists()
