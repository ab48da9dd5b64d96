"""Runs of the whole project, from simulated recordings to the report."""

from __future__ import annotations

import html
import json
import os
import platform
import re
import struct
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Experiment
from cebra_kedro.io import SimulatedDataset, StoreDataset
from cebra_kedro.io.figure_dataset import without_texts
from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.store import Store
from kedro_project import ONE_RAT, PROJECT, contents, manifest, provenance, reporting, run_session

METRIC_COLUMNS = ["experiment", "subject", "variant", "fold", "seed", "decoder"]
METRIC_COLUMNS += ["metric", "value", "unit"]
METRICS = ("position_error_median", "position_r2", "total_r2", "direction_accuracy")
FOLDS, SEEDS = range(3), range(2)  # conf/test
RATS = ("achilles", "buddy", "cicero", "gatsby")
ALONE = ("direction", "hybrid", "position", "position_direction", "shuffled", "time")
"""Encoders of one rat, one a fold and seed; besides, one for all folds, and one for all rats."""
STEPS = 5


@cache
def description() -> Experiment:
    """What ``conf/base`` and ``conf/test`` say of the rats."""
    block = configuration(PROJECT / "conf", "test")["parameters"]["hippocampus"]
    return Experiment.model_validate(block)


def store(project: Path, folder: str, contents: str) -> Store:
    return StoreDataset(path=project / "data" / folder, contents=contents).load()


def embeddings(project: Path, encoder: str) -> Store:
    return store(project, f"07_model_output/hippocampus/{encoder}/embeddings", "arrays")


def models(project: Path, encoder: str) -> Store:
    return store(project, f"06_models/hippocampus/{encoder}", "models")


def recordings(project: Path) -> Store:
    return store(project, "02_intermediate/hippocampus", "recordings")


def metrics(project: Path, rat: str = "buddy") -> pd.DataFrame:
    table = pd.read_csv(reporting(project) / "hippocampus/metrics.csv")
    return table[table["subject"] == rat].reset_index(drop=True)


def runs_of(variant: str) -> set[tuple[int, int]]:
    seeds = [0] if variant in description().baselines else SEEDS
    return {(fold, seed) for fold in FOLDS for seed in seeds}


@pytest.mark.parametrize(("which", "left_out"), [("one_rat", {"together"}), ("all_rats", set())])
def test_metrics_of_a_rat_are_complete_and_in_their_ranges(request, which, left_out):
    """The encoder of all rats is trained only where all of them run."""
    table = metrics(request.getfixturevalue(which))
    assert list(table.columns) == METRIC_COLUMNS
    described = description()
    variants = {*described.encoders, *described.baselines} - left_out
    assert set(table["variant"]) == variants
    for variant, rows in table.groupby("variant"):
        expected = {*METRICS, *(f"chance_{name}" for name in METRICS)}
        expected |= {"goodness_of_fit"} if variant in described.encoders else set()
        if variant in described.encoders and described.encoders[variant].fit_on != "all":
            expected |= {"goodness_of_fit_test"}
        assert len(rows) == len(expected) * len(runs_of(variant))
        for _, one in rows.groupby(["fold", "seed"]):
            assert set(one["metric"]) == expected
        assert set(zip(rows["fold"], rows["seed"], strict=True)) == runs_of(variant)
    assert set(table["experiment"]) == {"hippocampus"}
    value = table.set_index("metric")["value"]
    assert np.isfinite(value).all()
    assert value["position_error_median"].between(0, 1.6).all()  # the track is 1.6 m long
    assert value["direction_accuracy"].between(0, 100).all()
    assert (value["total_r2"] <= 1).all()


def test_chance_is_the_same_for_all_variants_of_a_fold(one_rat):
    table = metrics(one_rat)
    chance = table[table["metric"].str.startswith("chance_")]
    assert (chance.groupby(["fold", "metric"])["value"].nunique() == 1).all()


def test_there_is_an_embedding_of_every_fold_and_seed_over_all_time_bins(one_rat):
    n_time = recordings(one_rat)["buddy"].n_time
    folds = [f"buddy/fold{fold}_seed{seed}" for fold in FOLDS for seed in SEEDS]
    expected = dict.fromkeys(ALONE, folds)
    expected["time_transductive"] = ["buddy/all_seed0", "buddy/all_seed1"]
    expected["pca"] = [f"buddy/fold{fold}_seed0" for fold in FOLDS]
    expected["together"] = []
    for variant, keys in expected.items():
        found = embeddings(one_rat, variant)
        assert list(found) == keys, variant
        for entry in found.values():
            assert set(entry) == {"embedding"}
            assert entry["embedding"].shape == (n_time, 3)
            assert entry["embedding"].dtype == np.float32


