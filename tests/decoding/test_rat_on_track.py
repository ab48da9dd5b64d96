from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from cebra_kedro.decoding import DecoderSettings
from cebra_kedro.decoding.rat_on_track import decode_rat_on_track
from cebra_kedro.metrics import metrics_rows
from cebra_kedro.recording import Label
from cebra_kedro.splits import TEST, TRAIN, VALID
from samples_of import samples_of

CANDIDATES = (1, 4, 9, 16, 25)


def lap_data(seed=0, n_trials=12, bins_per_run=40, noise=0.05):
    """Round trips on a 1.6 m track with features that show position and direction, noisily."""
    rng = np.random.default_rng(seed)
    run = np.linspace(0, 1.6, bins_per_run)
    position = np.tile(np.concatenate([run, run[::-1]]), n_trials)
    direction = np.tile(np.repeat([1, 0], bins_per_run), n_trials)
    part = np.repeat(np.arange(n_trials) % 3, 2 * bins_per_run).astype(np.int8)
    clean = np.stack([np.cos(2 * position), np.sin(2 * position), 2.0 * direction], axis=1)
    return clean + noise * rng.normal(size=clean.shape), position, direction, part


def samples(features, position, direction, part):
    return samples_of(
        features,
        part,
        position=(np.asarray(position, float), "continuous", "m"),
        direction=(direction, "discrete"),
    )


def decode(*arrays, candidates=CANDIDATES, metric="euclidean", **options):
    settings = DecoderSettings(neighbours=candidates, metric=metric)
    (result,) = decode_rat_on_track(samples(*arrays), settings=settings, **options)
    return result


def rows_of(part):
    return (np.flatnonzero(part == code) for code in (TRAIN, VALID, TEST))


def test_features_equal_to_the_labels_decode_without_error():
    _, position, direction, part = lap_data()
    features = np.stack([position, 10.0 * direction], axis=1)
    scores = decode(features, position, direction, part, candidates=[1]).scores
    # every test label occurs in training, so the nearest neighbour is an exact copy
    assert scores["position_error_median"] == 0
    assert scores["position_r2"] == scores["total_r2"] == 1
    assert scores["direction_accuracy"] == 100


def test_unrelated_features_are_no_better_than_chance():
    _, position, direction, part = lap_data(n_trials=60)
    features = np.random.default_rng(3).normal(size=(len(position), 3))
    scores = decode(features, position, direction, part, candidates=[100]).scores
    # 1600 test rows: the binomial sd of the accuracy is 1.25 %; five of it
    assert scores["direction_accuracy"] == pytest.approx(50, abs=6.25)
    # position is uniform on 1.6 m, so half of it is further than 0.4 m from the middle; the track
    # has 40 places 0.041 m apart, half of which the median error can be off
    assert scores["chance_position_error_median"] == pytest.approx(0.4, abs=0.021)
    # means of 100 neighbours scatter around the middle with sd 0.46 / sqrt(100) = 0.046 m, which
    # moves the median of errors to either side by less than that
    assert scores["position_error_median"] == pytest.approx(0.4, abs=0.046)
    # averaging k neighbours of pure noise has an expected R² of -1/k; the fluctuation of the
    # covariance with the truth, 2 / sqrt(1600 k) = 0.005 per sd
    assert scores["position_r2"] == pytest.approx(-0.01, abs=0.03)


def test_informative_features_are_far_better_than_chance():
    scores = decode(*lap_data(), candidates=CANDIDATES).scores
    # noise of 0.05 in a plane that turns 2 rad per metre is 0.025 m
    assert scores["position_error_median"] < 0.05 < scores["chance_position_error_median"]
    assert scores["direction_accuracy"] == 100


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_scores_equal_a_plain_sklearn_fit_at_the_chosen_k(metric):
    features, position, direction, part = lap_data(noise=0.6)
    # lengths that mean nothing: the two distances see other neighbours, and choose another k
    features = features * np.random.default_rng(8).lognormal(size=(len(features), 1))
    result = decode(features, position, direction, part, candidates=CANDIDATES, metric=metric)
    train, valid, test = rows_of(part)
    labels = np.stack([position, direction == 1, direction == 0], axis=1).astype(float)

    def error(k, rows):
        knn = KNeighborsRegressor(k, metric=metric).fit(features[train], labels[train])
        return np.median(np.abs(knn.predict(features[rows])[:, 0] - position[rows]))

    k = min(CANDIDATES, key=lambda k: error(k, valid))
    knn = KNeighborsRegressor(k, metric=metric).fit(features[train], labels[train])
    classifier = KNeighborsClassifier(k, metric=metric).fit(features[train], direction[train])
    assert result.chosen["position"] == k
    # float64 sums in another order
    assert result.scores["position_error_median"] == pytest.approx(error(k, test), abs=1e-12)
    # as in the published tables, the direction counts as decided (0 or 1), not as a share
    decided = classifier.predict(features[test])
    total = np.stack([knn.predict(features[test])[:, 0], decided == 1, decided == 0], axis=1)
    assert result.scores["total_r2"] == pytest.approx(r2_score(labels[test], total), abs=1e-12)
    assert result.scores["position_r2"] == pytest.approx(
        r2_score(position[test], knn.predict(features[test])[:, 0]), abs=1e-12
    )
    # a majority vote, the lowest class of a tie, is also what sklearn's classifier takes
    np.testing.assert_array_equal(result.predicted["direction"], classifier.predict(features[test]))


