from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.consistency.alignment import LabelledEmbedding, align


def circle_of(label):
    return np.stack([np.cos(3 * label), np.sin(3 * label), 0.2 + label], axis=1)


def random_walk(rng, n=3000, low=0.0, high=1.6):
    """A label that wanders in [low, high] and bounces off its ends."""
    steps = np.cumsum(rng.normal(scale=0.05, size=n)) + rng.uniform(low, high)
    folded = np.abs(np.mod(steps - low, 2 * (high - low)) - (high - low))
    return low + folded


def item(label, name="a", discrete=None, embedding=None):
    embedding = circle_of(label) if embedding is None else embedding
    return LabelledEmbedding(name, embedding, continuous=label, discrete=discrete)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_bins=st.integers(10, 120),
    n=st.integers(200, 3000),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_equals_cebra_wherever_cebra_succeeds(seed, n_bins, n, dtype):
    from cebra.integrations.sklearn.helpers import align_embeddings

    rng = np.random.default_rng(seed)
    labels = [random_walk(rng, n + 100 * i).astype(dtype) for i in range(3)]
    embeddings = [rng.normal(size=(len(label), 3)) for label in labels]
    items = [item(labels[i], f"rat{i}", embedding=embeddings[i]) for i in range(3)]
    try:
        oracle = align_embeddings(embeddings, labels, n_bins=n_bins)
    except ValueError as error:
        assert "close enough" in str(error)
        try:
            n_common = len(align(items, n_bins=n_bins).centre)
        except ValueError as ours:
            assert "share at least" in str(ours)
        else:
            assert n_common < n_bins - 1
        return
    aligned = align(items, n_bins=n_bins)
    for i in range(3):
        # float64 sums in another order; near-cancelling means of noise magnify by their norm
        np.testing.assert_allclose(aligned.embeddings[f"rat{i}"], oracle[i], rtol=0, atol=1e-9)


def unit_means_one_by_one(embedding, label, edges, min_samples, max_widening):
    """The rule of the docstring, bin by bin: unit mean of the rows, or None."""
    means = []
    for i in range(len(edges) - 1):
        for reach in range(max_widening + 1):
            low = edges[max(i - reach, 0)]
            stop = i + 1 + reach
            rows = (label >= low) & ((label < edges[stop]) if stop < len(edges) else True)
            if rows.sum() >= min_samples:
                break
        mean = embedding[rows].mean(axis=0) if rows.sum() >= min_samples else None
        means.append(None if mean is None else mean / np.linalg.norm(mean))
    return means


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    min_samples=st.integers(1, 8),
    max_widening=st.integers(0, 4),
)
def test_equals_the_rule_applied_bin_by_bin(seed, min_samples, max_widening):
    rng = np.random.default_rng(seed)
    labels = [rng.uniform(0, 1, 200), rng.uniform(0.1, 1.2, 200)]
    embeddings = [rng.normal(size=(200, 3)) + 1 for _ in labels]
    edges = np.linspace(min(map(np.min, labels)), max(map(np.max, labels)), 41)
    oracle = [
        unit_means_one_by_one(embedding, label, edges, min_samples, max_widening)
        for embedding, label in zip(embeddings, labels, strict=True)
    ]
    common = [i for i in range(40) if all(means[i] is not None for means in oracle)]
    items = [item(labels[i], "ab"[i], embedding=embeddings[i]) for i in range(2)]
    if len(common) < 5:
        with pytest.raises(ValueError, match=f"got {len(common)} of 40"):
            align(items, n_bins=41, min_samples=min_samples, max_widening=max_widening)
        return
    aligned = align(items, n_bins=41, min_samples=min_samples, max_widening=max_widening)
    for name, means in zip("ab", oracle, strict=True):
        # float64 sums in another order
        np.testing.assert_allclose(
            aligned.embeddings[name], [means[i] for i in common], rtol=0, atol=1e-12
        )