def test_all_encoders_together_are_one_index_of_the_same_files(one_rat):
    together = store(one_rat, "07_model_output/hippocampus", "arrays")
    for variant in (*ALONE, "time_transductive", "pca"):
        alone = embeddings(one_rat, variant)
        assert {together.path(f"{variant}/{key}").resolve() for key in alone} == {
            alone.path(key).resolve() for key in alone
        }
    assert len(together) == 6 * len(ALONE) + 2 + 3


def test_embeddings_and_predictions_open_without_this_package(one_rat):
    """By numpy, in a process that has never heard of the project."""
    folder = one_rat / "data/07_model_output/hippocampus"
    program = """
import json, sys
import numpy as np
embedding = np.load(sys.argv[1], allow_pickle=False)["embedding"]
decoded = np.load(sys.argv[2], allow_pickle=False)
print(json.dumps({
    "embedding": embedding.shape,
    "keys": sorted(decoded),
    "error": float(np.median(np.abs(decoded["rat/knn/position"] - decoded["rat/position"]))),
    "scores": json.loads(str(decoded["scores"])),
}))
assert not [name for name in sys.modules if name.startswith(("cebra", "kedro"))]
"""
    files = [
        folder / "position/embeddings/buddy/fold0_seed0.npz",
        folder / "predictions/buddy/position/fold0_seed0.npz",
    ]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["embedding"] == [1280, 3]
    arrays = {"row", "position", "direction", "knn/position", "knn/direction"}
    assert {f"rat/{name}" for name in arrays} <= set(found["keys"])
    scores = {metric: value for _, metric, value, _ in found["scores"]}
    # float32 positions of at most 1.6 m
    assert found["error"] == pytest.approx(scores["position_error_median"], abs=1e-6)


def test_predictions_are_of_test_rows_and_hold_what_was_true_there(one_rat):
    recording = recordings(one_rat)["buddy"]
    parts = store(one_rat, "03_primary/hippocampus", "arrays")["buddy"]["part"]
    predictions = store(one_rat, "07_model_output/hippocampus/predictions", "arrays")
    assert {key.split("/")[1] for key in predictions} == set(metrics(one_rat)["variant"])
    for key, arrays in predictions.items():
        rows, fold = arrays["rat/row"], int(key.split("/fold")[1][0])
        assert set(parts[fold][rows]) == {2}
        true = recording.labels["position"].values[rows]
        np.testing.assert_array_equal(arrays["rat/position"].ravel(), true.ravel())


def test_models_are_there_and_give_the_embeddings_beside_them(one_rat):
    recording = recordings(one_rat)["buddy"]
    for variant in (*ALONE, "time_transductive"):
        found, embedded = models(one_rat, variant), embeddings(one_rat, variant)
        assert list(found) == list(embedded)
        key = next(iter(found))
        again = found[key].transform(recording.neural, recording.segment())
        # The same weights and input on the same machine; float32 of size ~1.
        np.testing.assert_allclose(again, embedded[key]["embedding"], atol=1e-5)


def test_a_model_is_exported_for_cebra(one_rat, tmp_path):
    """And read by CEBRA itself, it gives the embedding of the run."""
    import cebra

    from cebra_kedro.training.export import export_to_cebra

    export_to_cebra(models(one_rat, "position")["buddy/fold0_seed0"], tmp_path / "model.pt")
    theirs = cebra.CEBRA.load(tmp_path / "model.pt", weights_only=False)
    recording = recordings(one_rat)["buddy"]
    row = slice(0, int(np.flatnonzero(np.diff(recording.segment()))[0]) + 1)  # the first trial
    embedding = embeddings(one_rat, "position")["buddy/fold0_seed0"]["embedding"]
    # CEBRA pads the borders of an input as a run pads those of a trial; float32 of size ~1
    np.testing.assert_allclose(
        theirs.transform(recording.neural[row].astype(np.float32)), embedding[row], atol=1e-4
    )


