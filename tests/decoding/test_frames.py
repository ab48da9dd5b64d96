from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from cebra_kedro.decoding import DecoderSettings
from cebra_kedro.decoding.frames import decode_frames
from cebra_kedro.metrics import metrics_rows
from cebra_kedro.presentations import average_over_frames
from cebra_kedro.recording import Label
from samples_of import samples_of

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


def samples(features, frame, repeat, part, scene_of_frame=None):
    labels = {"frame": (frame, "discrete", "frame"), "repeat": (repeat, "discrete")}
    if scene_of_frame is not None:
        labels["scene"] = (scene_of_frame[frame], "discrete")
    return samples_of(features, part, **labels)


def decode(arrays, decoder, scene_of_frame=None, candidates=None, shuffle_seed=None, **changes):
    candidates = CANDIDATES[decoder] if candidates is None else candidates
    of_decoder = {"neighbours" if decoder == "knn" else "smoothings": candidates}
    (result,) = decode_frames(
        samples(*arrays, scene_of_frame),
        decoders=(decoder,),
        settings=DecoderSettings(**{"metric": "cosine", "window_frames": 3} | of_decoder | changes),
        shuffle_seed=shuffle_seed,
    )
    return result


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
    assert result.chosen == {"frame": chosen}
    np.testing.assert_array_equal(result.predicted["frame"], predicted)
    np.testing.assert_array_equal(result.true["frame"], np.arange(60))
    assert set(repeat[result.row]) == {5}
    np.testing.assert_array_equal(frame[result.row], np.arange(60))
    assert (frame[result.row - 1] != frame[result.row]).all()  # the first bin of a presentation
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
    options = {"scene_of_frame": scene, "candidates": [1], "window_frames": 30}
    scores = decode((features, frame, repeat, part), "knn", **options).scores
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
        decode(arrays, decoder).predicted["frame"], decode(averaged, decoder).predicted["frame"]
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
    kept = ~np.isin(first.true["frame"], spoilt)
    np.testing.assert_array_equal(first.predicted["frame"][kept], second.predicted["frame"][kept])


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
    share = np.mean(scene[result.predicted["frame"]] == scene[result.true["frame"]])
    assert 0 < share < 1
    assert result.scores["scene_accuracy"] == pytest.approx(100 * share, abs=1e-12)


def test_of_equal_validation_errors_the_smoothest_candidate_is_chosen():
    result = decode(movie(noise=1e-6), "bayes", candidates=[1e-9, 1e-3, 1e-6])
    assert result.scores["frame_error_mean"] == 0
    assert result.chosen == {"frame": 1e-3}


def test_every_score_has_a_unit_and_a_chance():
    result = decode(movie(), "knn", scene_of_frame=np.zeros(60, int))
    decoded = {"frame_accuracy_1s", "frame_error_mean", "frame_error_median", "scene_accuracy"}
    assert set(result.scores) == decoded | {f"chance_{name}" for name in decoded}
    where = {"experiment": "allen", "subject": "VISp", "variant": "ca", "fold": 0, "seed": 1}
    table = metrics_rows(result.scores, units=result.units, **where, decoder="knn")
    units = dict(zip(table["metric"], table["unit"], strict=True))
    assert (units["frame_accuracy_1s"], units["chance_frame_error_mean"]) == ("%", "frames")
    assert "scene_accuracy" not in decode(movie(), "knn").scores


def test_both_decoders_are_used_if_none_is_named():
    both = decode_frames(samples(*movie()))
    assert [result.decoder for result in both] == ["knn", "bayes"]


def test_another_recording_of_the_movie_is_scored_by_the_decoder_of_the_first():
    first, second = movie(seed=0), movie(seed=1, n_repeats=6, bins=(2,))
    scene = np.arange(60) // 10
    (result,) = decode_frames(samples(*first, scene), samples(*second, scene), decoders=("bayes",))
    assert len(result.row) == 60
    assert result.scores["scene_accuracy"] > 2 * result.scores["chance_scene_accuracy"]
    assert result.chosen == decode(first, "bayes").chosen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": "knn", "candidates": [1000]}, r"candidates must be in \[1, 240\]"),
        ({"decoder": "knn", "metric": "euclidean"}, "metric must be cosine .* got euclidean"),
        ({"decoder": "bayes", "bin_step": 2}, "bin_step must be 1 to decode frames, got 2"),
    ],
)
def test_wrong_options_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        decode(movie(), **change)


def test_the_distance_is_of_no_concern_to_naive_bayes():
    arrays = movie(noise=2.0)
    euclidean = decode(arrays, "bayes", metric="euclidean")
    assert euclidean.scores == decode(arrays, "bayes").scores


def test_a_frame_of_two_scenes_is_refused():
    features, frame, repeat, part = movie()
    scene = Label((frame // 10) + (repeat == 3) * (frame == 7), "discrete")
    labels = {"frame": (frame, "discrete"), "repeat": (repeat, "discrete"), "scene": scene}
    with pytest.raises(ValueError, match=r"one for each frame .* got several for frame 7; "):
        decode_frames(samples_of(features, part, **labels))


def test_frames_that_are_no_ids_are_refused_and_repeats_are_needed():
    features, frame, _, part = movie()
    with pytest.raises(ValueError, match=r"frame must be a discrete label .* got a continuous one"):
        decode_frames(samples_of(features, part, frame=(frame * 1.0, "continuous")))
    with pytest.raises(KeyError, match="no label repeat"):
        decode_frames(samples_of(features, part, frame=(frame, "discrete")))


def test_a_repeat_of_several_parts_is_refused():
    features, frame, repeat, part = movie()
    part = np.where(np.arange(len(part)) == 5, 2, part).astype(np.int8)
    with pytest.raises(ValueError, match=r"several parts in repeat \[0\]"):
        decode((features, frame, repeat, part), "knn")
