"""Position and direction of reaches from features, against scikit-learn and by invariants."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from cebra_kedro.decoding import DecoderSettings
from cebra_kedro.decoding.reaching import decode_reaching
from cebra_kedro.splits import PART_NAMES, rows
from samples_of import samples_of

SETTINGS = {"neighbours": (1, 5, 20), "alphas": (0.1, 10.0, 1000.0)}
METRICS = ("position_r2", "position_error_median", "direction_accuracy")


def reaches(seed=0, n_trials=48, n_bins=20, noise=0.3, scale=1.0):
    """Straight reaches of 10 cm; features show position and direction, noisily, in 5 dimensions."""
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(n_trials) % 8, n_bins)
    way = np.tile(np.linspace(0, 1, n_bins), n_trials)
    towards = np.stack([np.cos(target * np.pi / 4), np.sin(target * np.pi / 4)], axis=1)
    position = scale * 10 * way[:, None] * towards
    mixing = np.random.default_rng(99).normal(size=(4, 5))
    clean = np.column_stack([position / 10, towards]) @ mixing
    # the 8 targets equally often in each part
    part = np.repeat(np.arange(n_trials) // 8 % 3, n_bins).astype(np.int8)
    features = clean + noise * rng.normal(size=clean.shape)
    return reach_samples(features, position, target, part)


def reach_samples(features, position, target, part):
    labels = {"position": (position, "continuous", "cm"), "target": (target, "discrete")}
    return samples_of(features, part, **labels)


def replace(samples, **changes):
    """The same samples with other features, position, target or part."""
    arrays = {"features": samples.features, "part": samples.part}
    return reach_samples(
        **arrays | {n: values(samples, n) for n in ("position", "target")} | changes
    )


def values(samples, name):
    return samples.recording.label(name).values


def parts(samples):
    return (rows(samples.part, name) for name in PART_NAMES)


def decode(samples, test=None, decoders=(), shuffle_seed=None, **changes):
    """Decoder → result."""
    settings = DecoderSettings(**SETTINGS | changes)
    options = {"decoders": decoders, "settings": settings, "shuffle_seed": shuffle_seed}
    return {result.decoder: result for result in decode_reaching(samples, test, **options)}


def test_features_equal_to_the_labels_decode_without_error():
    samples = reaches()
    labels = np.column_stack(
        [values(samples, "position"), 100.0 * (values(samples, "target")[:, None] == np.arange(8))]
    )
    decoded = decode(replace(samples, features=labels))
    # every reach to a target takes the same path, so the nearest neighbour is an exact copy; the
    # sums of neighbours' positions round
    assert decoded["knn"].scores["position_error_median"] == pytest.approx(0, abs=1e-12)
    assert decoded["knn"].scores["direction_accuracy"] == 100
    # position is linear in the features; the smallest penalty, 0.1 on 320 rows, shrinks by 0.03 %
    assert decoded["ridge"].scores["position_error_median"] < 0.01
    assert decoded["ridge"].scores["direction_accuracy"] == 100


def test_decoders_of_permuted_labels_are_at_chance_where_true_ones_decode_well():
    samples = reaches()
    found = [decode(samples, shuffle_seed=seed) for seed in range(4)]
    for decoder, true in decode(samples).items():
        assert true.scores["position_r2"] > 0.8
        assert true.scores["direction_accuracy"] > 60
        shuffled = [one[decoder].scores for one in found]
        # one seed has an sd of 6 to 7 %, as bins of a trial are alike, and of 0.06 to 0.08 in R²
        assert np.mean([s["direction_accuracy"] for s in shuffled]) == pytest.approx(12.5, abs=6)
        assert -0.2 < np.mean([s["position_r2"] for s in shuffled]) < 0.05
        np.testing.assert_array_equal(found[0][decoder].row, true.row)


def test_permuted_labels_follow_the_seed():
    first, again, other = (
        decode(reaches(), shuffle_seed=seed)["knn"].predicted["position"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_knn_scores_equal_plain_sklearn_fits_at_the_chosen_k(metric):
    samples = reaches(noise=0.6)
    result = decode(samples, metric=metric, decoders=("knn",))["knn"]
    train, valid, test = parts(samples)

    def fitted(model, labels):
        return model.fit(samples.features[train], labels[train])

    def distance(k, chosen):
        knn = fitted(KNeighborsRegressor(k, metric=metric), values(samples, "position"))
        predicted = knn.predict(samples.features[chosen])
        return np.median(np.linalg.norm(predicted - values(samples, "position")[chosen], axis=1))

    def accuracy(k, chosen):
        knn = fitted(KNeighborsClassifier(k, metric=metric), values(samples, "target"))
        return 100 * knn.score(samples.features[chosen], values(samples, "target")[chosen])

    def position_r2(k, chosen):
        knn = fitted(KNeighborsRegressor(k, metric=metric), values(samples, "position"))
        return knn.score(samples.features[chosen], values(samples, "position")[chosen])

    k_position = max(SETTINGS["neighbours"], key=lambda k: position_r2(k, valid))
    k_direction = max(SETTINGS["neighbours"], key=lambda k: (accuracy(k, valid), k))
    assert result.chosen == {"position": k_position, "target": k_direction}
    # float64 sums in another order
    assert result.scores["position_error_median"] == pytest.approx(distance(k_position, test))
    assert result.scores["direction_accuracy"] == pytest.approx(accuracy(k_direction, test))
    knn = fitted(KNeighborsRegressor(k_position, metric=metric), values(samples, "position"))
    np.testing.assert_allclose(
        result.predicted["position"], knn.predict(samples.features[test]), atol=1e-12
    )


def test_ridge_scores_equal_plain_sklearn_fits_at_the_chosen_penalty():
    samples = reaches(noise=0.6)
    result = decode(samples, decoders=("ridge",))["ridge"]
    train, _, test = parts(samples)
    scaler = StandardScaler().fit(samples.features[train])
    z_train, z_test = (scaler.transform(samples.features[chosen]) for chosen in (train, test))
    ridge = Ridge(result.chosen["position"]).fit(z_train, values(samples, "position")[train])
    # normal equations of 5 well-conditioned features
    np.testing.assert_allclose(result.predicted["position"], ridge.predict(z_test), atol=1e-9)
    classifier = RidgeClassifier(result.chosen["target"]).fit(
        z_train, values(samples, "target")[train]
    )
    np.testing.assert_array_equal(result.predicted["target"], classifier.predict(z_test))
    assert result.scores["position_r2"] == pytest.approx(
        r2_score(values(samples, "position")[test], ridge.predict(z_test)), abs=1e-9
    )


def test_unrelated_features_are_no_better_than_chance():
    samples = reaches(n_trials=240)
    noise = np.random.default_rng(3).normal(size=samples.features.shape)
    decoded = decode(replace(samples, features=noise), neighbours=(100,), alphas=(10.0,))
    for result in decoded.values():
        # 1600 test bins, classes 1/8: the binomial sd of the accuracy is 0.83 %; five of it
        assert result.scores["direction_accuracy"] == pytest.approx(12.5, abs=4.2)
        # k = 100 neighbours of noise have an R² of -1/k, 5 features about -5/1600 twice
        assert result.scores["position_r2"] == pytest.approx(0, abs=0.03)


def test_chance_needs_no_features():
    samples = reaches()
    train, _, test = parts(samples)
    scores = decode(samples)["knn"].scores
    mean = np.broadcast_to(values(samples, "position")[train].mean(axis=0), (len(test), 2))
    assert scores["chance_position_r2"] == pytest.approx(
        r2_score(values(samples, "position")[test], mean)
    )
    away = values(samples, "position")[test] - np.median(values(samples, "position")[train], axis=0)
    assert scores["chance_position_error_median"] == pytest.approx(
        np.median(np.linalg.norm(away, axis=1))
    )
    share = [
        [np.mean(values(samples, "target")[chosen] == c) for c in range(8)]
        for chosen in (train, test)
    ]
    assert scores["chance_direction_accuracy"] == pytest.approx(100 * np.dot(*share))
    assert set(scores) == {*METRICS, *(f"chance_{metric}" for metric in METRICS)}


def test_every_score_has_a_unit_and_true_labels_stand_beside_decoded_ones():
    samples = reaches()
    for result in decode(samples).values():
        assert result.units == dict(zip(METRICS, ("", "cm", "%"), strict=True))
        for name in ("position", "target"):
            np.testing.assert_array_equal(result.true[name], values(samples, name)[result.row])
            assert result.predicted[name].shape == result.true[name].shape


def test_chance_of_direction_is_an_eighth_if_training_is_balanced():
    samples = reaches()
    # test trials of three targets only: the chance of a guess does not depend on which
    part = np.where((samples.part == 2) & (values(samples, "target") > 2), 1, samples.part).astype(
        np.int8
    )
    assert np.unique(values(samples, "target")[part == 2]).tolist() == [0, 1, 2]
    scores = decode(replace(samples, part=part))["knn"].scores
    assert scores["chance_direction_accuracy"] == pytest.approx(12.5)


def test_test_labels_and_test_features_never_reach_the_choice():
    samples = reaches()
    changed = samples.part == 2
    other = replace(
        samples,
        features=np.where(changed[:, None], samples.features[::-1], samples.features),
        position=np.where(changed[:, None], 77.0, values(samples, "position")),
    )
    for first, second in zip(
        decode(samples).values(),
        decode(other).values(),
        strict=True,
    ):
        assert first.chosen == second.chosen


def test_validation_rows_choose_but_are_not_fitted():
    samples = reaches(noise=0.6)
    changed = samples.part == 1
    # the only candidate: nothing to choose, so validation rows must not matter at all
    one = {"neighbours": (5,), "alphas": (1.0,)}
    other = replace(
        samples, features=np.where(changed[:, None], -samples.features, samples.features)
    )
    for first, second in zip(
        decode(samples, **one).values(),
        decode(other, **one).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(first.predicted["position"], second.predicted["position"])


def test_another_recording_is_scored_by_the_decoder_of_the_first():
    fitted, scored = reaches(seed=0), reaches(seed=1, n_trials=24, scale=0.5)
    decoded = decode(fitted, test=scored)
    own = decode(fitted)
    test = rows(scored.part, "test")
    for name, result in decoded.items():
        assert result.chosen == own[name].chosen
        np.testing.assert_array_equal(result.row, test)
        assert result.predicted["position"].shape == (len(test), 2)
        # the same features mean the same direction in both
        assert result.scores["direction_accuracy"] > 60
    # of the scored recording, only test rows are looked at
    untouched = np.where((scored.part == 2)[:, None], scored.features, 0.0)
    again = decode(fitted, test=replace(scored, features=untouched))
    assert again["ridge"].scores == decoded["ridge"].scores


def test_fitting_each_second_bin_is_fitting_a_recording_with_half_the_bins():
    samples = reaches()
    kept = np.sort(
        np.concatenate(
            [rows(samples.part, "test"), *(rows(samples.part, n)[::2] for n in PART_NAMES[:2])]
        )
    )
    halved = reach_samples(
        samples.features[kept],
        values(samples, "position")[kept],
        values(samples, "target")[kept],
        samples.part[kept],
    )
    expected = decode(halved)
    for name, result in decode(samples, bin_step=2).items():
        assert result.scores == expected[name].scores


def test_targets_only_among_training_or_test_rows_are_classes_of_their_own():
    samples = reaches()
    target = np.where(samples.part == 2, 5, 3)
    for result in decode(replace(samples, target=target)).values():
        assert result.scores["direction_accuracy"] == 0
        assert set(result.predicted["target"]) == {3}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoders": ("svm",)}, r"decoders of the protocol reaching are knn, ridge, got svm"),
        ({"neighbours": (1000,)}, r"candidates must be in \[1, 320\]"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        decode(reaches(), **changes)


def test_a_position_that_is_not_in_the_plane_is_refused():
    with pytest.raises(ValueError, match=r"position must be a continuous label \(time, 2\), got"):
        decode(replace(reaches(), position=np.zeros(960)))


def test_features_of_another_width_are_refused():
    narrow = reaches(n_trials=24)
    narrow = replace(narrow, features=narrow.features[:, :3])
    with pytest.raises(ValueError, match="width of fit, got 3 and 5"):
        decode(reaches(), test=narrow)
