"""Nodes of the reaching monkey: who was fitted to what, and which rows are scored or compared."""

from types import SimpleNamespace

import numpy as np
import pytest

from cebra_kedro.decoding import ReachingSamples, decode_reaching
from cebra_kedro.parameters import (
    BaselineParameters,
    ReachingConsistencyParameters,
    ReachingDecodingParameters,
    ReachingIngestionParameters,
    VariantParameters,
)
from cebra_kedro.pipelines.consistency.monkey_reaching import between_sessions
from cebra_kedro.pipelines.consistency.nodes import between_kinds
from cebra_kedro.pipelines.decoding.monkey_reaching import decode_reach, decode_transfer
from cebra_kedro.pipelines.ingestion.monkey_reaching import read_reaching, split_as_published
from cebra_kedro.pipelines.reporting.monkey_reaching import all_embeddings
from cebra_kedro.pipelines.reporting.nodes import list_results
from cebra_kedro.pipelines.training.monkey_reaching import transferred_pca_embedding
from cebra_kedro.pipelines.training.nodes import embedding_entry, pca_embedding
from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.monkey_reaching import simulate_session
from cebra_kedro.splits import rows

INGESTION = ReachingIngestionParameters(bin_width_s=0.02, expected_neurons=5)
DECODING = ReachingDecodingParameters(
    decoders=("knn", "ridge"), neighbours=(1, 5), ridge_alphas=(1.0,), bin_step=2
)
NAMES = {"experiment": "monkey_reaching", "variant": "position"}


def raw(session):
    return [
        SimpleNamespace(
            content=simulate_session(
                seed=0,
                session=session,
                part=part,
                active_trials=(24, 8),
                passive_trials=(16, 6),
                trial_len=30,
                n_units=5,
            ),
            checksum=part,
            checksum_status="simulated",
            source=f"{session} {part}",
        )
        for part in ("train", "valid", "test")
    ]


@pytest.fixture(scope="module")
def recordings():
    return {name: read_reaching(*raw(name), INGESTION, name) for name in ("active", "passive")}


@pytest.fixture(scope="module")
def entries(recordings):
    """Session → embedding file: the first three neurons stand for an embedding."""
    return {
        name: embedding_entry(
            recording.neural[:, :3] + 1, recording, split_as_published(recording), fold=0
        )
        for name, recording in recordings.items()
    }


def test_errors_name_the_files_they_were_read_from():
    parts = raw("active")
    with pytest.raises(
        RecordingError, match=r"every trial must be passive.*active train, active valid, active te"
    ):
        read_reaching(*parts, INGESTION, "passive")


def samples(entry):
    return ReachingSamples(*(entry[k] for k in ("embedding", "position", "target", "part")))


def test_scores_and_predictions_are_those_of_the_library(entries, partitions):
    entry = entries["active"]
    table, predictions = decode_reach(
        partitions({"fold0_seed3": entry}), DECODING, subject="active", **NAMES
    )
    expected = decode_reaching(samples(entry), neighbours=(1, 5), ridge_alphas=(1.0,), bin_step=2)
    test = rows(entry["part"], "test")
    found = predictions["fold0_seed3"]
    np.testing.assert_array_equal(found["row"], test)
    np.testing.assert_array_equal(found["position"], entry["position"][test])
    for decoder, result in expected.items():
        of_decoder = table[table["decoder"] == decoder]
        assert dict(zip(of_decoder["metric"], of_decoder["value"], strict=True)) == result.scores
        np.testing.assert_array_equal(found[f"{decoder}_position"], result.predicted_position)
    assert set(table["seed"]) == {3}
    assert table.loc[table["metric"] == "position_error_median", "unit"].unique() == ["cm"]


def test_only_the_decoder_of_a_control_is_fitted_to_permuted_labels(entries, partitions):
    def scores(control, seed=3):
        table, _ = decode_reach(
            partitions({f"fold0_seed{seed}": entries["active"]}),
            DECODING,
            subject="active",
            control=control,
            **NAMES,
        )
        return table["value"].tolist()

    pairs = {"law": "discrete"}
    guided = VariantParameters(classes="target", pairs=pairs)
    control = VariantParameters(classes="target", pairs=pairs, shuffle_labels=True)
    assert scores(guided) == scores(None)
    assert scores(control) != scores(None)
    assert scores(control) == scores(control)
    assert scores(control) != scores(control, seed=4)