def test_a_bin_is_the_unit_mean_of_its_rows():
    # edges 0, 1, 2, 3, 4 and hence bins around 0.5, 1.5, 2.5, 3.5; 4.0 is on the last edge
    label = np.array([0.0, 0.5, 1.0, 1.9, 2.0, 3.0, 4.0])
    embedding = np.array([[3, 4], [3, 4], [1, 0], [0, 1], [0, 5], [-2, 0], [9, 9]], float)
    aligned = align([item(label, name, embedding=embedding) for name in "ab"], n_bins=5)
    half = np.sqrt(0.5)
    expected = [[0.6, 0.8], [half, half], [0, 1], [-1, 0]]
    # exact maths in float64
    np.testing.assert_allclose(aligned.embeddings["a"], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(aligned.centre, [0.5, 1.5, 2.5, 3.5], rtol=0, atol=1e-12)
    assert aligned.class_id is None


def test_partly_overlapping_ranges_leave_the_overlap():
    rng = np.random.default_rng(0)
    labels = {"a": rng.uniform(0, 1.2, 5000), "b": rng.uniform(0.6, 1.6, 5000)}
    items = [item(label, name) for name, label in labels.items()]
    sharp = align(items, n_bins=81, max_widening=0).centre
    width = 1.6 / 80
    # bins of 0.02 from 0: those that touch [0.6, 1.2]; labels near the ends are dense (5000)
    assert sharp.min() == pytest.approx(0.6 + width / 2, abs=width)
    assert sharp.max() == pytest.approx(1.2 - width / 2, abs=width)
    widened = align(items, n_bins=81).centre
    assert widened.min() == pytest.approx(sharp.min() - 2 * width, abs=1e-3)
    assert widened.max() == pytest.approx(sharp.max() + 2 * width, abs=1e-3)


def test_a_gap_in_one_embedding_is_left_out_of_all():
    rng = np.random.default_rng(1)
    full, gap = rng.uniform(0, 1, 4000), rng.uniform(0, 1, 4000)
    gap = gap[(gap < 0.4) | (gap > 0.7)]
    centre = align([item(full, "a"), item(gap, "b")], n_bins=101, max_widening=0).centre
    assert not np.any((centre > 0.41) & (centre < 0.69))
    # 30 of the 100 bins lie in the gap; about 40 (b: 28) samples fill each of the others
    assert len(centre) == pytest.approx(70, abs=1)


def test_a_bin_borrows_only_as_far_as_it_must():
    # bin 2 of the ranges around 0.5, 1.5, ... is empty and borrows from both sides
    label = np.array([0.5, 1.5, 3.5, 4.5, 5.5, 0.0, 6.0])
    embedding = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [1, 1], [1, 0], [1, 1]], float)
    items = [item(label, name, embedding=embedding) for name in "ab"]
    aligned = align(items, n_bins=7, max_widening=1)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(aligned.embeddings["a"][2], [half, half], rtol=0, atol=1e-12)
    np.testing.assert_allclose(aligned.embeddings["a"][1], [1, 0], rtol=0, atol=1e-12)
    assert len(align(items, n_bins=7, max_widening=0).centre) == 5


@pytest.mark.parametrize("min_samples", [1, 20])
def test_bins_hold_enough_samples_in_every_embedding(min_samples):
    rng = np.random.default_rng(2)
    # density falls to zero at 1 in the one and at 0 in the other
    labels = [1 - np.sqrt(rng.uniform(size=1500)), np.sqrt(rng.uniform(size=1500))]
    aligned = align(
        [item(label, name) for name, label in zip("ab", labels, strict=True)],
        n_bins=51,
        min_samples=min_samples,
        max_widening=0,
    )
    edges = np.linspace(min(map(np.min, labels)), max(map(np.max, labels)), 51)
    counts = np.stack([np.histogram(label, edges)[0] for label in labels])
    assert len(aligned.centre) == (counts.min(axis=0) >= min_samples).sum()


