from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from cebra_kedro.decoding import (
    METRIC_UNITS,
    average_over_frames,
    decode_frames,
    frame_confusion,
    metrics_rows,
)

CANDIDATES = {"knn": (1, 9, 25, 49), "bayes": (1e-9, 1e-6, 1e-3, 1.0, 1e3)}
DECODERS = pytest.mark.parametrize("decoder", CANDIDATES)


def movie(seed=0, n_frames=60, n_repeats=6, dim=12, noise=1.0, bins=(3, 4, 5)):
    """Noisy features that turn smoothly through the movie; repeat 4 is valid, 5 is test."""
    rng = np.random.default_rng(seed)
    n_bins = rng.choice(bins, n_frames * n_repeats)
    frame = np.repeat(np.tile(np.arange(n_frames), n_repeats), n_bins)
    repeat = np.repeat(np.repeat(np.arange(n_repeats), n_frames), n_bins)
    angle = np.outer(np.arange(n_frames) / n_frames, np.arange(1, dim // 2 + 1)) * 2 * np.pi
    clean = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)[frame]
    part = np.where(repeat == 5, 2, np.where(repeat == 4, 1, 0)).astype(np.int8)
    return clean + noise * rng.normal(size=clean.shape), frame, repeat, part


def decode(arrays, decoder, **options):
    options = {"candidates": CANDIDATES[decoder], "window_frames": 3} | options
    return decode_frames(*arrays, decoder=decoder, **options)


def as_published(features, frame, repeat, decoder):
    """The demo notebook's decoder in plain scikit-learn: chosen candidate, frames decoded."""
    shown = average_over_frames(features, frame, repeat)
    train, valid, test = shown.repeat < 4, shown.repeat == 4, shown.repeat == 5

    def predict(candidate, fitted, query):
        model = (
            KNeighborsClassifier(candidate, metric="cosine")
            if decoder == "knn"
            else GaussianNB(var_smoothing=candidate)
        )
        return model.fit(shown.values[fitted], shown.frame[fitted]).predict(shown.values[query])

    chosen = min(
        CANDIDATES[decoder],
        key=lambda c: np.abs(predict(c, train, valid) - shown.frame[valid]).sum(),
    )
    return chosen, predict(chosen, train | valid, test)


@DECODERS
@pytest.mark.parametrize("noise", [0.5, 3.0])
def test_decoding_equals_the_demo_notebook_in_plain_sklearn(decoder, noise):
    features, frame, repeat, part = movie(noise=noise)
    result = decode((features, frame, repeat, part), decoder)
    chosen, predicted = as_published(features, frame, repeat, decoder)
    assert result.chosen == chosen
    np.testing.assert_array_equal(result.predicted_frame, predicted)
    np.testing.assert_array_equal(result.frame, np.arange(60))
    assert set(result.repeat) == {5}
    error = np.abs(predicted - np.arange(60))
    assert result.scores["frame_accuracy_1s"] == pytest.approx(100 * np.mean(error < 3), abs=1e-12)
    assert result.scores["frame_error_mean"] == error.mean()
    assert result.scores["frame_error_median"] == np.median(error)


@DECODERS
def test_clean_features_are_decoded_without_error(decoder):
    scores = decode(movie(noise=1e-3), decoder, scene_of_frame=np.arange(60) // 10).scores
    assert scores["frame_accuracy_1s"] == scores["scene_accuracy"] == 100
    assert scores["frame_error_mean"] == scores["frame_error_median"] == 0


def test_features_without_the_movie_are_decoded_at_chance():
    _, frame, repeat, part = movie(n_frames=300, bins=(1,))
    features = np.random.default_rng(2).normal(size=(len(frame), 8))
    scores = decode((features, frame, repeat, part), "knn", candidates=[1], window_frames=30).scores
    chance = scores["chance_frame_accuracy_1s"]
    # 300 guesses: five binomial sd; errors of a uniform guess have sd of about 0.24 of the movie
    assert scores["frame_accuracy_1s"] == pytest.approx(
        chance, abs=5 * np.sqrt(chance * (100 - chance) / 300)
    )
    assert scores["frame_error_mean"] == pytest.approx(100, abs=5 * 0.24 * 300 / np.sqrt(300))


def test_chance_accuracy_is_that_of_900_frames_counted_by_hand():
    frame = np.tile(np.arange(900), 3)
    repeat = np.repeat(np.arange(3), 900)
    part = np.repeat([0, 1, 2], 900).astype(np.int8)
    features = np.random.default_rng(0).normal(size=(2700, 2))
    scene = np.repeat([0, 1, 2], [450, 300, 150])
    scores = decode_frames(
        features, frame, repeat, part, decoder="knn", candidates=[1], scene_of_frame=scene
    ).scores
    # 59 right guesses of 900, less the 29 + 28 + ... + 1 that lie before the first frame and
    # the same beyond the last: (59 * 900 - 2 * 435) / 900²; the mean distance of two uniform
    # integers below n is (n² - 1) / (3 n); scenes agree with the sum of their squared shares
    assert scores["chance_frame_accuracy_1s"] == pytest.approx(100 * 52230 / 810000, abs=1e-12)
    assert scores["chance_frame_error_mean"] == pytest.approx((900**2 - 1) / 2700, abs=1e-9)
    assert scores["chance_scene_accuracy"] == pytest.approx(
        100 * (1 / 4 + 1 / 9 + 1 / 36), abs=1e-12
    )


def test_chance_is_what_sklearns_random_dummy_scores_on_average():
    arrays = movie(noise=1.0)
    scores = decode(arrays, "knn", scene_of_frame=np.arange(60) // 7).scores
    frame = np.arange(60)
    dummy = DummyClassifier(strategy="uniform", random_state=0).fit(frame[:, None], frame)
    guesses = dummy.predict(np.zeros((60 * 400, 1))).reshape(400, 60)
    error = np.abs(guesses - frame)
    # 24000 guesses: five standard errors of each mean; the median lies where 2.7 % of guesses
    # fall per frame, so that five standard errors of a share (1.6 %) are less than 1 frame
    assert scores["chance_frame_accuracy_1s"] == pytest.approx(100 * np.mean(error < 3), abs=0.9)
    assert scores["chance_frame_error_mean"] == pytest.approx(error.mean(), abs=0.5)
    assert scores["chance_frame_error_median"] == pytest.approx(np.median(error), abs=1)
    same = frame // 7 == guesses // 7
    assert scores["chance_scene_accuracy"] == pytest.approx(100 * same.mean(), abs=1.1)


@DECODERS
def test_bins_are_averaged_before_decoding(decoder):
    arrays = movie(noise=2.0)
    shown = average_over_frames(*arrays[:3])
    averaged = (shown.values, shown.frame, shown.repeat, arrays[3][shown.first_bin])
    np.testing.assert_array_equal(
        decode(arrays, decoder).predicted_frame, decode(averaged, decoder).predicted_frame
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), decoder=st.sampled_from(list(CANDIDATES)))
def test_other_test_bins_change_neither_the_choice_nor_each_others_prediction(seed, decoder):
    features, frame, repeat, part = movie(seed % 7, noise=2.0)
    first = decode((features, frame, repeat, part), decoder)
    spoilt = np.random.default_rng(seed).permutation(np.unique(frame))[:30]
    changed = np.isin(frame, spoilt) & (part == 2)
    second = decode((np.where(changed[:, None], 99.0, features), frame, repeat, part), decoder)
    assert second.chosen == first.chosen
    kept = ~np.isin(first.frame, spoilt)
    np.testing.assert_array_equal(first.predicted_frame[kept], second.predicted_frame[kept])


@DECODERS
def test_a_decoder_with_shuffled_labels_is_at_chance_where_true_ones_decode_well(decoder):
    arrays = movie(n_frames=300, noise=0.3, bins=(1, 2))
    options = {"window_frames": 30, "candidates": CANDIDATES[decoder][:1]}
    true = decode(arrays, decoder, **options).scores
    assert true["frame_accuracy_1s"] > 90
    shuffled = [decode(arrays, decoder, shuffle_seed=s, **options).scores for s in range(4)]
    accuracy = np.mean([s["frame_accuracy_1s"] for s in shuffled])
    chance = true["chance_frame_accuracy_1s"]
    # 4 times 300 guesses; neighbouring frames share their nearest training rows, so that a guess
    # counts about twice: five binomial sd of 600
    assert accuracy == pytest.approx(chance, abs=5 * np.sqrt(chance * (100 - chance) / 600))
    assert true == decode(arrays, decoder, **options).scores


@DECODERS
def test_the_scene_is_that_of_the_decoded_frame(decoder):
    scene = np.random.default_rng(1).integers(0, 4, 60)
    result = decode(movie(noise=2.0), decoder, scene_of_frame=scene)
    share = np.mean(scene[result.predicted_frame] == scene[result.frame])
    assert 0 < share < 1
    assert result.scores["scene_accuracy"] == pytest.approx(100 * share, abs=1e-12)


def test_of_equal_validation_errors_the_smoothest_candidate_is_chosen():
    result = decode(movie(noise=1e-6), "bayes", candidates=[1e-9, 1e-3, 1e-6])
    assert set(result.validation_error.values()) == {0}
    assert result.chosen == 1e-3


def test_every_score_has_a_unit_and_a_chance():
    scores = decode(movie(), "knn", scene_of_frame=np.zeros(60, int)).scores
    decoded = {"frame_accuracy_1s", "frame_error_mean", "frame_error_median", "scene_accuracy"}
    assert set(scores) == decoded | {f"chance_{name}" for name in decoded}
    assert decoded <= set(METRIC_UNITS)
    where = {"experiment": "allen", "subject": "VISp", "variant": "ca", "fold": 0, "seed": 1}
    assert len(metrics_rows(scores, **where, decoder="knn")) == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": "svm"}, "decoder must be one of knn, bayes, got 'svm'"),
        ({"candidates": [1.5]}, "candidates of knn must be whole numbers"),
        ({"candidates": [1000]}, r"candidates must be in \[1, 240\]"),
        ({"window_frames": 0}, "window_frames must be at least 1, got 0"),
        ({"scene_of_frame": np.zeros(59, int)}, r"frames up to 59, got shape \(59,\)"),
    ],
)
def test_wrong_options_are_refused_by_name(change, message):
    options = {"decoder": "knn", "candidates": [1], "window_frames": 3} | change
    with pytest.raises(ValueError, match=message):
        decode_frames(*movie(), **options)


