"""The movie from simulated files to figures, and what its small encoders must reach."""

import numpy as np
import pandas as pd
import pytest
import yaml
from cebra_kedro.experiments import ALLEN
from cebra_kedro.parameters import AllenParameters
from cebra_kedro.pipelines.training.allen import training_session

from cebra_kedro.decoding import decode_frames
from cebra_kedro.simulate.allen import simulate_neuropixels
from cebra_kedro.simulate.movie import simulate_movie
from cebra_kedro.sources.allen import neuropixels_pseudomouse, to_recording
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import repeat_split
from kedro_project import PROJECT, copy_project, reporting, run_command, run_session

AREA = "allen.VISp"
METRICS = ("frame_accuracy_1s", "frame_error_mean", "frame_error_median", "scene_accuracy")


@pytest.fixture(scope="module")
def one_area(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("one_area"))
    run_session(project, pipeline_names=["allen_decoding"], namespaces=[AREA])
    return project


def test_an_area_alone_is_complete(one_area):
    folder = reporting(one_area) / "allen" / "VISp"
    metrics = pd.read_csv(folder / "metrics.csv")
    decoded = metrics[metrics["metric"] != "goodness_of_fit"]
    assert set(decoded["variant"]) == set(ALLEN.variants)
    expected = {*METRICS, *(f"chance_{name}" for name in METRICS)}
    for (variant, _), rows in decoded.groupby(["variant", "decoder"]):
        seeds = [0] if variant in ALLEN.baselines else [0, 1]
        assert sorted(rows["seed"].unique()) == seeds
        assert set(rows["metric"]) == expected
    assert set(decoded["decoder"]) == {"knn", "bayes"}
    figures = {path.stem for path in folder.glob("*.png")}
    assert figures == {
        "activity",
        "confusion",
        "decoded_frames",
        "frame_accuracy",
        "frame_embedding",
        "loss",
        "neurons",
    }


def test_the_split_is_by_repeat_and_the_last_one_is_tested(one_area):
    folder = one_area / "data/07_model_output/allen/VISp/joint_neuropixels/embeddings"
    entry = np.load(folder / "fold0_seed0.npz")
    parts = {
        int(repeat): set(entry["part"][entry["repeat"] == repeat].tolist())
        for repeat in np.unique(entry["repeat"])
    }
    assert parts == {**{repeat: {0} for repeat in range(8)}, 8: {1}, 9: {2}}


def test_consistency_compares_areas_groups_and_modalities(project):
    run_session(project, pipeline_names=["allen_consistency"])
    folder = reporting(project) / "allen_consistency"
    table = pd.read_csv(folder / "consistency.csv")
    assert table.groupby("between").size().to_dict() == {
        "areas": 6 * 5 * 2 * 2,  # ordered pairs of areas, the two ways of groups, modalities
        "areas and modalities": 6 * 5 * 2 * 2,
        "groups": 6 * 2 * 2,
        "modalities": 6 * 2 * 2,
    }
    assert np.isfinite(table["r2"]).all()
    assert {path.stem for path in folder.glob("*.png")} == {"consistency", "modality_consistency"}


@pytest.mark.parametrize("name", ["allen_decoding", "allen_consistency"])
def test_published_files_that_are_missing_are_named_before_any_work(project, name, monkeypatch):
    monkeypatch.delenv("CEBRA_KEDRO_DATA", raising=False)
    result = run_command(project, "--env", "paper", "--pipelines", name)
    assert result.exit_code == 1
    wanted = ("calcium_excitatory/VISp", "pseudomouse_120_filtered.jl", "testfeat.pth", "figshare")
    assert all(part in result.stderr for part in wanted)
    assert not (project / "data" / "02_intermediate").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_encoder_decodes_more_than_raw_activity_and_shuffled_labels_nothing(seed):
    """The settings of ``conf/base``, which leave a margin of several per cent for each seed."""
    from cebra_kedro.training.loop import train

    blocks = yaml.safe_load((PROJECT / "conf/base/parameters_allen.yml").read_text())
    parameters = AllenParameters.model_validate(blocks["allen"])
    movie = simulate_movie(seed=7)
    raw = PublishedFile(
        simulate_neuropixels("VISp", seed=7, n_units=parameters.ingestion.n_neurons),
        "0" * 64,
        "simulated",
        "here",
    )
    pool = neuropixels_pseudomouse(raw, "VISp")
    recording = to_recording(
        pool.neural.T,
        pool.frames,
        area="VISp",
        modality="neuropixels",
        bin_width_s=1 / 120,
        simulated=True,
        source="here",
        checksum="0" * 64,
        checksum_status="simulated",
    )
    frame, repeat = recording.labels["frame"].values, recording.labels["repeat"].values
    splits = {"part": repeat_split(repeat)[None]}

    def accuracy(features, shuffle_seed=None):
        return decode_frames(
            features,
            frame,
            repeat,
            splits["part"][0],
            decoder="knn",
            candidates=parameters.decoding.neighbours,
            shuffle_seed=shuffle_seed,
        ).scores

    def embedded(name):
        variant = parameters.variants[name]
        shuffle_seed = seed if variant.shuffle_labels else None
        data = training_session(movie, recording, splits, shuffle_seed=shuffle_seed)
        config = variant.training_config(parameters.training, ("neuropixels",), seed)
        model = train(data, config, name=None)
        return accuracy(model.transform(recording.neural, repeat), shuffle_seed)

    scores = accuracy(recording.neural.astype(np.float32))
    raw_accuracy, chance = scores["frame_accuracy_1s"], scores["chance_frame_accuracy_1s"]
    cebra = embedded("neuropixels")["frame_accuracy_1s"]
    shuffled = embedded("shuffled_neuropixels")["frame_accuracy_1s"]
    assert cebra > raw_accuracy > shuffled
    # 900 guesses of which 6.4 % are right by chance; neighbouring frames are decoded alike, about
    # 100 of them are independent: two standard deviations of such a share are 5 %.
    assert abs(shuffled - chance) < 5
    assert cebra > 2 * chance