def test_scores_equal_the_decoder_built_into_cebra():
    from cebra.datasets.hippocampus import SingleRatDataset

    features, position, direction, part = lap_data(noise=0.6)
    train, _, test = rows_of(part)
    labels = np.stack([position, direction == 1, direction == 0], axis=1).astype(float)
    published = SingleRatDataset.decode(
        None, features[train], labels[train], features[test], labels[test]
    )
    for k in (1, 4, 16, 36):
        scores = decode(features, position, direction, part, candidates=[k]).scores
        # float64 sums in another order
        assert scores["position_error_median"] == pytest.approx(published[f"n{k}_err"], abs=1e-12)
        # cebra scores the shares of neighbours, which never score below the decided direction
        # here; the published tables hold the latter
        assert scores["total_r2"] <= published[f"n{k}_r2"] + 1e-12
    # with one neighbour, a share is a decision, and the two are the same number
    single = decode(features, position, direction, part, candidates=[1]).scores
    assert single["total_r2"] == pytest.approx(published["n1_r2"], abs=1e-12)


def test_chance_is_what_sklearns_dummies_score():
    features, position, direction, part = lap_data()
    # an uneven track, other in each part, and one direction rarer in training, commoner in test:
    # median and mean, classes, and the parts all differ
    position = position ** (2 + part)
    direction = np.where(position > 1.0, part == TRAIN, direction)
    scores = decode(features, position, direction, part, candidates=[4]).scores
    train, _, test = rows_of(part)
    labels = np.stack([position, direction == 1, direction == 0], axis=1).astype(float)

    def dummy(strategy, y):
        return DummyRegressor(strategy=strategy).fit(features[train], y[train]), y[test]

    median, true = dummy("median", position)
    expected = {
        "position_error_median": np.median(np.abs(median.predict(features[test]) - true)),
        "direction_accuracy": 100
        * DummyClassifier()
        .fit(features[train], direction[train])
        .score(features[test], direction[test]),
    }
    for name, y in {"position_r2": position, "total_r2": labels}.items():
        mean, true = dummy("mean", y)
        expected[name] = mean.score(features[test], true)
    for name, value in expected.items():
        # the same few float64 operations
        assert scores[f"chance_{name}"] == pytest.approx(value, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_test_labels_change_neither_k_nor_predictions(seed):
    features, position, direction, part = lap_data(seed, n_trials=6, noise=0.6)
    first = decode(features, position, direction, part, candidates=CANDIDATES)
    rng = np.random.default_rng(seed)
    test = part == TEST
    position, direction = position.copy(), direction.copy()
    position[test] = rng.uniform(-5, 5, test.sum())
    direction[test] = rng.integers(0, 3, test.sum())
    second = decode(features, position, direction, part, candidates=CANDIDATES)
    assert second.chosen == first.chosen
    np.testing.assert_array_equal(second.predicted["position"], first.predicted["position"])
    np.testing.assert_array_equal(second.predicted["direction"], first.predicted["direction"])


def test_validation_labels_decide_on_k_but_are_no_neighbours():
    features, position, direction, part = lap_data(noise=0.6)
    constant = np.where(part == VALID, position[part == TRAIN].mean(), position)
    few = decode(features, position, direction, part, candidates=[1, 300])
    many = decode(features, constant, direction, part, candidates=[1, 300])
    # a validation part that sits at the mean is best decoded by nearly all neighbours
    assert (few.chosen["position"], many.chosen["position"]) == (1, 300)
    fixed = [
        decode(features, labels, direction, part, candidates=[4]).predicted["position"]
        for labels in (position, constant)
    ]
    np.testing.assert_array_equal(*fixed)


def test_a_tied_vote_goes_to_the_lowest_class():
    features = np.array([[0.0], [0.0], [5.0], [5.0], [5.1]])
    direction = np.array([3, 2, 2, 3, 3])
    result = decode(
        np.concatenate([features, features[:2], features[:2]]),
        np.arange(9.0),
        np.concatenate([direction, [2, 3], [2, 3]]),
        np.array([0] * 5 + [1] * 2 + [2] * 2, np.int8),
        candidates=[2],
    )
    assert result.predicted["direction"].tolist() == [2, 2]


def test_results_name_the_test_rows_and_every_score_has_a_unit():
    features, position, direction, part = lap_data()
    result = decode(features, position, direction, part, candidates=CANDIDATES)
    np.testing.assert_array_equal(result.row, np.flatnonzero(part == TEST))
    assert (
        result.predicted["position"].shape
        == result.predicted["direction"].shape
        == result.row.shape
    )
    np.testing.assert_array_equal(result.true["position"], position[part == TEST])
    np.testing.assert_array_equal(result.true["direction"], direction[part == TEST])
    decoded = {"position_error_median", "position_r2", "total_r2", "direction_accuracy"}
    assert set(result.scores) == decoded | {f"chance_{name}" for name in decoded}
    table = metrics_rows(
        result.scores,
        units=result.units,
        experiment="hippocampus",
        subject="buddy",
        variant="behaviour",
        fold=0,
        seed=1,
        decoder=result.decoder,
    )
    units = dict(zip(table["metric"], table["unit"], strict=True))
    assert units["position_error_median"] == units["chance_position_error_median"] == "m"
    assert units["direction_accuracy"] == "%"


def test_scores_are_called_after_the_labels():
    features, position, direction, part = lap_data()
    arrays = samples_of(
        features, part, place=(position, "continuous", "cm"), way=(direction, "discrete")
    )
    (result,) = decode_rat_on_track(arrays, labels=("place", "way"))
    decoded = ["place_error_median", "place_r2", "total_r2", "way_accuracy"]
    assert list(result.units) == decoded
    assert result.units["place_error_median"] == "cm"
    (as_usual,) = decode_rat_on_track(samples(features, position, direction, part))
    assert list(result.scores.values()) == list(as_usual.scores.values())


def test_a_decoder_of_permuted_labels_is_at_chance_where_true_ones_decode_well():
    arrays = lap_data(n_trials=60)
    true = decode(*arrays).scores
    shuffled = [decode(*arrays, candidates=[100], shuffle_seed=s).scores for s in range(8)]
    # a mean of 100 unrelated neighbours is the mean of all, but for few of their variance
    r2 = np.mean([s["position_r2"] for s in shuffled])
    assert r2 == pytest.approx(0, abs=0.1)
    assert true["position_r2"] > 0.9
    # runs look alike, so that one seed has an sd of 11 %: five sd of the mean of 8
    accuracy = np.mean([s["direction_accuracy"] for s in shuffled])
    assert accuracy == pytest.approx(50, abs=20)
    assert decode(*arrays).scores == true


def test_each_second_bin_is_a_recording_with_half_the_bins():
    arrays = lap_data()
    rows = [chosen[:: 1 if code == TEST else 2] for code, chosen in enumerate(rows_of(arrays[3]))]
    kept = np.sort(np.concatenate(rows))
    (thinned,) = decode_rat_on_track(
        samples(*arrays), settings=DecoderSettings(neighbours=CANDIDATES, bin_step=2)
    )
    assert thinned.scores == decode(*(array[kept] for array in arrays)).scores


def test_another_rat_is_scored_by_the_decoder_of_the_first():
    first, second = lap_data(seed=0), lap_data(seed=1, n_trials=6)
    (result,) = decode_rat_on_track(samples(*first), samples(*second))
    assert len(result.row) == np.sum(second[3] == TEST)
    assert result.scores["direction_accuracy"] == 100
    assert result.chosen == decode_rat_on_track(samples(*first))[0].chosen


def test_inputs_are_not_changed():
    arrays = lap_data()
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    decode(*arrays, candidates=CANDIDATES)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("direction", "position"), r"direction must be a continuous label \(time,\), got a disc"),
        (("xy", "direction"), r"xy must be a continuous label .* of shape \(960, 2\)"),
        (("position", "angle"), "angle must be a discrete label"),
        (("movie", "direction"), "got a continuous one with a table"),
    ],
)
def test_labels_of_another_kind_are_refused_by_name(labels, message):
    features, position, direction, part = lap_data()
    arrays = samples_of(
        features,
        part,
        position=(position, "continuous"),
        direction=(direction, "discrete"),
        xy=(features[:, :2], "continuous"),
        angle=(position, "circular"),
        movie=Label(direction, "continuous", table=np.eye(2)),
    )
    with pytest.raises(ValueError, match=message):
        decode_rat_on_track(arrays, labels=labels)


def test_more_neighbours_than_training_rows_are_refused():
    with pytest.raises(ValueError, match=r"in \[1, 320\], the number of training rows"):
        decode(*lap_data(), candidates=[1, 321])