def test_one_encoder_of_all_rats_embeds_each_of_them(all_rats):
    found = models(all_rats, "together")
    assert list(found) == [f"joint/fold{fold}_seed{seed}" for fold in FOLDS for seed in SEEDS]
    embedded = embeddings(all_rats, "together")
    assert {key.split("/")[0] for key in embedded} == set(RATS)
    model = found["joint/fold0_seed0"]
    for number, (rat, recording) in enumerate(recordings(all_rats).items()):
        again = model.transform(recording.neural, recording.segment(), number)
        of_run = embedded[f"{rat}/fold0_seed0"]["embedding"]
        # as above
        np.testing.assert_allclose(again, of_run, atol=1e-5)


def test_loss_histories_have_every_step_of_every_encoder(one_rat):
    for variant in (*ALONE, "time_transductive"):
        for model in models(one_rat, variant).values():
            history = model.history()
            assert {"step", "loss", "learning_rate"} <= set(history.columns)
            assert len(history) == STEPS
            assert np.isfinite(history["loss"]).all()


def png_size(file: Path) -> tuple[int, int]:
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:])


def test_figures_are_pictures(all_rats):
    folder = reporting(all_rats) / "hippocampus"
    expected = {"scores.png", "consistency.png"}
    for rat in RATS:
        named = ("embedding", "decoded", "scores", "loss", "attribution", "consistency")
        expected |= {f"{rat}/{figure}.png" for figure in named}
    assert set(contents(folder, "*.png")) == expected
    for file in expected:
        assert min(png_size(folder / file)) > 100


def test_manifest_says_what_the_run_was_made_of(one_rat):
    facts = manifest(one_rat)
    assert (facts["status"], facts["environment"]) == ("finished", "test")
    assert (facts["pipelines"], facts["namespaces"]) == (["hippocampus"], [])
    assert facts["sessions"] == ["buddy"]
    assert facts["seeds"] == {"hippocampus": list(SEEDS)}
    assert facts["parameters"]["hippocampus"]["training"]["steps"] == STEPS
    assert facts["packages"]["torch"] == version("torch")
    assert facts["packages"]["cebra"] == version("cebra")
    assert facts["python"] == platform.python_version()
    assert facts["device"].startswith("cpu")
    assert facts["git_commit"] is None  # the test's folder is no repository
    assert facts["git_dirty"] is None
    assert facts["started_at"] <= facts["finished_at"]


def test_manifest_knows_the_raw_recording_by_its_checksum(one_rat):
    (raw,) = manifest(one_rat)["raw_files"]
    # conf/test/catalog_hippocampus.yml
    arguments = {"seed": 2, "n_units": 10, "n_trials": 16, "n_bins": 1280}
    generator = "cebra_kedro.simulate.hippocampus.simulate_rat"
    simulated = SimulatedDataset(generator=generator, arguments=arguments).load()
    (source,) = (raw.pop("source"),)
    assert "simulate_rat" in source
    assert "seed=2" in source
    assert raw == {
        "dataset": "hippocampus.recordings#buddy",
        "shape": [1280, 10],
        "checksum": simulated.checksum,
        "checksum_status": "simulated",
        "simulated": True,
    }


def test_manifest_times_every_node(one_rat):
    seconds = manifest(one_rat)["node_seconds"]
    stages = stages_of("hippocampus", description()).values()
    assert set(seconds) == {node.name for stage in stages for node in stage.nodes}
    assert all(value >= 0 for value in seconds.values())
    assert sum(seconds.values()) <= manifest(one_rat)["seconds"] + 0.1  # rounded to 0.1 s


@pytest.mark.parametrize("which", ["one_rat", "all_rats"])
def test_every_result_is_marked_as_simulated(request, which):
    project = request.getfixturevalue(which)
    known = provenance(project)
    results = [*contents(reporting(project), "*.png"), *contents(reporting(project), "*.csv")]
    rats = 1 if which == "one_rat" else 4
    n_tables = 3 if which == "one_rat" else 4  # without consistency, and with it
    assert len(results) == 6 * rats + 2 + n_tables
    for result in results:
        assert known[result]["simulated"] is True, result
        assert known[result]["checksum_status"] == "simulated"
        assert known[result]["run_id"] == manifest(project)["run_id"]


def test_report_shows_the_scores_and_every_figure(one_rat):
    page = (reporting(one_rat) / "report.html").read_text()
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    table = metrics(one_rat)
    chosen = table[table["metric"] == "position_error_median"]
    for variant, score in chosen.groupby("variant")["value"].mean().items():
        assert variant in page, variant
        assert f"{score:.3f}".lstrip("0") in text, (variant, score)
    for figure in contents(reporting(one_rat), "*.png"):
        assert f"<code>{figure}</code>" in page
    assert "simulated" in text


