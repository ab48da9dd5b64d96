"""Laws of classes draw each pair as often as their definition says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import (
    BATCH,
    assert_counts_follow,
    assert_drawn_as,
    class_prior,
    class_table,
    make_sessions,
    time_delta_table,
    uniform_prior,
)

from cebra_kedro.sampling import ClassLaw, MixedLaw, TimeDeltaLaw, find_anchors

PRIORS = {"empirical": uniform_prior, "uniform": class_prior}


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("n_sessions", [1, 2])
def test_class_pairs_are_as_likely_as_defined(n_sessions, prior):
    data = make_sessions(n_sessions)
    pairs = ClassLaw(data.anchors, data.classes, 0, prior).draw(0, BATCH, BATCH)
    table = class_table(data, PRIORS[prior](data))
    assert_drawn_as(table, pairs.reference, pairs.positives[0])
    counts = np.bincount(pairs.negative, minlength=len(table))
    assert_counts_follow(counts, table.sum(axis=1))


def test_priors_differ_where_classes_are_unequal():
    data = make_sessions(2)
    assert not np.allclose(uniform_prior(data), class_prior(data), rtol=0.1)


@pytest.mark.parametrize("ties", ["first", "uniform"])
@pytest.mark.parametrize("prior", PRIORS)
def test_mixed_pairs_are_as_likely_as_defined(prior, ties):
    data = make_sessions(1)
    law = MixedLaw(data.anchors, data.labels, data.classes, 2, 0, prior, ties)
    pairs = law.draw(0, BATCH, BATCH)
    table = time_delta_table(data, 2, PRIORS[prior](data), ties, within_class=True)
    assert_drawn_as(table, pairs.reference, pairs.positives[0])
    counts = np.bincount(pairs.negative, minlength=len(table))
    assert_counts_follow(counts, table.sum(axis=1))


def test_priors_by_default_are_those_of_cebra():
    # cebra: the data's frequencies for discrete labels, equal ones for mixed labels.
    data = make_sessions(1)
    assert ClassLaw(data.anchors, data.classes, 0).prior == "empirical"
    assert MixedLaw(data.anchors, data.labels, data.classes, 1, 0).prior == "uniform"


@settings(deadline=None)
@given(
    classes=st.lists(st.integers(-3, 3), min_size=8, max_size=60),
    prior=st.sampled_from(list(PRIORS)),
    step=st.integers(0, 1000),
)
def test_positives_are_of_the_class_of_their_reference(classes, prior, step):
    classes = np.array(classes)
    segment = np.arange(len(classes)) // 7
    labels = np.random.default_rng(0).normal(size=(len(classes), 2))
    anchors = find_anchors([segment], [(1, 1)])
    for law in (
        ClassLaw(anchors, classes, 0, prior),
        MixedLaw(anchors, labels, classes, 2, 0, prior),
    ):
        pairs = law.draw(step, 50, 50)
        np.testing.assert_array_equal(
            classes[anchors.row[pairs.reference]], classes[anchors.row[pairs.positives[0]]]
        )


def test_with_a_single_class_the_mixed_law_is_the_time_delta_law():
    data = replace(make_sessions(1), classes=np.full(15, 4))
    mixed = MixedLaw(data.anchors, data.labels, data.classes, 2, 0).draw(0, BATCH, BATCH)
    table = time_delta_table(data, 2, uniform_prior(data))
    assert_drawn_as(table, mixed.reference, mixed.positives[0])
    alone = TimeDeltaLaw(data.anchors, data.labels, 2, 0).draw(0, BATCH, BATCH)
    assert_drawn_as(table, alone.reference, alone.positives[0])


def test_a_class_without_anchors_is_never_drawn_and_does_not_count():
    # The middle trial is shorter than the window, and class 9 occurs nowhere else.
    segment, classes = np.repeat([0, 1, 2], [6, 2, 6]), np.repeat([5, 9, 8], [6, 2, 6])
    anchors = find_anchors([segment], [(2, 2)])
    pairs = ClassLaw(anchors, classes, 0, "uniform").draw(0, BATCH, BATCH)
    drawn = classes[anchors.row[pairs.reference]]
    assert set(drawn) == {5, 8}
    assert_counts_follow(np.array([(drawn == 5).sum(), (drawn == 8).sum()]), np.full(2, 0.5))


ONE, TWO = make_sessions(1), make_sessions(2)
SECOND_LACKS_SEVEN = np.where(TWO.session_of_row == 1, 2, TWO.classes)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: ClassLaw(TWO.anchors, SECOND_LACKS_SEVEN, 0),
            r"session 1 has no usable bin of class \[-1, 7\]; every class must occur in every",
        ),
        (
            lambda: ClassLaw(ONE.anchors, ONE.classes[:3], 0),
            r"classes must have shape \(15,\), one class id per time bin, got \(3,\)",
        ),
        (
            lambda: ClassLaw(ONE.anchors, ONE.classes[:, None], 0),
            r"classes must have shape \(15,\).*got \(15, 1\)",
        ),
        (
            lambda: MixedLaw(TWO.anchors, TWO.labels, TWO.classes, 1, 0),
            "mixed law handles one session, got 2; use time_delta with the class among the labels",
        ),
        (
            lambda: MixedLaw(ONE.anchors, ONE.labels, ONE.classes[1:], 1, 0),
            r"classes must have shape \(15,\)",
        ),
        (
            lambda: MixedLaw(ONE.anchors, ONE.labels[1:], ONE.classes, 1, 0),
            r"labels must have shape \(15, dim\)",
        ),
        (
            lambda: MixedLaw(ONE.anchors, ONE.labels, ONE.classes, 7, 0),
            "time_offset_bins must be below 7",
        ),
    ],
)
def test_laws_that_make_no_sense_are_refused_when_built(build, message):
    with pytest.raises(ValueError, match=message):
        build()
