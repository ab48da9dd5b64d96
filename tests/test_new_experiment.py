"""A new experiment is YAML: a description and a catalog entry in ``conf/local``, and no code."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from kedro_project import copy_project, manifest, provenance, reporting, run_command

N_TRIALS, BINS_PER_TRIAL, N_NEURONS = 12, 60, {"monday": 14, "tuesday": 9}

DESCRIPTION: dict[str, Any] = {
    "sessions": ["monday", "tuesday"],
    "source": {
        "name": "arrays",
        "bin_width_s": 0.05,
        "labels": {
            "place": {"kind": "continuous", "unit": "m"},
            "speed": {"kind": "continuous", "unit": "m/s"},
            "choice": {"kind": "discrete"},
        },
    },
    "split": {"by": "trial", "folds": 3, "scheme": "interleaved"},
    "training": {
        "encoder": {
            "architecture": "offset10-model", "hidden_units": 16, "output_dimension": 3
        },
        "optimizer": {"learning_rate": 0.01},
        "steps": 60,
        "batch_size": 128,
        "seeds": [0],
        "device": "cpu",
        "processes": 1,
    },
    "encoders": {
        "guided": {"labels": ["place"], "pairs": {"law": "time_delta", "time_offset_bins": 5}},
        "shuffled": {"like": "guided", "shuffle_labels": "encoder_and_decoder"},
    },
    "baselines": {"raw_window": {"bins": 10}, "pca": {}},
    "decode": {"place": {"decoders": ["knn", "ridge"]}, "choice": None},
    "compare": {"sessions": {"align": ["place"], "bins": 20}},
    "figures": ["embedding", "decoded", "scores", "loss", "consistency"],
}  # fmt: skip
CATALOG = {
    "mine.raw": {
        "type": "cebra_kedro.io.SessionsDataset",
        "sessions": ["monday", "tuesday"],
        "each": {"type": "cebra_kedro.io.NpzDataset", "filepath": "data/01_raw/{session}.npz"},
    }
}


def write_session(file: Path, n_neurons: int, seed: int) -> None:
    """Walks to and fro that neurons are tuned to; on some trials half of them fire more."""
    rng = np.random.default_rng(seed)
    n_time = N_TRIALS * BINS_PER_TRIAL
    place = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi * N_TRIALS, n_time))
    trial = np.repeat(np.arange(N_TRIALS), BINS_PER_TRIAL)
    choice = rng.permutation(np.arange(N_TRIALS) % 2)[trial]
    centres = rng.uniform(0, 1, n_neurons)
    rate = 3 * np.exp(-0.5 * ((place[:, None] - centres) / 0.15) ** 2)
    rate[:, ::2] *= 1 + 1.5 * choice[:, None]
    file.parent.mkdir(parents=True, exist_ok=True)
    labels = {"place": place, "speed": np.gradient(place, 0.05), "choice": choice}
    np.savez(file, neural=rng.poisson(rate), trial=trial, **labels)


def write(project: Path, description: dict[str, Any], catalog: dict[str, Any]) -> None:
    local = project / "conf" / "local"
    (local / "parameters_mine.yml").write_text(
        yaml.safe_dump({"mine": description}, sort_keys=False)
    )
    (local / "catalog_mine.yml").write_text(yaml.safe_dump(catalog))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with two recorded sessions, described and run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("new"))
    for number, (session, n_neurons) in enumerate(N_NEURONS.items()):
        write_session(project / "data" / "01_raw" / f"{session}.npz", n_neurons, number)
    write(project, DESCRIPTION, CATALOG)
    result = run_command(project, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 0, result.output
    return project


@pytest.fixture
def own(project, tmp_path) -> Path:
    """A copy to run in again."""
    return shutil.copytree(project, tmp_path / "own")


def scores(project: Path) -> pd.Series:
    """Mean over folds, by session, variant, decoder and metric."""
    table = pd.read_csv(reporting(project) / "mine" / "metrics.csv")
    return table.groupby(["subject", "variant", "decoder", "metric"])["value"].mean()


@pytest.mark.parametrize("session", N_NEURONS)
def test_both_labels_are_decoded_better_than_by_chance_and_by_the_control(project, session):
    of = scores(project)[session]
    for decoder in ("knn", "ridge"):
        guided = of["guided", decoder, "place_r2"]
        # found .83 to .95; the control and chance are near 0
        assert guided > of["shuffled", decoder, "place_r2"] + 0.4
        assert guided > of["guided", decoder, "chance_place_r2"] + 0.5
        assert of["guided", decoder, "place_error_median"] < 0.1  # of a track of 1 m
    choice = of["raw_window", "knn", "choice_balanced_accuracy"]
    assert choice > of["raw_window", "knn", "chance_choice_balanced_accuracy"] + 15


def test_tables_speak_the_user_s_names_and_units(project):
    table = pd.read_csv(reporting(project) / "mine" / "metrics.csv", keep_default_na=False)
    assert set(table["experiment"]) == {"mine"}
    assert list(table["subject"].unique()) == list(N_NEURONS)
    assert list(table["variant"].unique()) == ["guided", "shuffled", "raw_window", "pca"]
    units = table.drop_duplicates("metric").set_index("metric")["unit"]
    assert (units["place_error_median"], units["place_r2"]) == ("m", "")
    assert units["choice_accuracy"] == "%"


def test_sessions_are_compared_by_the_label_they_share(project):
    table = pd.read_csv(reporting(project) / "mine" / "consistency.csv")
    between = table[table["between"] == "sessions"]
    variant = between["source"].str.split("/").str[1]
    r2 = between.groupby(variant)["r2"].mean()
    assert set(r2.index) == {"guided", "shuffled", "pca"}
    assert r2["guided"] > 0.6  # found .8 to .95


def test_there_are_figures_and_a_section_of_the_report(project):
    folder = reporting(project) / "mine"
    for session in N_NEURONS:
        for figure in ("embedding", "decoded", "scores", "loss"):
            assert (folder / session / f"{figure}.png").is_file()
    assert (folder / "scores.png").is_file()
    assert (folder / "consistency.png").is_file()
    page = (reporting(project) / "report.html").read_text()
    assert "mine/monday/embedding.png" in page
    assert "All numbers on this page come from" not in page  # nothing was simulated


def test_the_run_says_which_files_the_recordings_are_from(project):
    raw = {entry["dataset"]: entry for entry in manifest(project)["raw_files"]}
    assert set(raw) == {"mine.recordings#monday", "mine.recordings#tuesday"}
    assert raw["mine.recordings#monday"]["shape"] == [N_TRIALS * BINS_PER_TRIAL, 14]
    noted = provenance(project)["mine/metrics.csv#monday"]
    assert (noted["simulated"], noted["checksum_status"]) == (False, "own")
    file = Path(raw["mine.recordings#monday"]["source"])
    assert file.name == "monday.npz"
    digest = hashlib.sha256((project / file).read_bytes()).hexdigest()
    assert raw["mine.recordings#monday"]["checksum"] == digest


def test_an_encoder_and_a_target_are_two_lines(own):
    description = yaml.safe_load(yaml.safe_dump(DESCRIPTION))
    description["encoders"]["together"] = {"like": "guided", "sessions": "joint"}
    description["decode"]["speed"] = {"decoders": ["ridge"]}
    write(own, description, CATALOG)
    models = own / "data" / "06_models" / "mine"
    before = {file: file.stat().st_mtime_ns for file in models.rglob("*.pt")}
    result = run_command(own, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 0, result.output
    # what was trained stays
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len(list((models / "together" / "joint").glob("*.pt"))) == 3
    for session in N_NEURONS:
        of = scores(own)[session]
        assert of["together", "knn", "place_r2"] > of["shuffled", "knn", "place_r2"] + 0.4
        assert np.isfinite(of["together", "ridge", "speed_error_median"])


def test_a_session_is_a_name_and_a_file(own):
    write_session(own / "data" / "01_raw" / "friday.npz", 11, 7)
    description = yaml.safe_load(yaml.safe_dump(DESCRIPTION))
    description["sessions"].append("friday")
    catalog = yaml.safe_load(yaml.safe_dump(CATALOG))
    catalog["mine.raw"]["sessions"].append("friday")
    write(own, description, catalog)
    before = scores(own)
    result = run_command(own, "--pipelines", "mine", "--env", "test", "--sessions", "friday")
    assert result.exit_code == 0, result.output
    after = scores(own)
    assert set(after.index.get_level_values("subject")) == {*N_NEURONS, "friday"}
    pd.testing.assert_series_equal(after.drop("friday"), before)
    notes = provenance(own)
    runs = {s: notes[f"mine/metrics.csv#{s}"]["run_id"] for s in (*N_NEURONS, "friday")}
    assert runs["monday"] == runs["tuesday"] != runs["friday"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sesions": ["monday"]}, "unknown parameter mine.sesions (did you mean sessions?)"),
        ({"source": "arays"}, "mine.source: there is no source 'arays'"),
        ({"split": {"by": "block", "folds": 3.5}}, "mine.split.folds"),
        ({"figures": ["embeding"]}, "did you mean embedding?"),
        ({"decode": {"place": {"decoders": ["svm"]}}}, "mine.decode.place"),
        ({"baselines": {"pca": {"n": 3}}}, "mine.baselines.pca"),
    ],
)
def test_a_wrong_description_is_refused_with_file_and_key_and_stops_no_other(own, change, message):
    write(own, DESCRIPTION | change, CATALOG)
    result = run_command(own, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "conf/local/parameters_mine.yml" in result.stderr
    other = run_command(
        own, "--pipelines", "ingestion", "--namespaces", "ingestion.hippocampus", "--env", "test"
    )
    assert other.exit_code == 0, other.output


def test_labels_that_the_recordings_do_not_have_are_named_before_training(own):
    description = DESCRIPTION | {"decode": {"height": None}}
    write(own, description, CATALOG)
    result = run_command(own, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 1
    assert "decode.height names height, but the labels are place, speed, choice" in result.stderr
