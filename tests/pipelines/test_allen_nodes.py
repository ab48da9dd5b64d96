"""Encoders of the movie see training repeats only; areas are compared group by group."""

import numpy as np
import pytest

from cebra_kedro.parameters import (
    MovieDecodingParameters,
    MovieTrainingParameters,
    MovieVariantParameters,
    NeuronSweepParameters,
)
from cebra_kedro.pipelines.consistency.allen import between_areas
from cebra_kedro.pipelines.decoding.allen import decode_movie, decode_neuron_sweep
from cebra_kedro.pipelines.ingestion.allen import read_movie
from cebra_kedro.pipelines.training.allen import (
    embed_readout,
    raw_frames,
    raw_ten_frames,
    train_movie_encoders,
    train_neuron_sweep,
    training_session,
)
from cebra_kedro.recording import Label, Recording
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import repeat_split
from cebra_kedro.training.store import ModelStore

N_FRAMES, N_REPEATS = 20, 4
DELTA = {"law": "time_delta", "time_offset_bins": 1}
ONE_BIN = {"architecture": "offset1-model", "hidden_units": 4, "output_dimension": 3}
FOUR_BINS = ONE_BIN | {"architecture": "resample1-model"}
SHARED = MovieTrainingParameters.model_validate(
    {
        "windows": {"one_frame": {"ca": ONE_BIN, "neuropixels": FOUR_BINS}},
        "optimizer": {"learning_rate": 0.001},
        "steps": 3,
        "batch_size": 8,
        "seeds": [0, 3],
        "device": "cpu",
        "processes": 1,
    }
)
VARIANT = MovieVariantParameters.model_validate({"pairs": DELTA})
DECODING = MovieDecodingParameters(neighbours=(1, 3), smoothings=(1e-3, 1.0), window_frames=3)


def recording(bins_per_frame: int, modality: str) -> Recording:
    """Neuron 0 is the frame, neuron 1 the row."""
    frame = np.tile(np.repeat(np.arange(N_FRAMES), bins_per_frame), N_REPEATS)
    repeat = np.repeat(np.arange(N_REPEATS), N_FRAMES * bins_per_frame)
    neural = np.column_stack([frame, np.arange(len(frame)), (frame * 7) % 5])
    return Recording(
        neural=neural.astype(np.uint16),
        labels={"frame": Label(frame, "discrete", "frame"), "repeat": Label(repeat, "discrete")},
        bin_width_s=1 / (30 * bins_per_frame),
        name=f"VISp_{modality}",
        trial=repeat,
        meta={"simulated": True},
    )


def splits_of(of: Recording) -> dict[str, np.ndarray]:
    part = repeat_split(of.labels["repeat"].values, test_repeat=3, n_repeats=N_REPEATS)
    return {"part": part[None]}


@pytest.fixture
def movie() -> dict[str, np.ndarray]:
    features = np.random.default_rng(0).normal(size=(N_FRAMES, 6)).astype(np.float32)
    return {"features": features}


@pytest.fixture
def sessions() -> dict[str, object]:
    ca, neuropixels = recording(1, "ca"), recording(4, "neuropixels")
    return {
        "ca_recording": ca,
        "ca_splits": splits_of(ca),
        "neuropixels_recording": neuropixels,
        "neuropixels_splits": splits_of(neuropixels),
    }


def test_training_sees_no_row_of_the_test_repeat_and_the_features_of_each_frame(movie):
    of = recording(4, "neuropixels")
    data = training_session(movie, of, splits_of(of))
    np.testing.assert_array_equal(data.neural[:, 1], np.arange(3 * N_FRAMES * 4))
    np.testing.assert_array_equal(data.labels, movie["features"][data.neural[:, 0]])


def test_the_control_has_the_same_labels_in_another_order(movie):
    of = recording(1, "ca")
    data = training_session(movie, of, splits_of(of), shuffle_seed=5)
    true = training_session(movie, of, splits_of(of))
    assert (data.labels != true.labels).any()
    np.testing.assert_array_equal(np.sort(data.labels, axis=0), np.sort(true.labels, axis=0))
    np.testing.assert_array_equal(data.neural, true.neural)


def test_a_joint_encoder_embeds_each_modality_bin_by_bin(movie, sessions, tmp_path):
    models = train_movie_encoders(
        movie, ModelStore(tmp_path), SHARED, VARIANT, "VISp/joint", **sessions
    )
    assert list(models) == ["fold0_seed0", "fold0_seed3"]
    for session, modality in enumerate(("ca", "neuropixels")):
        of = sessions[f"{modality}_recording"]
        entries = embed_readout(of, sessions[f"{modality}_splits"], models, session)
        entry = entries["fold0_seed3"]
        assert entry["embedding"].shape == (of.n_time, 3)
        np.testing.assert_array_equal(entry["frame"], of.labels["frame"].values)
    config = models["fold0_seed0"].config
    assert [e.architecture for e in config.encoders(2)] == ["offset1-model", "resample1-model"]


def test_the_long_baseline_sums_ten_frames_whatever_the_rate(sessions):
    ca = raw_ten_frames(sessions["ca_recording"], sessions["ca_splits"])["fold0_seed0"]
    row = sessions["ca_recording"].neural[:, 1]
    middle = N_FRAMES // 2
    assert ca["embedding"][middle, 1] == row[middle - 5 : middle + 5].sum()
    fast = sessions["neuropixels_recording"]
    long = raw_ten_frames(fast, sessions["neuropixels_splits"])["fold0_seed0"]["embedding"]
    assert long[40, 1] == fast.neural[20:60, 1].sum()


