"""``kedro run`` of the reaching monkey: what a run leaves, and one kind of session alone."""

from __future__ import annotations

import json
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Experiment
from cebra_kedro.io import StoreDataset
from kedro_project import (
    PROJECT,
    contents,
    copy_project,
    provenance,
    reporting,
    run_command,
    run_session,
)

NAME = "monkey_reaching"
SESSIONS = ("active", "passive", "all")
SCORES = ("position_r2", "position_error_median", "direction_accuracy")


@cache
def description() -> Experiment:
    """What ``conf/base`` and ``conf/test`` say."""
    return Experiment.model_validate(configuration(PROJECT / "conf", "test")["parameters"][NAME])


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project in which the experiment has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp(NAME))
    run_session(project, pipeline_names=[NAME])
    return project


@pytest.fixture(scope="module")
def metrics(project) -> pd.DataFrame:
    return pd.read_csv(reporting(project) / NAME / "metrics.csv", keep_default_na=False)


def variants() -> list[str]:
    return [readout.name for readout in description().readouts]


def test_every_variant_of_every_session_is_scored_by_both_decoders(metrics):
    assert tuple(metrics.loc[metrics["decoder"] == "knn", "subject"].unique()) == (
        *SESSIONS,
        "active_to_passive",
    )
    for subject in (*SESSIONS, "active_to_passive"):
        for variant in variants():
            rows = metrics[(metrics["subject"] == subject) & (metrics["variant"] == variant)]
            for decoder in ("knn", "ridge"):
                found = rows[rows["decoder"] == decoder]
                assert set(found["metric"]) == {*SCORES, *(f"chance_{score}" for score in SCORES)}
                seeds = {0} if variant in description().baselines else {0, 1}
                assert set(found["seed"]) == seeds
    units = metrics.drop_duplicates("metric").set_index("metric")["unit"]
    assert units[list(SCORES)].tolist() == ["", "cm", "%"]


def test_the_transfer_is_scored_on_the_test_trials_of_the_target(metrics):
    """Chance knows no features, so it tells whose test rows were scored and who was fitted."""
    chance = metrics[metrics["metric"] == "chance_position_error_median"]
    # but for controls, whose labels are shuffled before the decoder is fitted
    chance = chance[chance["variant"] == "raw"]
    of = {subject: float(rows["value"].iloc[0]) for subject, rows in chance.groupby("subject")}
    # the median of active training trials is another than that of passive ones
    assert of["active_to_passive"] != of["passive"]
    # bumps are shorter than reaches
    assert of["active_to_passive"] < of["active"]


def test_a_transfer_uses_the_encoder_and_the_trials_that_it_says(project):
    """Its file holds the truth at rows of the passive session."""
    recordings = StoreDataset(
        path=project / "data/02_intermediate" / NAME, contents="recordings"
    ).load()
    folder = project / "data/07_model_output" / NAME / "predictions"
    with np.load(folder / "active_to_passive/position/fold0_seed0.npz") as transferred:
        rows, true = transferred["reach/row"], transferred["reach/position"]
    with np.load(folder / "passive/position/fold0_seed0.npz") as own:
        np.testing.assert_array_equal(rows, own["reach/row"])
    labels = recordings["passive"].labels
    np.testing.assert_array_equal(true, labels["position"].values[rows])
    assert set(labels["part"].values[rows]) == {2}


def test_every_embedding_has_a_row_for_each_time_bin_of_its_session(project):
    recordings = StoreDataset(
        path=project / "data/02_intermediate" / NAME, contents="recordings"
    ).load()
    n_time = {name: recording.n_time for name, recording in recordings.items()}
    folder = project / "data/07_model_output" / NAME
    for session in SESSIONS:
        for encoder in description().encoders:
            for seed in (0, 1):
                file = folder / encoder / "embeddings" / session / f"fold0_seed{seed}.npz"
                with np.load(file, allow_pickle=False) as arrays:
                    assert arrays["embedding"].shape == (n_time[session], 3)
    # as many trials as active and passive together
    assert n_time["all"] == n_time["active"] + n_time["passive"]
    assert n_time["active"] != n_time["passive"]


def test_sessions_of_different_ranges_are_compared(project):
    table = pd.read_csv(reporting(project) / NAME / "consistency.csv")
    kinds = {"seeds", "encoders", "sessions_by_position", "sessions_by_target"}
    assert set(table["between"]) == kinds
    assert np.isfinite(table["r2"]).all()
    for by in ("position", "target"):
        rows = table[table["between"] == f"sessions_by_{by}"]
        ends = rows[["source", "target"]].map(lambda name: name.split("/")[0])
        assert set(map(tuple, ends.to_numpy())) == set(permutations(SESSIONS, 2))
    encoders = table[table["between"] == "encoders"]
    of_session = encoders["source"].str.split("/").str[0].value_counts()
    n_embedded = len(description().encoders) + len(description().stored_baselines)
    assert dict(of_session) == dict.fromkeys(SESSIONS, n_embedded * (n_embedded - 1))


def test_every_result_is_listed_and_drawn(project):
    folder = reporting(project) / NAME
    listed = json.loads((folder / "results.json").read_text())
    pictures = contents(folder, "*.png")
    figures = {name: digest for name, digest in listed.items() if name.startswith("figure_")}
    assert {f"{key}.png" for of_figure in figures.values() for key in of_figure} == set(pictures)
    assert {"metrics", "consistency"} <= set(listed)
    for session in SESSIONS:
        for figure in ("embedding", "trajectories", "single_trials", "decoded", "scores", "loss"):
            assert f"{session}/{figure}.png" in pictures
    assert {"transfer_trajectories.png", "scores.png"} <= set(pictures)


def test_a_transfer_is_marked_as_simulated(project):
    assert provenance(project)[f"{NAME}/metrics.csv#active_to_passive"]["simulated"] is True


@pytest.mark.parametrize(("session", "other"), [("active", "passive")])
def test_one_kind_of_session_runs_alone(project, metrics, tmp_path, session, other):
    """Also where encoders are there for a transfer, and what they are transferred to is not."""
    alone = copy_project(tmp_path)
    done = run_command(alone, "--env=test", f"--pipelines={NAME}", f"--sessions={session}")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(reporting(alone) / NAME / "metrics.csv", keep_default_na=False)
    among = metrics[metrics["subject"] == session].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, among)
    assert not (reporting(alone) / NAME / other).exists()
    for name, content in contents(alone / "data/07_model_output", "*seed*.npz").items():
        assert (project / "data/07_model_output" / name).read_bytes() == content, name
