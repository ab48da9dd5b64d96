"""For one query, our nearest anchor is the row that cebra's argmin gives.

cebra expands squares, |x|² + |q|² − 2 x·q, in the precision of the labels. On small integers (and
on fractions with few digits) that is exact in float32, so the two must agree in every tie as well.
On real numbers they must agree wherever the two nearest labels differ by more than rounding.
"""

import numpy as np
import pytest

from cebra_kedro.sampling import (
    LabelTable,
    MixedLaw,
    NearestAnchor,
    TimeDeltaLaw,
    find_anchors,
    search,
)

N_QUERIES = 2000
RNG = np.random.default_rng(0)  # ties are not random here


def rat_labels(rng):
    """Position in steps of 1/256 m on a track of 1.6 m, and two columns of direction."""
    phase = np.cumsum(rng.random(1500) * 0.02)
    position = np.round(0.8 * (1 - np.cos(phase)) * 256) / 256
    right = np.sin(phase) > 0
    return np.column_stack([position, right, ~right])


def target_labels(rng):
    """Points of a grid, as of reaching targets: many equal labels, many at equal distance."""
    return rng.integers(-3, 4, size=(1500, 2))


def class_labels(rng):
    """Sixteen classes, one column each, all equally far apart."""
    return np.eye(16)[rng.integers(16, size=1500)]


def film_labels(rng):
    """Thirty frames of many features, shown fifty times."""
    return np.tile(rng.integers(-4, 5, size=(30, 96)), (50, 1))


def long_film_labels(rng):
    """More distinct frames than a Gram matrix is made for."""
    return rng.integers(-4, 5, size=(1500, 12))


LABELS = {
    "rat": (rat_labels, "tree"),
    "targets": (target_labels, "tree"),
    "classes": (class_labels, "gram"),
    "film": (film_labels, "gram"),
    "long film": (long_film_labels, "product"),
}


@pytest.fixture(params=LABELS)
def labels(request, monkeypatch):
    make, strategy = LABELS[request.param]
    monkeypatch.setattr(search, "MAX_GRAM_ROWS", 1000)
    labels = make(np.random.default_rng(1)).astype(np.float32)
    assert LabelTable.of(labels).strategy == strategy
    return labels


def change_queries(labels, n_queries=N_QUERIES):
    """Rows of references and changes, and the queries label(base) + (label(end) − label(start))."""
    base, end, start = np.random.default_rng(2).integers(len(labels), size=(3, n_queries))
    return base, end, start, labels[base] + (labels[end] - labels[start])


def test_nearest_anchor_is_cebras_argmin(cebra, labels):
    import torch

    base, end, start, query = change_queries(labels)
    theirs = cebra.distributions.ContinuousIndex(torch.from_numpy(labels))
    expected = theirs.search(torch.from_numpy(query)).numpy()
    row = np.arange(len(labels))
    index = NearestAnchor(LabelTable.of(labels), row, row)
    np.testing.assert_array_equal(index.near_sum(base, end, start, RNG), expected)
    np.testing.assert_array_equal(index.near(query.astype(float), RNG), expected)


def test_nearest_anchor_of_a_class_is_that_of_cebras_conditional_index(cebra, labels):
    import torch

    base, end, start, query = change_queries(labels)
    classes = np.random.default_rng(3).integers(4, size=len(labels))
    theirs = cebra.distributions.ConditionalIndex(
        torch.from_numpy(classes), torch.from_numpy(labels)
    )
    expected = theirs.search(torch.from_numpy(query), torch.from_numpy(classes[base])).numpy()
    table = LabelTable.of(labels)
    for class_id in range(4):
        row, asked = np.flatnonzero(classes == class_id), classes[base] == class_id
        index = NearestAnchor(table, row, row)
        found = index.near_sum(base[asked], end[asked], start[asked], RNG)
        np.testing.assert_array_equal(found, expected[asked])


@pytest.mark.parametrize("dim", [2, 12])
def test_positives_of_a_law_are_cebras_argmin(cebra, dim):
    import torch

    # Labels grow by the same step in every bin, so each recorded change is the same and the query
    # of each reference is known. Near the end, the query lies beyond the last label.
    step = np.where(np.arange(dim) % 2, 1, -1)
    labels = (np.arange(400)[:, None] * step).astype(np.float32)
    classes = np.random.default_rng(0).integers(3, size=400)
    anchors = find_anchors([np.zeros(400, int)], [(0, 1)])
    query = torch.from_numpy(labels + 7 * step.astype(np.float32))
    continuous = cebra.distributions.ContinuousIndex(torch.from_numpy(labels))
    mixed = cebra.distributions.ConditionalIndex(
        torch.from_numpy(classes), torch.from_numpy(labels)
    )
    for law, expected in (
        (TimeDeltaLaw(anchors, labels, 7, 0), continuous.search(query)),
        (MixedLaw(anchors, labels, classes, 7, 0), mixed.search(query, torch.from_numpy(classes))),
    ):
        pairs = law.draw(0, 10_000, 1)
        assert len(np.unique(pairs.reference)) == 400
        np.testing.assert_array_equal(pairs.positives[0], expected.numpy()[pairs.reference])


@pytest.mark.parametrize("dim", [1, 3, 12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_labels_give_cebras_index_wherever_rounding_does_not_decide(cebra, dim, dtype):
    import torch

    labels = np.random.default_rng(dim).normal(size=(300, dim)).astype(dtype)
    base, end, start, query = change_queries(labels)
    theirs = cebra.distributions.ContinuousIndex(torch.from_numpy(labels))
    expected = theirs.search(torch.from_numpy(query)).numpy()
    row = np.arange(len(labels))
    found = NearestAnchor(LabelTable.of(labels), row, row).near_sum(base, end, start, RNG)
    exact = labels.astype(float)
    exact_query = exact[base] + exact[end] - exact[start]
    squared = np.sort(((exact_query[:, None] - exact[None]) ** 2).sum(axis=2), axis=1)
    # cebra adds |x|², |q|² and 2 x·q ≤ |x|² + |q|², each a sum of dim products; every one of these
    # operations, and q itself, is off by at most eps of the whole.
    size = 2 * ((exact_query**2).sum(axis=1) + (exact**2).sum(axis=1).max())
    clear = squared[:, 1] - squared[:, 0] > 2 * (dim + 3) * np.finfo(dtype).eps * size
    # In float32 and one dimension, this bound leaves a quarter of the queries to rounding.
    assert clear.mean() > (0.7 if dtype == np.float32 else 0.999)
    np.testing.assert_array_equal(found[clear], expected[clear])
