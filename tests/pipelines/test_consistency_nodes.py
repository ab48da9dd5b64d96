"""Which embeddings are compared: seeds within a fold, rats on fold 0, training trials only."""

import numpy as np
import pytest

from cebra_kedro.parameters import ConsistencyParameters
from cebra_kedro.pipelines.consistency.hippocampus import between_rats
from cebra_kedro.pipelines.consistency.nodes import between_seeds
from cebra_kedro.splits import rows

COLUMNS = ["experiment", "between", "source", "target", "r2"]
PARAMETERS = ConsistencyParameters(bins=20, min_samples=1)


@pytest.fixture
def entry(recording, splits):
    """Embedding files over the same recording; 2-D embeddings, each a rotation of the labels."""

    def make(fold, angle, noise=0.0):
        position = recording.labels["position"].values
        latent = np.stack([position, position**2], axis=1)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        spread = np.random.default_rng(0).normal(0, noise, latent.shape)
        return {
            "embedding": (latent @ turn + spread).astype(np.float32),
            "part": splits["part"][fold],
            "position": position,
            "increasing": recording.labels["increasing"].values,
        }

    return make


def test_seeds_are_compared_within_their_fold_in_both_directions(entry, partitions):
    runs = {"fold0_seed2": entry(0, 0.0), "fold0_seed10": entry(0, 1.0), "fold1_seed2": entry(1, 0)}
    table = between_seeds("hippocampus", "buddy", time=partitions(runs))
    assert list(table.columns) == COLUMNS
    assert table[["source", "target"]].values.tolist() == [
        ["buddy/time/fold0_seed2", "buddy/time/fold0_seed10"],
        ["buddy/time/fold0_seed10", "buddy/time/fold0_seed2"],
    ]
    assert set(table["between"]) == {"seeds"}
    # A rotation is linear: R² = 1 up to float32.
    np.testing.assert_allclose(table["r2"], 1.0, atol=1e-5)


def test_one_seed_gives_a_table_without_rows(entry, partitions):
    table = between_seeds("hippocampus", "buddy", time=partitions({"fold0_seed0": entry(0, 0.0)}))
    assert list(table.columns) == COLUMNS
    assert table.empty


def spoiled(entry, *parts):
    """The entry with noise in place of the embedding of some parts."""
    chosen = rows(entry["part"], *parts)
    embedding = entry["embedding"].copy()
    embedding[chosen] = np.random.default_rng(1).normal(0, 1, embedding[chosen].shape)
    return entry | {"embedding": embedding}


def test_seeds_are_compared_on_training_rows_only(entry, partitions):
    def table(change):
        runs = {"fold0_seed0": entry(0, 0.0), "fold0_seed1": change(entry(0, 1.0))}
        return between_seeds("hippocampus", "buddy", time=partitions(runs))["r2"].to_numpy()

    plain = table(lambda e: e)
    np.testing.assert_array_equal(table(lambda e: spoiled(e, "valid", "test")), plain)
    assert (table(lambda e: spoiled(e, "train")) < 0.5).all()


def test_rats_are_compared_by_their_first_seed_on_fold_0(entry, partitions):
    rats = {
        "buddy": partitions({"fold0_seed10": entry(0, 2.0, noise=9), "fold0_seed2": entry(0, 0.0)}),
        "cicero": partitions({"fold1_seed0": entry(1, 2.0, noise=9), "fold0_seed2": entry(0, 1.0)}),
    }
    table = between_rats(PARAMETERS, "hippocampus", "time", **rats)
    assert list(table.columns) == COLUMNS
    assert table[["source", "target"]].values.tolist() == [
        ["buddy/time/fold0_seed2", "cicero/time/fold0_seed2"],
        ["cicero/time/fold0_seed2", "buddy/time/fold0_seed2"],
    ]
    assert set(table["between"]) == {"subjects"}
    np.testing.assert_allclose(table["r2"], 1.0, atol=1e-4)  # bin means of float32


def test_rats_are_compared_on_training_rows_only(entry, partitions):
    def scores(change):
        rats = {
            "buddy": partitions({"fold0_seed0": entry(0, 0.0)}),
            "cicero": partitions({"fold0_seed0": change(entry(0, 1.0))}),
        }
        return between_rats(PARAMETERS, "hippocampus", "time", **rats)["r2"].to_numpy()

    np.testing.assert_array_equal(
        scores(lambda e: spoiled(e, "valid", "test")), scores(lambda e: e)
    )