def test_a_baseline_that_holds_the_frame_is_decoded_by_both_decoders(movie, sessions, partitions):
    entries = raw_frames(sessions["neuropixels_recording"], sessions["neuropixels_splits"])
    entries["fold0_seed0"]["embedding"] = np.column_stack(
        [np.sin(entries["fold0_seed0"]["frame"]), np.cos(entries["fold0_seed0"]["frame"])]
    )  # the angle tells the frame, also to a cosine distance
    table, predictions = decode_movie(
        partitions(entries),
        movie | {"scene": np.arange(N_FRAMES) // 10},
        DECODING,
        "allen",
        "VISp",
        "raw",
    )
    accuracy = table[table["metric"] == "frame_accuracy_1s"].set_index("decoder")["value"]
    assert accuracy["knn"] == 100.0
    assert set(accuracy.index) == {"knn", "bayes"}
    assert (table[table["metric"] == "scene_accuracy"]["value"] <= 100).all()
    predicted = predictions["fold0_seed0"]["predicted_frame_knn"]
    np.testing.assert_array_equal(predicted, np.arange(N_FRAMES))


def test_the_sweep_takes_the_first_neurons_and_scores_each_count(movie, sessions, tmp_path):
    of, splits = sessions["neuropixels_recording"], sessions["neuropixels_splits"]
    sweep = NeuronSweepParameters(counts=(2, 3), steps=2)
    models = train_neuron_sweep(
        movie, of, splits, ModelStore(tmp_path), SHARED, VARIANT, sweep, "n", "neuropixels"
    )
    assert [models[key].n_neurons for key in models] == [(2,), (2,), (3,), (3,)]
    assert {len(models[key].loss) for key in models} == {2}
    table = decode_neuron_sweep(of, splits, movie, models, DECODING, sweep, SHARED, "VISp")
    one = table[(table["metric"] == "frame_accuracy_1s") & (table["decoder"] == "knn")]
    assert one.groupby(["n_neurons", "variant"]).size().to_dict() == {
        (2, "neuropixels"): 2,
        (2, "raw_neuropixels"): 1,
        (3, "neuropixels"): 2,
        (3, "raw_neuropixels"): 1,
    }


def test_a_sweep_over_nothing_is_an_empty_table(movie, sessions, tmp_path):
    of, splits = sessions["neuropixels_recording"], sessions["neuropixels_splits"]
    sweep = NeuronSweepParameters()
    table = decode_neuron_sweep(
        of, splits, movie, ModelStore(tmp_path), DECODING, sweep, SHARED, "VISp"
    )
    assert table.empty
    assert "n_neurons" in table


def area_embeddings(partitions, areas=("VISp", "VISl"), n_repeats=N_REPEATS):
    """Embeddings that are linear in the frame; noise grows with what sets two apart."""
    entries = {}
    for number, area in enumerate(areas):
        for group in ("group0", "group1"):
            for modality, bins in (("ca", 1), ("neuropixels", 4)):
                of = recording(bins, modality)
                rng = np.random.default_rng([number, group == "group0", bins])
                frame = of.labels["frame"].values
                signal = np.column_stack([np.sin(frame / 3 + number), np.cos(frame / 3)])
                entry = {
                    "embedding": signal + 0.1 * rng.normal(size=signal.shape),
                    "part": splits_of(of)["part"][0],
                    "frame": frame,
                    "repeat": of.labels["repeat"].values,
                }
                entries[f"{area}_{group}_{modality}"] = partitions({"fold0_seed0": entry})
    return entries


def test_areas_are_compared_between_disjoint_groups_only(partitions):
    table = between_areas("allen_consistency", **area_embeddings(partitions))
    ends = table["source"].str.split("/", expand=True), table["target"].str.split("/", expand=True)
    same_area, same_group, same_modality = (ends[0][i] == ends[1][i] for i in range(3))
    expected = {
        "modalities": same_area & same_group & ~same_modality,
        "groups": same_area & ~same_group & same_modality,
        "areas": ~same_area & ~same_group & same_modality,
        "areas and modalities": ~same_area & ~same_group & ~same_modality,
    }
    for kind, rows in expected.items():
        assert (table["between"] == kind).equals(rows), kind
        assert rows.any()
    assert table["r2"].between(0.5, 1).all()


def test_areas_that_saw_other_frames_are_refused(partitions):
    entries = area_embeddings(partitions)
    shorter = entries["VISl_group0_ca"]["fold0_seed0"]()
    kept = shorter["frame"] < N_FRAMES - 1
    entries["VISl_group0_ca"] = partitions(
        {"fold0_seed0": {name: values[kept] for name, values in shorter.items()}}
    )
    with pytest.raises(ValueError, match=r"same frames.*VISl/group0/ca: 57 presentations"):
        between_areas("allen_consistency", **entries)


def test_scenes_are_read_where_the_source_knows_them():
    features = np.ones((900, 4), np.float32)
    scene = np.arange(900) // 90
    bare = PublishedFile(features, "0", "unverified", "here")
    with_scenes = PublishedFile(
        {"features": features, "scene_of_frame": scene}, "0", "simulated", "here"
    )
    assert list(read_movie(bare)) == ["features"]
    np.testing.assert_array_equal(read_movie(with_scenes)["scene"], scene)