def test_a_transfer_is_fitted_to_one_session_and_scored_on_another(entries, partitions):
    table = decode_transfer(
        partitions({"fold0_seed0": entries["active"]}),
        partitions({"fold0_seed0": entries["passive"]}),
        DECODING,
        subject="active_to_passive",
        **NAMES,
    )
    expected = decode_reaching(
        samples(entries["active"]),
        test=samples(entries["passive"]),
        neighbours=(1, 5),
        ridge_alphas=(1.0,),
        bin_step=2,
    )
    for decoder, result in expected.items():
        of_decoder = table[table["decoder"] == decoder]
        assert dict(zip(of_decoder["metric"], of_decoder["value"], strict=True)) == result.scores


def test_components_of_the_source_describe_the_target(recordings):
    source, target = recordings["active"], recordings["passive"]
    splits = {name: split_as_published(r) for name, r in recordings.items()}
    parameters = BaselineParameters(window_bins=10, pca_components=2)
    of_target = transferred_pca_embedding(
        source, splits["active"], target, splits["passive"], parameters
    )["fold0_seed0"]
    of_source = pca_embedding(source, splits["active"], parameters)["fold0_seed0"]
    # one affine map of the neurons makes both; found from the source, it must give the target's
    ones = np.ones((source.n_time, 1))
    affine = np.linalg.lstsq(np.hstack([source.neural, ones]), of_source["embedding"], rcond=None)
    expected = np.hstack([target.neural, np.ones((target.n_time, 1))]) @ affine[0]
    # float32 features of order 0.1
    np.testing.assert_allclose(of_target["embedding"], expected, atol=1e-5)
    np.testing.assert_array_equal(of_target["position"], target.labels["position"].values)


def test_sessions_are_compared_on_training_trials_in_both_ways(entries, partitions):
    parameters = ReachingConsistencyParameters(bins=7, min_samples=1, cell_cm=3.0)

    def compared(entries):
        named = {name: partitions({"fold0_seed0": entry}) for name, entry in entries.items()}
        return between_sessions(parameters, "monkey_reaching", "position", **named)

    table = compared(entries)
    assert table["between"].tolist() == ["sessions_by_position"] * 2 + ["sessions_by_target"] * 2
    assert (
        table["source"].tolist()
        == [
            "active/position/fold0_seed0",
            "passive/position/fold0_seed0",
        ]
        * 2
    )
    changed = {}
    for name, entry in entries.items():
        held_out = rows(entry["part"], "valid", "test")
        embedding = entry["embedding"].copy()
        embedding[held_out] = 9.0
        changed[name] = entry | {"embedding": embedding}
    np.testing.assert_array_equal(compared(changed)["r2"], table["r2"])


def test_kinds_of_encoders_are_compared_on_the_first_seed(entries, partitions):
    entry = entries["active"]
    turned = entry | {"embedding": entry["embedding"][:, ::-1]}
    other = entry | {"embedding": np.random.default_rng(0).normal(size=entry["embedding"].shape)}
    table = between_kinds(
        "monkey_reaching",
        "active",
        position=partitions({"fold0_seed0": entry, "fold0_seed1": other}),
        time=partitions({"fold0_seed0": turned, "fold0_seed1": other}),
    )
    assert table[["source", "target"]].to_numpy().tolist() == [
        ["active/position/fold0_seed0", "active/time/fold0_seed0"],
        ["active/time/fold0_seed0", "active/position/fold0_seed0"],
    ]
    # the same columns in another order; rounding of least squares
    np.testing.assert_allclose(table["r2"], 1, atol=1e-9)


def test_all_embeddings_keep_their_values_and_are_listed_one_by_one(entries, partitions):
    arrays = all_embeddings(
        active__position=partitions({"fold0_seed0": entries["active"]}),
        passive__position=partitions({"fold0_seed0": entries["passive"]}),
    )
    for name, entry in entries.items():
        np.testing.assert_array_equal(arrays[f"{name}/position/fold0_seed0"], entry["embedding"])
        np.testing.assert_array_equal(arrays[f"{name}/labels/position_cm"], entry["position"])
    listed = list_results(all_embeddings=arrays)["all_embeddings"]
    assert set(listed) == set(arrays)
    other = arrays | {"active/labels/trial": arrays["active/labels/trial"] + 1}
    relisted = list_results(all_embeddings=other)["all_embeddings"]
    assert {key for key in listed if listed[key] != relisted[key]} == {"active/labels/trial"}
