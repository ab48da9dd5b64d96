"""Scores and predictions of every fold and seed, from the test rows of that fold."""

import numpy as np
import pytest

from cebra_kedro.decoding import decode_hippocampus
from cebra_kedro.parameters import DecodingParameters
from cebra_kedro.pipelines.decoding.hippocampus import decode_rat
from cebra_kedro.pipelines.training.nodes import raw_embedding
from cebra_kedro.splits import rows

PARAMETERS = DecodingParameters(neighbours=(1, 3))
COLUMNS = ["experiment", "subject", "variant", "fold", "seed", "decoder", "metric", "value", "unit"]
METRICS = ("position_error_median", "position_r2", "total_r2", "direction_accuracy")


@pytest.fixture
def embeddings(recording, splits):
    """Two seeds of fold 0 and one of fold 1; the second seed has noise on top."""
    plain = raw_embedding(recording, splits)
    noise = np.random.default_rng(0).normal(0, 40, (recording.n_time, 3)).astype(np.float32)
    noisy = plain["fold0_seed0"] | {"embedding": plain["fold0_seed0"]["embedding"] + noise}
    return {
        "fold0_seed2": plain["fold0_seed0"],
        "fold0_seed10": noisy,
        "fold1_seed2": plain["fold1_seed0"],
    }


@pytest.fixture
def decoded(embeddings, partitions):
    names = {"experiment": "hippocampus", "subject": "buddy", "variant": "time"}
    return decode_rat(partitions(embeddings), PARAMETERS, **names)


def test_the_table_has_every_score_beside_its_chance_for_every_fold_and_seed(decoded):
    table, _ = decoded
    assert list(table.columns) == COLUMNS
    assert table[["fold", "seed"]].drop_duplicates().values.tolist() == [[0, 2], [0, 10], [1, 2]]
    for _, one in table.groupby(["fold", "seed"]):
        assert sorted(one["metric"]) == sorted([*METRICS, *(f"chance_{name}" for name in METRICS)])
    for column, value in (("experiment", "hippocampus"), ("subject", "buddy"), ("variant", "time")):
        assert set(table[column]) == {value}


def test_scores_are_those_of_the_library_on_the_split_of_the_fold(decoded, embeddings):
    table, _ = decoded
    for key, entry in embeddings.items():
        expected = decode_hippocampus(
            entry["embedding"],
            entry["position"],
            entry["direction"],
            entry["part"],
            candidates=(1, 3),
        ).scores
        fold, seed = int(key[4]), int(key.split("seed")[1])
        chosen = table[(table["fold"] == fold) & (table["seed"] == seed)]
        assert dict(zip(chosen["metric"], chosen["value"], strict=True)) == expected


def test_predictions_lie_beside_the_truth_of_the_test_rows(decoded, embeddings, recording):
    _, predictions = decoded
    assert set(predictions) == set(embeddings)
    for key, entry in predictions.items():
        test = rows(embeddings[key]["part"], "test")
        np.testing.assert_array_equal(entry["row"], test)
        np.testing.assert_array_equal(entry["position"], recording.labels["position"].values[test])
        np.testing.assert_array_equal(entry["trial"], recording.segment()[test])
        assert entry["predicted_position"].shape == test.shape
        assert entry["k"] in (1, 3)


def test_test_labels_do_not_reach_the_predictions(embeddings, partitions):
    """Predictions stay the same when the labels of the test rows are changed."""
    entry = embeddings["fold0_seed2"]
    test = rows(entry["part"], "test")
    position = entry["position"].copy()
    position[test] = 9.0

    def predicted(**changes):
        _, predictions = decode_rat(
            partitions({"fold0_seed2": entry | changes}),
            PARAMETERS,
            experiment="hippocampus",
            subject="buddy",
            variant="time",
        )
        return predictions["fold0_seed2"]["predicted_position"]

    np.testing.assert_array_equal(predicted(position=position), predicted())
