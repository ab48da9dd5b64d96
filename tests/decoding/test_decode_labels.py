"""Labels of any kind are decoded by what fits their kind, chosen on validation rows only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from cebra_kedro.decoding import DecoderSettings
from cebra_kedro.decoding.labels import decode_labels
from cebra_kedro.decoding.scores import angular_error_deg
from cebra_kedro.metrics import metrics_rows
from cebra_kedro.recording import Label
from cebra_kedro.splits import contiguous_blocks
from samples_of import samples_of

N = 300
PART = contiguous_blocks(N)
TRAIN, VALID, TEST = (code == PART for code in range(3))
KNN, RIDGE, LOGISTIC, BAYES = ("knn",), ("ridge",), ("logistic",), ("bayes",)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def decode(features, label, name="label", **options):
    """One label by one decoder."""
    part = options.pop("part", PART)
    settings = DecoderSettings(**options.pop("settings", {}))
    samples = samples_of(features, part, **{name: label})
    (result,) = decode_labels(samples, labels=(name,), settings=settings, **options)
    return result


def continuous(values, unit="m"):
    return Label(values, "continuous", unit)


# Continuous labels


def test_a_linear_label_is_decoded_exactly_and_chance_is_the_training_mean(rng):
    features = rng.normal(size=(N, 3)) * [1, 100, 0.01]
    label = features @ rng.normal(size=(3, 2)) + 5
    result = decode(features, continuous(label), decoders=RIDGE, scores=("r2", "r2_train"))
    assert result.decoder == "ridge"
    assert result.chosen == {"label": 1e-3}  # the least penalty is best without noise
    # a penalty of 1e-3 on 210 rows
    assert result.scores["label_r2"] == pytest.approx(1, abs=1e-8)
    assert result.scores["label_r2_train"] == pytest.approx(1, abs=1e-8)
    np.testing.assert_allclose(result.predicted["label"], label[TEST], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(result.row, np.flatnonzero(TEST))
    error = ((label[TEST] - label[TRAIN].mean(axis=0)) ** 2).sum(axis=0)
    total = ((label[TEST] - label[TEST].mean(axis=0)) ** 2).sum(axis=0)
    assert result.scores["chance_label_r2"] == pytest.approx(np.mean(1 - error / total), abs=1e-12)
    assert result.scores["chance_label_r2_train"] == pytest.approx(0, abs=1e-12)


def test_the_penalty_is_chosen_on_validation_rows(rng):
    features = rng.normal(size=(N, 100))
    label = continuous(features[:, 0] + 3 * rng.normal(size=N))
    alphas = (1e-6, 1e2, 1e9)
    options = {"decoders": RIDGE, "scores": ("r2",)}
    result = decode(features, label, settings={"alphas": alphas}, **options)
    assert result.chosen == {"label": 1e2}
    one = {
        a: decode(features, label, settings={"alphas": [a]}, **options).scores["label_r2"]
        for a in alphas
    }
    assert result.scores["label_r2"] == one[1e2] > one[1e-6]


def test_the_first_score_that_is_not_of_training_rows_chooses(rng):
    features = rng.normal(size=(N, 2))
    # far outliers: the mean of all neighbours is best for R², few neighbours for the median error
    label = continuous(features[:, 0] + 30 * (rng.uniform(size=N) < 0.05))
    chosen = {
        scores: decode(features, label, scores=scores).chosen["label"]
        for scores in (
            ("r2",),
            ("error_median",),
            ("r2", "error_median"),
            ("error_median", "r2"),
            ("r2_train", "error_median"),
        )
    }
    by_r2, by_error = chosen[("r2",)], chosen[("error_median",)]
    assert by_r2 > by_error
    assert chosen[("r2", "error_median")] == by_r2
    assert chosen[("error_median", "r2")] == chosen[("r2_train", "error_median")] == by_error


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 4)])
def test_neighbours_of_continuous_labels_equal_sklearn(rng, metric, shape):
    values = rng.normal(size=shape)
    features = np.column_stack([values, rng.normal(size=(N, 2))])
    candidates = (1, 4, 16)
    result = decode(
        features, continuous(values), settings={"neighbours": candidates, "metric": metric}
    )

    def error(k, rows):
        knn = KNeighborsRegressor(k, metric=metric).fit(features[TRAIN], values[TRAIN])
        distance = (knn.predict(features[rows]) - values[rows]).reshape(rows.sum(), -1)
        return np.median(np.linalg.norm(distance, axis=1))

    k = min(candidates, key=lambda k: error(k, VALID))
    knn = KNeighborsRegressor(k, metric=metric).fit(features[TRAIN], values[TRAIN])
    assert result.chosen == {"label": k}
    # float64 sums in another order
    assert result.scores["label_error_median"] == pytest.approx(error(k, TEST), abs=1e-12)
    predicted = knn.predict(features[TEST])
    assert result.scores["label_r2"] == pytest.approx(r2_score(values[TEST], predicted), abs=1e-12)
    assert result.predicted["label"].shape == values[TEST].shape
    np.testing.assert_allclose(result.predicted["label"], predicted, atol=1e-12)


def test_chance_of_a_continuous_label_is_what_sklearns_dummies_score(rng):
    values = rng.lognormal(size=(N, 2)) + np.where(TEST, 1.0, 0.0)[:, None]
    scores = decode(rng.normal(size=(N, 2)), continuous(values)).scores
    constant = {
        strategy: DummyRegressor(strategy=strategy).fit(values[TRAIN], values[TRAIN])
        for strategy in ("mean", "median")
    }
    away = constant["median"].predict(values[TEST]) - values[TEST]
    # the same few float64 operations
    assert scores["chance_label_error_median"] == pytest.approx(
        np.median(np.linalg.norm(away, axis=1)), abs=1e-12
    )
    mean = constant["mean"].predict(values[TEST])
    assert scores["chance_label_r2"] == pytest.approx(r2_score(values[TEST], mean), abs=1e-12)


def test_a_training_row_is_its_own_neighbour(rng):
    scores = decode(
        rng.normal(size=(N, 2)),
        continuous(rng.normal(size=N)),
        scores=("r2", "r2_train"),
        settings={"neighbours": (1,)},
    ).scores
    assert scores["label_r2_train"] == 1
    assert scores["label_r2"] < 0


# Circular labels


@pytest.mark.parametrize(
    ("decoder", "most_deg"),
    [
        ("ridge", 0.01),  # a penalty of 1e-3 shrinks by 5e-6
        ("knn", 2.0),  # 210 training angles are 1.7° apart
    ],
)
def test_a_circle_is_decoded_across_the_cut(rng, decoder, most_deg):
    angle = rng.uniform(0, 2 * np.pi, N)
    circle = np.column_stack([np.cos(angle + 1), np.sin(angle + 1)])
    result = decode(circle, Label(angle, "circular", "rad"), decoders=(decoder,))
    assert result.scores["label_error_mean"] < most_deg
    assert result.scores["label_r2"] == pytest.approx(1, abs=0.002)
    assert ((result.predicted["label"] >= 0) & (result.predicted["label"] < 2 * np.pi)).all()
    # uniform angles: every constant is wrong by 90° on average; 60 test angles of sd 52°
    assert result.scores["chance_label_error_mean"] == pytest.approx(90, abs=25)
    assert result.units == {"label_error_mean": "deg", "label_r2": ""}


@pytest.mark.parametrize("decoder", ["ridge", "knn"])
def test_circular_scores_equal_plain_sklearn_fits_of_cosine_and_sine(rng, decoder):
    angle = rng.uniform(-10, 10, N)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    features = points + 0.5 * rng.normal(size=(N, 2))
    result = decode(
        features,
        Label(angle, "circular"),
        decoders=(decoder,),
        scores=("r2", "r2_train", "error_mean"),
    )
    chosen, z = result.chosen["label"], features
    if decoder == "ridge":
        z = StandardScaler().fit(features[TRAIN]).transform(features)
    model = Ridge(chosen) if decoder == "ridge" else KNeighborsRegressor(int(chosen))
    predicted = model.fit(z[TRAIN], points[TRAIN]).predict(z)
    # normal equations of two features; float64 sums in another order
    assert result.scores["label_r2"] == pytest.approx(
        r2_score(points[TEST], predicted[TEST]), abs=1e-9
    )
    assert result.scores["label_r2_train"] == pytest.approx(
        r2_score(points[TRAIN], predicted[TRAIN]), abs=1e-9
    )
    error = np.angle((predicted @ [1, 1j]) / (points @ [1, 1j]))
    assert result.scores["label_error_mean"] == pytest.approx(
        np.degrees(np.abs(error[TEST])).mean(), abs=1e-6
    )


def test_the_chance_angle_is_the_best_constant(rng):
    angle = (rng.normal(0, 0.3, N)) % (2 * np.pi)  # around zero, on both sides of the cut
    scores = decode(rng.normal(size=(N, 2)), Label(angle, "circular")).scores
    zero = angular_error_deg(angle[TEST], np.zeros(TEST.sum()))
    # the constant is within the sampling error (0.03 rad) of the true centre
    assert scores["chance_label_error_mean"] == pytest.approx(zero, abs=2)


def test_several_angles_are_one_label(rng):
    angles = rng.uniform(0, 2 * np.pi, (N, 3))
    features = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    result = decode(features, Label(angles, "circular"), decoders=RIDGE)
    assert result.predicted["label"].shape == (TEST.sum(), 3)
    # a penalty of 1e-3 on 210 rows
    assert angular_error_deg(angles[TEST], result.predicted["label"]) < 0.01
    assert result.scores["label_error_mean"] < 0.01
    assert result.scores["chance_label_error_mean"] == pytest.approx(90, abs=15)


# Discrete labels


def noisy_classes(rng, noise=0.8):
    classes = rng.choice([3, 5, 9], size=N, p=[0.6, 0.3, 0.1])
    features = np.column_stack([classes, (classes - 5) ** 2]) / 4
    return features + noise * rng.normal(size=(N, 2)), classes


def test_classes_are_decoded_and_scored_beside_the_most_frequent_one(rng):
    features, classes = noisy_classes(rng, noise=0.01)
    label = Label(classes, "discrete")
    result = decode(features, label, settings={"neighbours": (1, 5, 10_000)})
    assert result.decoder == "knn"
    assert result.chosen == {"label": 5}  # of equals the largest that there are rows for
    assert result.scores["label_accuracy"] == 100
    np.testing.assert_array_equal(result.predicted["label"], classes[TEST])
    dummy = DummyClassifier().fit(features[TRAIN], classes[TRAIN])
    assert result.scores["chance_label_accuracy"] == pytest.approx(
        100 * dummy.score(features[TEST], classes[TEST])
    )
    assert result.scores["chance_label_balanced_accuracy"] == pytest.approx(100 / 3)
    assert result.units == {"label_accuracy": "%", "label_balanced_accuracy": "%"}


@pytest.mark.parametrize("first", ["accuracy", "balanced_accuracy"])
@pytest.mark.parametrize("decoder", ["knn", "logistic", "bayes"])
def test_classes_equal_plain_sklearn_fits_at_the_chosen_candidate(rng, decoder, first):
    features, classes = noisy_classes(rng)
    candidates, model = {
        "knn": ((1, 4, 9, 16), KNeighborsClassifier),
        "logistic": ((1e-2, 1.0, 1e2), lambda a: LogisticRegression(C=1 / a, max_iter=1000)),
        "bayes": ((1e-9, 1e-1, 1e2), lambda s: GaussianNB(var_smoothing=s)),
    }[decoder]
    name = {"knn": "neighbours", "logistic": "alphas", "bayes": "smoothings"}[decoder]
    others = {"accuracy", "balanced_accuracy"} - {first}
    result = decode(
        features,
        Label(classes, "discrete"),
        decoders=(decoder,),
        scores=(first, *others),
        settings={name: candidates},
    )
    z = features
    if decoder == "logistic":
        z = StandardScaler().fit(features[TRAIN]).transform(features)
    predicted = {c: model(c).fit(z[TRAIN], classes[TRAIN]).predict(z) for c in candidates}

    def score(name, c, rows):
        if name == "accuracy":
            return 100 * np.mean(predicted[c][rows] == classes[rows])
        return 100 * balanced_accuracy_score(classes[rows], predicted[c][rows])

    best = max(candidates, key=lambda c: (score(first, c, VALID), c))
    assert result.chosen == {"label": best}
    np.testing.assert_array_equal(result.predicted["label"], predicted[best][TEST])
    for name in ("accuracy", "balanced_accuracy"):
        assert result.scores[f"label_{name}"] == pytest.approx(score(name, best, TEST), abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(
    classes=st.tuples(*[st.sets(st.integers(0, 5), min_size=1, max_size=3)] * 3),
    decoder=st.sampled_from(["knn", "logistic", "bayes"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_classes_may_be_missing_from_any_part(classes, decoder, seed):
    rng = np.random.default_rng(seed)
    ids = np.zeros(60, np.int64)
    part = np.repeat([0, 1, 2], 20).astype(np.int8)
    for code, of_part in enumerate(classes):
        ids[part == code] = rng.choice(sorted(of_part), 20)
    features = ids[:, None] + 0.1 * rng.normal(size=(60, 2))
    result = decode(features, Label(ids, "discrete"), decoders=(decoder,), part=part)
    test, train = ids[part == 2], ids[part == 0]
    assert set(result.predicted["label"]) <= set(train)
    share = 100 * np.mean(np.isin(test, train))
    assert result.scores["label_accuracy"] <= share + 1e-9
    n_classes = len(np.unique(test))
    assert result.scores["chance_label_balanced_accuracy"] == pytest.approx(100 / n_classes)


# Several labels and decoders


def several(rng, **others):
    position, angle = rng.normal(size=(N, 2)), rng.uniform(0, 2 * np.pi, N)
    classes = rng.integers(0, 4, N)
    features = np.column_stack([position, np.cos(angle), np.sin(angle), classes])
    labels = {
        "position": (position, "continuous", "cm"),
        "heading": (angle, "circular", "rad"),
        "odour": (classes, "discrete"),
    }
    return samples_of(features + 0.2 * rng.normal(size=features.shape), PART, **labels | others)


def test_several_labels_are_each_decoded_as_on_their_own(rng):
    samples = several(rng)
    names = ("odour", "position", "heading")
    (together,) = decode_labels(samples, labels=names)
    for name in names:
        (alone,) = decode_labels(samples, labels=(name,))
        assert alone.scores.items() <= together.scores.items()
        assert together.chosen[name] == alone.chosen[name]
        np.testing.assert_array_equal(together.predicted[name], alone.predicted[name])
        np.testing.assert_array_equal(
            together.true[name], samples.recording.label(name).values[TEST]
        )
    assert together.units == {
        "odour_accuracy": "%",
        "odour_balanced_accuracy": "%",
        "position_error_median": "cm",
        "position_r2": "",
        "heading_error_mean": "deg",
        "heading_r2": "",
    }
    where = {"experiment": "own", "subject": "a", "variant": "b", "fold": 0, "seed": 0}
    rows = metrics_rows(together.scores, units=together.units, decoder="knn", **where)
    assert len(rows) == 12


def test_each_label_gets_the_scores_of_its_kind(rng):
    (result,) = decode_labels(
        several(rng),
        labels=("position", "heading", "odour"),
        scores=("r2", "balanced_accuracy", "error_mean"),
    )
    assert list(result.units) == [
        *("position_r2", "heading_r2", "heading_error_mean"),
        "odour_balanced_accuracy",
    ]


def test_decoders_are_used_in_the_order_in_which_they_are_named(rng):
    found = decode_labels(several(rng), labels=("odour",), decoders=("bayes", "knn", "logistic"))
    assert [result.decoder for result in found] == ["bayes", "knn", "logistic"]
    assert all(result.scores["odour_accuracy"] > 60 for result in found)


# Splits, controls and other recordings


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_test_labels_reach_neither_choice_nor_predictions(seed):
    rng = np.random.default_rng(seed)
    samples = several(rng)
    names = tuple(samples.recording.labels)
    order = np.arange(N)
    order[TEST] = rng.permutation(order[TEST])
    labels = {n: (v.values[order], v.kind) for n, v in samples.recording.labels.items()}
    changed = samples_of(samples.features, PART, **labels)
    (first,), (second,) = (decode_labels(s, labels=names) for s in (samples, changed))
    assert first.chosen == second.chosen
    for name in names:
        np.testing.assert_array_equal(first.predicted[name], second.predicted[name])


def test_validation_rows_choose_but_are_not_fitted(rng):
    samples = several(rng)
    features = np.where(VALID[:, None], -samples.features, samples.features)
    labels = {n: (v.values, v.kind) for n, v in samples.recording.labels.items()}
    one = DecoderSettings(neighbours=(5,), alphas=(1.0,))  # nothing to choose
    for decoder, names in (("knn", tuple(labels)), ("ridge", ("position", "heading"))):
        options = {"labels": names, "decoders": (decoder,), "settings": one}
        (first,) = decode_labels(samples, **options)
        (second,) = decode_labels(samples_of(features, PART, **labels), **options)
        for name in names:
            np.testing.assert_array_equal(first.predicted[name], second.predicted[name])


def test_a_decoder_of_permuted_labels_is_at_chance_where_true_ones_decode_well(rng):
    samples = several(rng)
    names = ("position", "heading", "odour")
    (true,) = decode_labels(samples, labels=names)
    found = [decode_labels(samples, labels=names, shuffle_seed=s)[0].scores for s in range(8)]
    shuffled = {metric: np.mean([one[metric] for one in found]) for metric in true.units}
    assert true.scores["odour_accuracy"] > 60
    # 60 test rows, 8 seeds: binomial sd 2 %, and a draw of few training rows
    assert shuffled["odour_accuracy"] == pytest.approx(25, abs=12)
    assert true.scores["position_r2"] > 0.7
    assert shuffled["position_r2"] < 0.1
    assert true.scores["heading_error_mean"] < 25
    assert shuffled["heading_error_mean"] == pytest.approx(90, abs=15)
    assert decode_labels(samples, labels=names)[0].scores == true.scores


def test_labels_are_permuted_together(rng):
    position = rng.normal(size=N)
    samples = samples_of(
        rng.normal(size=(N, 2)),
        PART,
        position=(position, "continuous"),
        double=(2 * position, "continuous"),
    )
    (result,) = decode_labels(
        samples,
        labels=("position", "double"),
        settings=DecoderSettings(neighbours=(1,)),
        shuffle_seed=3,
    )
    np.testing.assert_allclose(result.predicted["double"], 2 * result.predicted["position"])
    assert not np.array_equal(
        result.predicted["position"],
        decode(samples.features, continuous(position), settings={"neighbours": (1,)}).predicted[
            "label"
        ],
    )


@pytest.mark.parametrize("decoder", ["knn", "ridge"])
def test_each_second_bin_is_a_recording_with_half_the_bins(rng, decoder):
    samples = several(rng)
    kept = np.sort(
        np.concatenate([samples.rows(p, s) for p, s in (("train", 2), ("valid", 2), ("test", 1))])
    )
    labels = {n: (v.values[kept], v.kind, v.unit) for n, v in samples.recording.labels.items()}
    halved = samples_of(samples.features[kept], PART[kept], **labels)
    options = {"labels": ("position", "heading"), "decoders": (decoder,)}
    (thinned,) = decode_labels(samples, **options, settings=DecoderSettings(bin_step=2))
    (expected,) = decode_labels(halved, **options)
    assert thinned.scores == expected.scores
    np.testing.assert_array_equal(thinned.row, np.flatnonzero(TEST))


def test_another_recording_is_scored_by_the_decoder_of_the_first(rng):
    first, second = several(rng), several(rng)
    names = ("position", "odour")
    (own,), (result,) = (decode_labels(first, test, labels=names) for test in (None, second))
    assert result.chosen == own.chosen
    np.testing.assert_array_equal(
        result.true["position"], second.recording.label("position").values[TEST]
    )
    assert result.scores["odour_accuracy"] > 60
    other = several(rng, position=(np.zeros((N, 3)), "continuous"))
    with pytest.raises(ValueError, match=r"position must be alike in both recordings"):
        decode_labels(first, other, labels=names)


def test_numbers_of_neighbours_above_the_training_rows_are_left_out(rng):
    features, label = rng.normal(size=(N, 2)), continuous(rng.normal(size=N))
    with_all, without = (
        decode(features, label, settings={"neighbours": k}) for k in ((4, 9, 211), (4, 9))
    )
    assert TRAIN.sum() == 210
    assert with_all.scores == without.scores
    with pytest.raises(ValueError, match=r"at most 210, the number of training rows, got \[211\]"):
        decode(features, label, settings={"neighbours": (211,)})


def test_inputs_are_not_changed(rng):
    samples = several(rng)
    features = samples.features.copy()
    features.flags.writeable = False
    labels = dict(samples.recording.labels)
    decode_labels(samples_of(features, PART, **labels), labels=tuple(labels), shuffle_seed=0)
    np.testing.assert_array_equal(features, samples.features)


# What is refused


@pytest.mark.parametrize(
    ("label", "decoder", "message"),
    [
        (
            "position",
            "logistic",
            "for discrete labels, but position is continuous; use knn or ridge",
        ),
        ("heading", "bayes", "for discrete labels, but heading is circular; use knn or ridge"),
        (
            "odour",
            "ridge",
            "for continuous and circular labels, but odour is discrete; use knn or logistic or",
        ),
    ],
)
def test_a_decoder_of_another_kind_is_refused_by_name(rng, label, decoder, message):
    with pytest.raises(ValueError, match=f"the decoder {decoder} is {message}"):
        decode_labels(several(rng), labels=(label,), decoders=("knn", decoder))


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        (("position",), ("accuracy",), "by which a candidate is chosen for position, a continuous"),
        (("position",), ("r2_train",), "chosen for .* error_median or r2; got r2_train"),
        (("position",), ("r2", "mse"), r"scores mse fit no label; .* position \(error_median, r2"),
        (("odour",), ("accuracy", "accuracy_train"), "scores accuracy_train fit no label"),
        (("position",), (), "error_median or r2; got none"),
        (("position", "odour"), ("r2",), "chosen for odour, a discrete label: accuracy or bal"),
    ],
)
def test_scores_that_fit_no_label_are_refused(rng, labels, scores, message):
    with pytest.raises(ValueError, match=message):
        decode_labels(several(rng), labels=labels, scores=scores)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (Label(np.arange(N) % 3, "continuous", table=np.eye(3)), "image has a table of what each"),
        (Label(np.zeros((N, 2), int), "discrete"), r"image must hold one class id per bin"),
    ],
)
def test_labels_that_are_not_decoded_row_by_row_are_refused(rng, label, message):
    with pytest.raises(ValueError, match=message):
        decode(rng.normal(size=(N, 2)), label, name="image")


def test_a_label_that_there_is_not_is_refused_by_name(rng):
    with pytest.raises(KeyError, match="no label speed; it has position, heading, odour"):
        decode_labels(several(rng), labels=("speed",))


def test_a_constant_feature_is_harmless(rng):
    features = np.column_stack([np.ones(N), rng.normal(size=N)])
    scores = decode(features, continuous(features[:, 1]), decoders=RIDGE).scores
    # a penalty of 1e-3 on 210 rows
    assert scores["label_r2"] == pytest.approx(1, abs=1e-8)
