"""Runs of the whole project, from simulated recordings to the report."""

import html
import os
import platform
import re
import struct
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.experiments import HIPPOCAMPUS
from cebra_kedro.io import ModelStoreDataset, NpzDataset, RecordingDataset, SimulatedDataset
from cebra_kedro.pipeline_registry import register_pipelines
from kedro_project import RAT, contents, manifest, provenance, reporting, run_session

METRIC_COLUMNS = ["experiment", "subject", "variant", "fold", "seed", "decoder"]
METRIC_COLUMNS += ["metric", "value", "unit"]
METRICS = ("position_error_median", "position_r2", "total_r2", "direction_accuracy")
FOLDS, SEEDS = range(3), range(2)  # conf/test


def output(project: Path, *parts: str) -> Path:
    return project.joinpath("data/07_model_output/hippocampus/buddy", *parts)


def metrics(project: Path) -> pd.DataFrame:
    return pd.read_csv(reporting(project) / "hippocampus/buddy/metrics.csv")


def test_metrics_of_a_rat_are_complete_and_in_their_ranges(one_rat):
    table = metrics(one_rat)
    assert list(table.columns) == METRIC_COLUMNS
    assert set(table["variant"]) == set(HIPPOCAMPUS.variants)
    for variant, rows in table.groupby("variant"):
        trained = variant in HIPPOCAMPUS.trained_variants
        seeds = SEEDS if trained else [0]
        expected = {*METRICS, *(f"chance_{name}" for name in METRICS)}
        expected |= {"goodness_of_fit"} if trained else set()
        assert len(rows) == len(expected) * len(FOLDS) * len(seeds)
        for _, one in rows.groupby(["fold", "seed"]):
            assert set(one["metric"]) == expected
    assert (set(table["experiment"]), set(table["subject"])) == ({"hippocampus"}, {"buddy"})
    value = table.set_index("metric")["value"]
    assert np.isfinite(value).all()
    assert value["position_error_median"].between(0, 1.6).all()  # the track is 1.6 m long
    assert value["direction_accuracy"].between(0, 100).all()
    assert (value["total_r2"] <= 1).all()


def test_chance_is_the_same_for_all_variants_of_a_fold(one_rat):
    table = metrics(one_rat)
    chance = table[table["metric"].str.startswith("chance_")]
    assert (chance.groupby(["fold", "metric"])["value"].nunique() == 1).all()


def test_embeddings_hold_what_is_needed_to_plot_and_decode_them(one_rat):
    recording = RecordingDataset(
        filepath=one_rat / "data/02_intermediate/hippocampus/buddy/recording.h5"
    ).load()
    splits = NpzDataset(filepath=one_rat / "data/03_primary/hippocampus/buddy/splits.npz").load()
    for variant in HIPPOCAMPUS.variants:
        seeds = SEEDS if variant in HIPPOCAMPUS.trained_variants else [0]
        files = {file.stem: file for file in output(one_rat, variant, "embeddings").iterdir()}
        assert set(files) == {f"fold{fold}_seed{seed}" for fold in FOLDS for seed in seeds}
        for key, file in files.items():
            entry = NpzDataset(filepath=file).load()
            assert set(entry) == {"embedding", "part", "trial", "time_s", *recording.labels}
            assert all(len(array) == recording.n_time for array in entry.values())
            assert entry["embedding"].dtype == np.float32
            np.testing.assert_array_equal(entry["part"], splits["part"][int(key[4])])


def test_models_are_there_and_give_the_embeddings_beside_them(one_rat):
    folder = one_rat / "data/06_models/hippocampus/buddy"
    recording = RecordingDataset(
        filepath=one_rat / "data/02_intermediate/hippocampus/buddy/recording.h5"
    ).load()
    for variant in HIPPOCAMPUS.trained_variants:
        models = ModelStoreDataset(filepath=folder / variant).load()
        names = ["all"] if variant == "time_transductive" else [f"fold{fold}" for fold in FOLDS]
        assert set(models) == {f"{name}_seed{seed}" for name in names for seed in SEEDS}
        key = next(iter(models))
        saved = NpzDataset(
            filepath=output(one_rat, variant, "embeddings", key.replace("all", "fold0") + ".npz")
        ).load()
        again = models[key].transform(recording.neural, recording.segment())
        # The same weights and input on the same machine; float32 of size ~1.
        np.testing.assert_allclose(again, saved["embedding"], atol=1e-5)


def test_loss_histories_have_every_step_of_every_encoder(one_rat):
    for variant in HIPPOCAMPUS.trained_variants:
        history = pd.read_csv(output(one_rat, variant, "loss_history.csv"))
        assert {"fold", "seed", "step", "loss", "learning_rate"} <= set(history.columns)
        folds = 1 if variant == "time_transductive" else len(FOLDS)
        assert len(history) == 5 * folds * len(SEEDS)
        assert np.isfinite(history["loss"]).all()


def png_size(file: Path) -> tuple[int, int]:
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:])


