"""The movie from simulated files to figures, and what its small encoders must reach."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Experiment
from cebra_kedro.io import StoreDataset
from cebra_kedro.store import Store
from kedro_project import PROJECT, copy_project, reporting, run_command, run_session

NAME = "allen_decoding"
AREA = "VISp"
METRICS = ("frame_accuracy_1s", "frame_error_mean", "frame_error_median", "scene_accuracy")


@cache
def description(name: str, env: str) -> Experiment:
    return Experiment.model_validate(configuration(PROJECT / "conf", env)["parameters"][name])


def store(project: Path, folder: str, contents: str) -> Store:
    return StoreDataset(path=project / "data" / folder, contents=contents).load()


@pytest.fixture(scope="module")
def one_area(tmp_path_factory) -> Path:
    """A project in which one area has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("one_area"))
    run_session(project, pipeline_names=[NAME], params={"only_sessions": [AREA]})
    return project


@pytest.fixture(scope="module")
def metrics(one_area) -> pd.DataFrame:
    return pd.read_csv(reporting(one_area) / NAME / "metrics.csv")


def test_every_variant_of_an_area_is_scored_by_both_decoders(metrics):
    decoded = metrics[~metrics["metric"].str.startswith("goodness_of_fit")]
    assert set(decoded["subject"]) == {AREA}
    described = description(NAME, "test")
    assert set(decoded["variant"]) == {readout.name for readout in described.readouts}
    expected = {*METRICS, *(f"chance_{name}" for name in METRICS)}
    for (variant, decoder), rows in decoded.groupby(["variant", "decoder"]):
        seeds = [0] if variant in described.baselines else [0, 1]
        assert sorted(rows["seed"].unique()) == seeds
        assert set(rows["metric"]) == expected, (variant, decoder)
    assert set(decoded["decoder"]) == {"knn", "bayes"}
    of_variants = decoded.groupby("variant")["decoder"].nunique()
    assert set(of_variants) == {2}


def test_figures_of_an_area_and_of_the_experiment_are_there(one_area):
    folder = reporting(one_area) / NAME
    of_area = {"activity", "embedding", "frames_decoded", "frames_confusion", "scores", "loss"}
    assert of_area <= {path.stem for path in (folder / AREA).glob("*.png")}
    assert {"scores", "by_neurons", "movie_map"} <= {path.stem for path in folder.glob("*.png")}


def test_the_split_is_by_repeat_and_the_last_one_is_tested(one_area):
    recordings = store(one_area, f"02_intermediate/{NAME}", "recordings")
    splits = store(one_area, f"03_primary/{NAME}", "arrays")
    assert set(recordings) == set(splits) == {f"{AREA}/ca", f"{AREA}/neuropixels"}
    for key, recording in recordings.items():
        (part,) = splits[key]["part"]
        repeat = recording.labels["repeat"].values
        parts = {int(each): set(part[repeat == each].tolist()) for each in np.unique(repeat)}
        assert parts == {**{each: {0} for each in range(8)}, 8: {1}, 9: {2}}


def test_a_joint_encoder_has_a_network_and_an_embedding_of_each_population(one_area):
    recordings = store(one_area, f"02_intermediate/{NAME}", "recordings")
    model = store(one_area, f"06_models/{NAME}/joint", "models")[f"{AREA}/fold0_seed0"]
    embedded = store(one_area, f"07_model_output/{NAME}/joint/embeddings", "arrays")
    assert len(model.n_neurons) == 2
    for number, population in enumerate(("ca", "neuropixels")):
        recording = recordings[f"{AREA}/{population}"]
        saved = embedded[f"{AREA}/{population}/fold0_seed0"]["embedding"]
        again = model.transform(recording.neural, recording.segment(), number)
        # the same weights and input on the same machine; float32 of size ~1
        np.testing.assert_allclose(again, saved, atol=1e-5)


def test_predictions_are_frames_of_the_test_repeat(one_area):
    recordings = store(one_area, f"02_intermediate/{NAME}", "recordings")
    folder = one_area / f"data/07_model_output/{NAME}/predictions/{AREA}"
    for variant, population in (("joint_ca", "ca"), ("raw_neuropixels", "neuropixels")):
        with np.load(folder / variant / "fold0_seed0.npz", allow_pickle=False) as decoded:
            labels = recordings[f"{AREA}/{population}"].labels
            rows = decoded["frame/row"]
            assert set(labels["repeat"].values[rows]) == {9}
            np.testing.assert_array_equal(decoded["frame/frame"], labels["frame"].values[rows])
            assert len(rows) == 900  # one of each frame
            for decoder in ("knn", "bayes"):
                assert set(decoded[f"frame/{decoder}/frame"]) <= set(range(900))


