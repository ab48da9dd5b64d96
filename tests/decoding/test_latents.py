"""Labels are decoded by the score of their kind, and the truth is scored as in the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.consistency.linear import linear_r2
from cebra_kedro.decoding.latents import (
    DECODERS,
    angular_error_deg,
    balanced_accuracy_percent,
    decode_label,
    reconstruction_scores,
)
from cebra_kedro.recording import Label
from cebra_kedro.splits import contiguous_blocks

N = 300
PART = contiguous_blocks(N)
TRAIN, TEST = PART == 0, PART == 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_linear_label_is_decoded_exactly_and_chance_is_the_training_mean(rng):
    features = rng.normal(size=(N, 3)) * [1, 100, 0.01]
    label = features @ rng.normal(size=(3, 2)) + 5
    result = decode_label(features, Label(label, "continuous"), PART)
    assert result.decoder == "ridge"
    assert result.setting == 1e-3  # the least penalty is best without noise
    # a penalty of 1e-3 on 210 rows
    assert result.scores["label_r2"] == pytest.approx(1, abs=1e-8)
    assert result.scores["label_r2_train"] == pytest.approx(1, abs=1e-8)
    np.testing.assert_allclose(result.predicted, label[TEST], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(result.test_rows, np.flatnonzero(TEST))
    error = ((label[TEST] - label[TRAIN].mean(axis=0)) ** 2).sum(axis=0)
    total = ((label[TEST] - label[TEST].mean(axis=0)) ** 2).sum(axis=0)
    assert result.scores["chance_label_r2"] == pytest.approx(np.mean(1 - error / total), abs=1e-12)
    assert result.scores["chance_label_r2_train"] == pytest.approx(0, abs=1e-12)


def test_the_penalty_is_chosen_on_validation_rows(rng):
    features = rng.normal(size=(N, 100))
    label = features[:, 0] + 3 * rng.normal(size=N)
    alphas = (1e-6, 1e2, 1e9)
    result = decode_label(features, Label(label, "continuous"), PART, alphas=alphas)
    assert result.setting == 1e2
    one = {
        a: decode_label(features, Label(label, "continuous"), PART, alphas=[a]).scores["label_r2"]
        for a in alphas
    }
    assert result.scores["label_r2"] == one[1e2] > one[1e-6]


@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 5)])
def test_predictions_have_the_form_of_the_label(rng, shape):
    label = Label(rng.normal(size=shape), "continuous")
    predicted = decode_label(rng.normal(size=(N, 2)), label, PART).predicted
    assert predicted.shape == label.values[TEST].shape


def test_test_labels_do_not_reach_the_decoder(rng):
    features, label = rng.normal(size=(N, 2)), rng.normal(size=N)
    changed = np.where(TEST, 100 * label, label)
    first, second = (
        decode_label(features, Label(values, "continuous"), PART) for values in (label, changed)
    )
    np.testing.assert_array_equal(first.predicted, second.predicted)


def test_a_circle_is_decoded_across_the_cut(rng):
    angle = rng.uniform(0, 2 * np.pi, N)
    circle = np.column_stack([np.cos(angle + 1), np.sin(angle + 1)])
    result = decode_label(circle, Label(angle, "circular"), PART)
    assert result.decoder == "circular_ridge"
    assert result.scores["label_r2"] == pytest.approx(1, abs=1e-8)
    assert result.scores["angular_error_mean"] < 0.01  # deg; the penalty shrinks by 5e-6
    assert ((result.predicted >= 0) & (result.predicted < 2 * np.pi)).all()
    # uniform angles: every constant is wrong by 90° on average; 60 test angles of sd 52°
    assert result.scores["chance_angular_error_mean"] == pytest.approx(90, abs=25)


def test_the_chance_angle_is_the_best_constant(rng):
    angle = (rng.normal(0, 0.3, N)) % (2 * np.pi)  # around zero, on both sides of the cut
    scores = decode_label(rng.normal(size=(N, 2)), Label(angle, "circular"), PART).scores
    zero = angular_error_deg(angle[TEST], np.zeros(TEST.sum()))
    # the constant is within the sampling error (0.03 rad) of the true centre
    assert scores["chance_angular_error_mean"] == pytest.approx(zero, abs=2)


@settings(deadline=None)
@given(
    true=st.lists(st.floats(-20, 20), min_size=1, max_size=20),
    shift=st.floats(-np.pi, np.pi),
    turns=st.integers(-3, 3),
)
def test_angular_errors_go_the_short_way_whatever_the_turns(true, shift, turns):
    true = np.array(true)
    error = angular_error_deg(true, true + shift + 2 * np.pi * turns)
    assert error == pytest.approx(np.degrees(abs(shift)), abs=1e-8)


def test_classes_are_decoded_and_scored_beside_the_most_frequent_one(rng):
    classes = rng.choice([3, 5, 9], size=N, p=[0.6, 0.3, 0.1])
    features = np.column_stack([classes, classes**2]) + 0.01 * rng.normal(size=(N, 2))
    result = decode_label(features, Label(classes, "discrete"), PART, neighbours=[1, 5, 10_000])
    assert result.decoder == "knn"
    assert result.setting == 5  # of equals the largest, of those that there are rows for
    assert result.scores["accuracy"] == 100
    np.testing.assert_array_equal(result.predicted, classes[TEST])
    assert result.scores["chance_accuracy"] == pytest.approx(100 * np.mean(classes[TEST] == 3))
    assert result.scores["chance_balanced_accuracy"] == pytest.approx(100 / 3)


def test_balanced_accuracy_counts_each_class_once():
    true = np.array([0, 0, 0, 0, 1])
    assert balanced_accuracy_percent(true, np.zeros(5, int)) == 50
    assert balanced_accuracy_percent(true, np.array([0, 0, 1, 1, 1])) == 75


@pytest.mark.parametrize("kind", ["continuous", "circular", "discrete"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_decoder_of_another_kind_is_refused_by_name(rng, kind, decoder):
    values = rng.integers(0, 3, N) if kind == "discrete" else rng.uniform(0, 1, N)
    label, features = Label(values, kind), rng.normal(size=(N, 2))
    if DECODERS[decoder] == kind:
        assert decode_label(features, label, PART, decoder=decoder).decoder == decoder
        return
    message = f"the decoder {decoder} is for {DECODERS[decoder]} labels, but speed is {kind}; use "
    with pytest.raises(ValueError, match=message):
        decode_label(features, label, PART, name="speed", decoder=decoder)


def test_an_unknown_decoder_lists_the_known_ones(rng):
    with pytest.raises(ValueError, match="one of ridge, circular_ridge, knn, got 'svm'"):
        decode_label(
            rng.normal(size=(N, 2)), Label(rng.normal(size=N), "continuous"), PART, decoder="svm"
        )


def test_reconstruction_is_the_linear_fit_of_the_paper_and_the_held_out_one(rng):
    latent = rng.normal(size=(N, 2))
    features = latent @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(N, 4))
    scores = reconstruction_scores(features, latent, PART)
    # independent code, float64
    assert scores["reconstruction_r2_all_rows"] == pytest.approx(
        linear_r2(features, latent), abs=1e-12
    )
    design = np.column_stack([features, np.ones(N)])
    weights = np.linalg.lstsq(design[TRAIN], latent[TRAIN], rcond=None)[0]
    error = ((latent - design @ weights)[TEST] ** 2).sum(axis=0)
    total = ((latent[TEST] - latent[TEST].mean(axis=0)) ** 2).sum(axis=0)
    assert scores["reconstruction_r2"] == pytest.approx(np.mean(1 - error / total), abs=1e-12)


def test_chance_of_the_fit_on_all_rows_is_what_noise_gets(rng):
    latent = rng.normal(size=(N, 2))
    found = [
        reconstruction_scores(rng.normal(size=(N, 10)), latent, PART)["reconstruction_r2_all_rows"]
        for _ in range(50)
    ]
    chance = reconstruction_scores(rng.normal(size=(N, 10)), latent, PART)
    # Beta(5, 144.5) per latent: sd 0.0148, mean of 100: 0.0015; 4 of these
    assert np.mean(found) == pytest.approx(chance["chance_reconstruction_r2_all_rows"], abs=0.006)
    assert abs(chance["chance_reconstruction_r2"]) < 0.2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros(N)}, "features must be an array"),
        ({"features": np.full((N, 1), np.nan)}, "features has 300 values that are NaN"),
        ({"label": Label(np.zeros(N - 1), "continuous")}, r"speed must have one row .*got 299"),
        ({"part": np.zeros(N, np.int8)}, "got none for valid, test"),
        ({"alphas": ()}, "alphas must hold at least one positive penalty"),
        ({"alphas": (0.0,)}, "alphas must hold at least one positive penalty"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    arguments = {
        "features": np.ones((N, 1)),
        "label": Label(np.arange(N) * 1.0, "continuous"),
        "part": PART,
        "name": "speed",
    } | changes
    with pytest.raises(ValueError, match=message):
        decode_label(**arguments)


def test_a_constant_feature_is_harmless(rng):
    features = np.column_stack([np.ones(N), rng.normal(size=N)])
    scores = decode_label(features, Label(features[:, 1], "continuous"), PART).scores
    assert scores["label_r2"] == pytest.approx(1, abs=1e-8)