def test_discrete_labels_make_one_bin_per_common_class():
    rng = np.random.default_rng(3)
    means = rng.normal(size=(12, 2))
    classes = {"a": np.repeat([0, 1, 3, 4, 7, 11], 5), "b": np.repeat([11, 7, 4, 2, 1, 0], 7)}
    aligned = align([LabelledEmbedding(n, means[c], discrete=c) for n, c in classes.items()])
    assert aligned.class_id.tolist() == [0, 1, 4, 7, 11]
    assert aligned.centre is None
    expected = means[aligned.class_id] / np.linalg.norm(means[aligned.class_id], axis=1)[:, None]
    for embedding in aligned.embeddings.values():
        # exact maths in float64
        np.testing.assert_allclose(embedding, expected, rtol=0, atol=1e-12)


IDS = st.sampled_from([-(2**63), -1, 0, 2**63 - 1])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=60), min_size=2, max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_combination_of_ids_is_a_class_of_its_own_in_every_recording(rows, seed):
    rng = np.random.default_rng(seed)
    embeddings = [rng.normal(size=(len(pairs), 2)) + 3 for pairs in rows]
    items = [
        LabelledEmbedding(name, embedding, discrete=np.array(pairs, np.int64))
        for name, embedding, pairs in zip("abc", embeddings, rows, strict=False)
    ]
    common = sorted(set.intersection(*map(set, rows)))
    if len(common) < 4:
        with pytest.raises(ValueError, match=f"got {len(common)} of {len(common)}"):
            align(items)
        return
    aligned = align(items)
    assert list(map(tuple, aligned.class_id.tolist())) == common
    for item, embedding, pairs in zip(items, embeddings, rows, strict=True):
        for mean, pair in zip(aligned.embeddings[item.name], common, strict=True):
            own = embedding[[other == pair for other in pairs]].mean(axis=0)
            # float64 sums in another order
            np.testing.assert_allclose(mean, own / np.linalg.norm(own), rtol=0, atol=1e-12)


def test_classes_with_too_few_samples_in_one_embedding_are_left_out():
    classes = {"a": np.repeat(np.arange(6), 5), "b": np.repeat(np.arange(6), [5, 5, 2, 5, 5, 5])}
    items = [LabelledEmbedding(n, np.eye(6)[c][:, :2] + 1, discrete=c) for n, c in classes.items()]
    assert align(items, min_samples=3).class_id.tolist() == [0, 1, 3, 4, 5]


def test_position_and_direction_together_keep_directions_apart():
    rng = np.random.default_rng(4)
    position, direction = rng.uniform(0, 1, 4000), rng.integers(0, 2, 4000)
    # opposite embeddings in the two directions: averaged over both they would cancel
    embedding = circle_of(position) * np.where(direction, 1, -1)[:, None]
    items = [item(position, name, direction, embedding) for name in "ab"]
    aligned = align(items, n_bins=21)
    assert aligned.class_id.tolist() == [0] * 20 + [1] * 20
    np.testing.assert_array_equal(aligned.centre[:20], aligned.centre[20:])
    true = circle_of(aligned.centre) / np.linalg.norm(circle_of(aligned.centre), axis=1)[:, None]
    # the mean of about 100 rows lies within a third of the bin's arc, 3 rad x 0.05, of its middle
    sign = np.where(aligned.class_id, 1, -1)[:, None]
    np.testing.assert_allclose(aligned.embeddings["a"], sign * true, rtol=0, atol=0.05)


def test_samples_are_never_borrowed_across_classes():
    position = np.tile(np.arange(10) + 0.5, 2)
    direction = np.repeat([0, 1], 10)
    embedding = np.where(direction[:, None], [1.0, 0.0], [0.0, 1.0])
    keep = np.ones(20, bool)
    keep[[4, 5]] = False
    items = [item(position[keep], name, direction[keep], embedding[keep]) for name in "ab"]
    aligned = align(items, n_bins=10)
    np.testing.assert_array_equal(
        aligned.embeddings["a"], np.where(aligned.class_id[:, None], [1.0, 0.0], [0.0, 1.0])
    )