@pytest.mark.parametrize(
    ("position", "spoil", "message"),
    [
        (0, lambda a: a[:, 0], r"features must be an array \(time, dim\)"),
        (0, lambda a: np.where(a > 3, np.nan, a), "NaN or infinite"),
        (1, lambda a: a[:-1], "frame must have shape"),
        (3, lambda a: np.where(a == 1, 0, a), "got none for valid"),
        (3, lambda a: np.where(np.arange(len(a)) == 5, 2, a), r"several parts in repeat \[0\]"),
    ],
)
def test_wrong_arrays_are_refused_by_name(position, spoil, message):
    arrays = list(movie())
    arrays[position] = spoil(arrays[position])
    with pytest.raises(ValueError, match=message):
        decode(arrays, "knn")


@settings(deadline=None)
@given(
    frames=st.lists(st.tuples(st.integers(0, 44), st.integers(0, 44)), min_size=1, max_size=60),
    width=st.integers(1, 50),
)
def test_confusion_counts_pairs_of_stretches_and_its_rows_sum_to_one(frames, width):
    true, predicted = np.array(frames).T
    confusion = frame_confusion(true, predicted, n_frames=45, frames_per_bin=width)
    n_bins = len(range(0, 45, width))
    assert confusion.shape == (n_bins, n_bins)
    for row in range(n_bins):
        inside = [p // width for t, p in frames if t // width == row]
        expected = [inside.count(column) / len(inside) for column in range(n_bins)] if inside else 0
        np.testing.assert_array_equal(confusion[row], expected if inside else np.nan)


def test_confusion_refuses_frames_outside_the_movie():
    with pytest.raises(ValueError, match=r"predicted must hold frames in \[0, 9\], got 3 to 10"):
        frame_confusion(np.array([1, 2]), np.array([3, 10]), n_frames=10)