def test_figures_of_a_rat_are_pictures(one_rat):
    files = sorted((reporting(one_rat) / "hippocampus/buddy").glob("*.png"))
    assert [file.stem for file in files] == [
        "decoded_position",
        "embedding",
        "error",
        "loss",
        "seed_consistency",
    ]
    for file in files:
        assert min(png_size(file)) > 100


def test_manifest_says_what_the_run_was_made_of(one_rat):
    facts = manifest(one_rat)
    assert (facts["status"], facts["environment"]) == ("finished", "test")
    assert (facts["pipelines"], facts["namespaces"]) == (["__default__"], [RAT])
    assert facts["seeds"] == {"hippocampus": list(SEEDS)}
    assert facts["parameters"]["hippocampus"]["training"]["steps"] == 5
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
    assert raw == {
        "dataset": f"{RAT}.recording",
        "shape": [1280, 10],
        "source": simulated.source,
        "checksum": simulated.checksum,
        "checksum_status": "simulated",
        "simulated": True,
    }


def test_manifest_times_every_node(one_rat):
    seconds = manifest(one_rat)["node_seconds"]
    nodes = register_pipelines()["__default__"].only_nodes_with_namespaces([RAT]).nodes
    assert set(seconds) == {node.name for node in nodes}
    assert all(value >= 0 for value in seconds.values())
    assert sum(seconds.values()) <= manifest(one_rat)["seconds"] + 0.1  # rounded to 0.1 s


def test_every_result_is_marked_as_simulated(all_rats):
    known = provenance(all_rats)
    results = [*contents(reporting(all_rats), "*.png"), *contents(reporting(all_rats), "*.csv")]
    assert len(results) == 4 * 6 + 4
    for result in results:
        assert known[result]["simulated"] is True, result
        assert known[result]["checksum_status"] == "simulated"
        assert known[result]["run_id"] == manifest(all_rats)["run_id"]


def test_report_shows_the_scores_and_every_figure(one_rat):
    page = (reporting(one_rat) / "report.html").read_text()
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    table = metrics(one_rat)
    chosen = table[table["metric"] == "position_error_median"]
    for variant, score in chosen.groupby("variant")["value"].mean().items():
        assert variant in page, variant
        assert f"{score:.3f}".lstrip("0") in text, (variant, score)
    for figure in (reporting(one_rat) / "hippocampus/buddy").glob("*.png"):
        assert f'src="hippocampus/buddy/{figure.name}"' in page
    assert "simulated" in text


def test_a_rat_alone_gives_the_same_bytes_as_among_all(one_rat, all_rats):
    """The same seed in two project folders; also, no rat depends on another."""
    for folder, pattern in (("08_reporting/hippocampus/buddy", "*"), ("07_model_output", "*.csv")):
        alone = contents(one_rat / "data" / folder, pattern)
        among = contents(all_rats / "data" / folder, pattern)
        assert alone
        for name, content in alone.items():
            assert among[name] == content, name


def test_tables_of_the_experiment_are_those_of_the_rats_one_below_another(all_rats):
    folder = reporting(all_rats) / "hippocampus"
    tables = [pd.read_csv(folder / rat / "metrics.csv") for rat in HIPPOCAMPUS.subjects]
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "metrics.csv"), pd.concat(tables, ignore_index=True)
    )


def test_consistency_is_compared_between_seeds_and_between_rats(all_rats):
    table = pd.read_csv(reporting(all_rats) / "hippocampus/consistency.csv")
    assert list(table.columns) == ["experiment", "between", "source", "target", "r2"]
    rats, variants = len(HIPPOCAMPUS.subjects), len(HIPPOCAMPUS.compared_variants)
    assert (table["between"] == "subjects").sum() == rats * (rats - 1) * variants
    encoders = len(HIPPOCAMPUS.trained_variants)
    assert (table["between"] == "seeds").sum() == rats * encoders * len(FOLDS) * 2
    assert table["r2"].max() <= 1 + 1e-5  # float32
    seeds = table[table["between"] == "seeds"]
    assert seeds["source"].str.startswith("achilles/").sum() == len(seeds) / rats
    for name in ("error", "consistency"):
        assert (reporting(all_rats) / f"hippocampus/{name}.png").is_file()


@pytest.mark.data
def test_the_published_file_is_verified_and_marked_as_real(project):
    file = Path(os.environ.get("CEBRA_KEDRO_DATA", "."), "rat_hippocampus", "buddy.jl")
    if not file.is_file():
        pytest.skip(f"no published recording at {file}; set CEBRA_KEDRO_DATA")
    run_session(project, env="paper", pipeline_names=["ingestion"], namespaces=[RAT])
    (raw,) = manifest(project)["raw_files"]
    assert raw["shape"] == [6577, 48]
    assert raw["checksum"] == "36341322907708c466871bf04bc133c2"
    assert (raw["checksum_status"], raw["simulated"]) == ("verified", False)
    splits = provenance(project)["../03_primary/hippocampus/buddy/splits.npz"]
    assert (splits["checksum_status"], splits["simulated"]) == ("verified", False)