def test_too_little_overlap_is_refused_with_the_ranges():
    rng = np.random.default_rng(5)
    items = [
        item(rng.uniform(0, 1, 500), "a", np.zeros(500, int)),
        item(rng.uniform(3, 4, 500), "b", np.zeros(500, int)),
    ]
    with pytest.raises(
        ValueError, match=r"share at least 5 label bins.*got 0 of 99.*a continuous .* classes 0; b"
    ):
        align(items)


def test_no_common_class_is_refused():
    embedding = np.ones((20, 3))
    items = [LabelledEmbedding(n, embedding, discrete=np.full(20, i)) for i, n in enumerate("ab")]
    with pytest.raises(ValueError, match=r"got 0 of 0.*a classes 0; b classes 1"):
        align(items)


def test_few_bins_are_warned_about(caplog):
    classes = np.repeat(np.arange(8), 5)
    embedding = np.random.default_rng(6).normal(size=(8, 3))[classes]
    with caplog.at_level(logging.WARNING):
        align([LabelledEmbedding(name, embedding, discrete=classes) for name in "ab"])
    # three dimensions fitted to eight bins explain 3/7 of anything
    assert "about 0.43" in caplog.text


LABEL = np.linspace(0, 1, 50)


@pytest.mark.parametrize(
    ("items", "arguments", "message"),
    [
        ([item(LABEL)], {}, "at least 2 embeddings, got 1"),
        ([item(LABEL), item(LABEL)], {}, "got a twice"),
        ([item(LABEL), item(LABEL, "b")], {"n_bins": 1}, "n_bins must be at least 2, got 1"),
        ([item(LABEL), item(LABEL, "b")], {"min_samples": 0}, "min_samples must be at least 1"),
        ([item(LABEL), item(LABEL, "b")], {"max_widening": -1}, "max_widening must be at least 0"),
        ([item(LABEL * 0), item(LABEL * 0, "b")], {}, "continuous is 0.0 in every row"),
        ([item(LABEL), item(LABEL, "b", np.zeros(50, int))], {}, "same kinds of label"),
        (
            [item(LABEL, n, np.zeros(shape, int)) for n, shape in {"a": 50, "b": (50, 2)}.items()],
            {},
            "same kinds of label",
        ),
        (
            [
                LabelledEmbedding(name, np.ones((50, 2)), LABEL, unit=unit)
                for name, unit in {"a": "m", "b": "cm"}.items()
            ],
            {},
            "one unit in all embeddings, got 'm' in a, 'cm' in b; convert it",
        ),
        (
            [item(LABEL), item(LABEL, "b", embedding=np.zeros((50, 3)))],
            {"n_bins": 20},
            "b: the mean of 19 bins is the zero vector",
        ),
    ],
)
def test_embeddings_that_cannot_be_aligned_are_refused(items, arguments, message):
    with pytest.raises(ValueError, match=message):
        align(items, **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "a/b"}, "without a slash, got 'a/b'"),
        (
            {"embedding": np.ones(50)},
            r"buddy/s1: embedding must be a non-empty array \(time, dim\)",
        ),
        ({"continuous": None}, "buddy/s1: give a continuous or a discrete label"),
        ({"continuous": LABEL[:-1]}, r"continuous must have shape \(50,\)"),
        ({"discrete": LABEL}, "discrete must hold integer class ids, got dtype float64"),
        ({"discrete": np.full(50, 2**63, np.uint64)}, "ids that int64 can hold, got 92233720368"),
        ({"discrete": np.zeros((50, 0), int)}, r"shape \(50,\) or \(50, label\).*got \(50, 0\)"),
        ({"continuous": np.ones((50, 2))}, r"continuous must have shape \(50,\) as the embedding"),
        ({"continuous": np.full(50, np.nan)}, "continuous holds NaN"),
        ({"embedding": np.full((50, 2), np.nan)}, "embedding holds NaN"),
    ],
)
def test_wrong_arrays_are_refused_by_name(change, message):
    arguments = {
        "dataset": "buddy",
        "embedding": np.ones((50, 2)),
        "continuous": LABEL,
        "run": "s1",
    }
    with pytest.raises(ValueError, match=message):
        LabelledEmbedding(**(arguments | change))