def test_a_rat_alone_gives_the_same_bytes_as_among_all(one_rat, all_rats):
    """The same seed in two project folders; also, no rat depends on another."""
    folder = "data/07_model_output"
    alone = contents(one_rat / folder, "fold*_seed*.npz")
    among = contents(all_rats / folder, "fold*_seed*.npz")
    assert {name for name in among if "buddy" in name and "together" not in name} == set(alone)
    for name, content in alone.items():
        assert among[name] == content, name


def test_rows_of_a_rat_alone_are_those_it_has_among_all(one_rat, all_rats):
    among = metrics(all_rats)
    without = among[among["variant"] != "together"].reset_index(drop=True)
    pd.testing.assert_frame_equal(metrics(one_rat), without)


def test_rats_stand_one_below_another_in_the_table(all_rats):
    table = pd.read_csv(reporting(all_rats) / "hippocampus/metrics.csv")
    decoded = table[~table["metric"].str.startswith("goodness_of_fit")]
    changes = decoded["subject"].ne(decoded["subject"].shift())
    assert tuple(decoded.loc[changes, "subject"]) == RATS


def test_consistency_is_compared_between_seeds_and_between_rats(all_rats):
    table = pd.read_csv(reporting(all_rats) / "hippocampus/consistency.csv")
    assert list(table.columns) == ["experiment", "between", "source", "target", "r2"]
    described = description()
    (aligned,) = described.compare.sessions
    rats, variants = len(RATS), len(aligned.variants or ())
    assert (table["between"] == "sessions").sum() == rats * (rats - 1) * variants
    per_fold = len(description().encoders) - 1
    # ordered pairs of two seeds, in each fold; those of `time_transductive` are the same for all
    of_a_rat = per_fold * len(FOLDS) * 2 + 2
    assert (table["between"] == "seeds").sum() == rats * of_a_rat
    assert table["r2"].max() <= 1 + 1e-5  # float32
    seeds = table[table["between"] == "seeds"]
    assert seeds["source"].str.startswith("achilles/").sum() == of_a_rat
    ends = table[table["between"] == "sessions"][["source", "target"]].map(
        lambda name: tuple(name.split("/"))
    )
    for source, target in ends.to_numpy():
        assert source[0] != target[0]
        assert source[1:] == target[1:]  # one variant, fold and seed


def test_results_list_the_digest_of_every_table_and_figure(all_rats):
    import hashlib

    folder = reporting(all_rats) / "hippocampus"
    listed = json.loads((folder / "results.json").read_text())
    for file, content in contents(folder, "*.csv").items():
        assert listed.pop(file.removesuffix(".csv")) == hashlib.sha256(content).hexdigest()
    about = json.loads((folder / "about.json").read_text())
    sorted_text = json.dumps(about, sort_keys=True).encode()
    assert listed.pop("about") == hashlib.sha256(sorted_text).hexdigest()
    assert listed.pop("explorer") == {
        file.removesuffix(".json"): hashlib.sha256(content).hexdigest()
        for file, content in contents(folder, "explorer.json").items()
    }
    pictures = {
        f"{name}.png": digest for figure in listed.values() for name, digest in figure.items()
    }
    assert pictures == {
        file: hashlib.sha256(without_texts(content)).hexdigest()
        for file, content in contents(folder, "*.png").items()
    }


@pytest.mark.data
def test_the_published_file_is_verified_and_marked_as_real(project):
    file = Path(os.environ.get("CEBRA_KEDRO_DATA", "."), "rat_hippocampus", "buddy.jl")
    if not file.is_file():
        pytest.skip(f"no published recording at {file}; set CEBRA_KEDRO_DATA")
    run_session(
        project, env="paper", namespaces=["ingestion.hippocampus"], params=ONE_RAT["params"]
    )
    (raw,) = manifest(project)["raw_files"]
    assert raw["shape"] == [6577, 48]
    assert raw["checksum"] == "36341322907708c466871bf04bc133c2"
    assert (raw["checksum_status"], raw["simulated"]) == ("verified", False)
    splits = provenance(project)["../03_primary/hippocampus/index.json#buddy"]
    assert (splits["checksum_status"], splits["simulated"]) == ("verified", False)