def test_the_sweep_has_every_number_of_neurons(one_area):
    table = pd.read_csv(reporting(one_area) / NAME / "sweep.csv")
    assert set(table["variant"]) == {"neuropixels", "raw_neuropixels"}
    for _, rows in table.groupby("variant"):
        assert set(rows["n_neurons"]) == {4, 8}  # conf/test
    assert set(table["metric"]) == {*METRICS, *(f"chance_{name}" for name in METRICS)}


def test_consistency_compares_sessions_encoders_and_populations(project, capsys):
    run_session(project, pipeline_names=["allen_consistency"])
    # nothing is decoded, so that there are no scores on test data to show
    assert "allen_consistency: mean R² of the linear map" in capsys.readouterr().out
    folder = reporting(project) / "allen_consistency"
    table = pd.read_csv(folder / "consistency.csv")
    areas = len(description("allen_consistency", "test").sessions)
    # ordered pairs of areas; two groups of neurons (encoders) of two populations in each area
    pairs = areas * (areas - 1)
    assert table.groupby("between").size().to_dict() == {
        "sessions": pairs * 2 * 2,
        "sessions and populations": pairs * 2 * 2,
        "encoders": areas * 2 * 2,
        "populations": areas * 2 * 2,
    }
    assert np.isfinite(table["r2"]).all()
    ends = table[["source", "target"]].map(lambda name: name.split("/"))
    alike = table["between"].isin(["encoders", "populations"])
    same_area = ends["source"].str[0] == ends["target"].str[0]
    pd.testing.assert_series_equal(same_area, alike, check_names=False)
    assert "consistency" in {path.stem for path in folder.glob("*.png")}


@pytest.mark.parametrize("name", [NAME, "allen_consistency"])
def test_published_files_that_are_missing_are_named_before_any_work(project, name, monkeypatch):
    monkeypatch.delenv("CEBRA_KEDRO_DATA", raising=False)
    result = run_command(project, "--env", "paper", "--pipelines", name)
    assert result.exit_code == 1
    wanted = ("calcium_excitatory/VISp", "pseudomouse_120_filtered.jl", "testfeat.pth", "figshare")
    assert all(part in result.stderr for part in wanted)
    assert not (project / "data" / "02_intermediate").exists()


def test_only_the_files_of_the_sessions_of_a_run_are_asked_for(project, monkeypatch):
    monkeypatch.delenv("CEBRA_KEDRO_DATA", raising=False)
    result = run_command(project, "--env=paper", f"--pipelines={NAME}", "--sessions=VISam")
    assert result.exit_code == 1
    assert "VISam" in result.stderr
    assert "VISp" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_encoder_decodes_more_than_raw_activity_and_shuffled_labels_nothing(seed):
    """The settings of ``conf/base``, which leave a margin of several per cent for each seed."""
    from cebra_kedro.decoding import DecoderSettings, Samples
    from cebra_kedro.decoding.protocols import protocol
    from cebra_kedro.pipelines.training.jobs import jobs_of
    from cebra_kedro.sources.registry import source
    from cebra_kedro.splits import split_recording
    from cebra_kedro.training.loop import train

    described = description(NAME, "base")
    described = described.model_copy(
        update={"training": described.training.model_copy(update={"seeds": (seed,)})}
    )
    recording = source(described.source.name)(
        simulated_area(seed=7), session=AREA, population="neuropixels", **described.source.options
    )
    part = split_recording(recording, described.split.by, **described.split.options)
    key = f"{AREA}/neuropixels"
    settings = DecoderSettings(**described.decoders.model_dump())

    def scores(features, shuffle_seed=None):
        (decoded,) = protocol("frames")(
            Samples(features, recording, part[0]),
            labels=("frame",),
            decoders=("knn",),
            settings=settings,
            shuffle_seed=shuffle_seed,
        )
        return decoded.scores

    def accuracy(encoder, shuffle_seed=None):
        jobs = jobs_of({key: recording}, {key: {"part": part}}, described, encoder, [AREA])
        (job,) = jobs.values()
        data, config, _ = job()
        model = train(data, config, name=None)
        embedding = model.transform(recording.neural, recording.segment())
        return scores(embedding, shuffle_seed)["frame_accuracy_1s"]

    raw = scores(recording.neural.astype(np.float32))
    cebra = accuracy("neuropixels")
    shuffled = accuracy("shuffled_neuropixels", seed)
    assert cebra > raw["frame_accuracy_1s"] > shuffled
    # 900 guesses of which 6.4 % are right by chance; neighbouring frames are decoded alike, about
    # 100 of them are independent: two standard deviations of such a share are 5 %.
    chance = raw["chance_frame_accuracy_1s"]
    assert abs(shuffled - chance) < 5
    assert cebra > 2 * chance


def simulated_area(seed: int) -> Any:
    """Raw content of the area as in ``conf/base``, of another seed."""
    entry = configuration(PROJECT / "conf", "base")["catalog"][f"{NAME}.raw"]
    for part in entry["each"].values():
        part["arguments"]["seed"] = seed
    return DataCatalog.from_config({"raw": entry}).load("raw")[AREA]
