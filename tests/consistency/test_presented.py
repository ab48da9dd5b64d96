"""Embeddings of one movie, compared presentation by presentation by what sets them apart."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from cebra_kedro.consistency import (
    CONSISTENCY_COLUMNS,
    Origin,
    consistency_between_presentations,
    kind_of_pair,
    presented,
)
from cebra_kedro.recording import Label, Recording

N_FRAMES, N_REPEATS = 12, 5


def movie(bins, n_frames=N_FRAMES, n_repeats=N_REPEATS, **labels):
    """A recording of ``bins`` bins a frame."""
    frame = np.tile(np.repeat(np.arange(n_frames), bins), n_repeats)
    repeat = np.repeat(np.arange(n_repeats), n_frames * bins)
    own = {"frame": Label(frame, "discrete"), "repeat": Label(repeat, "discrete")}
    return Recording(np.ones((len(frame), 1)), own | labels, 0.1 / bins, "movie")


def origin(session="VISp", encoder="group0", kind="ca", run="fold0_seed0"):
    population = f"{encoder}_{kind}"
    return Origin(session, encoder, population, population, run)


def training_rows(recording):
    return np.flatnonzero(recording.labels["repeat"].values < N_REPEATS - 1)


def shown(of, bins=1, seed=0, recording=None):
    recording = recording or movie(bins)
    rng = np.random.default_rng([seed, bins])
    frame = recording.labels["frame"].values
    signal = np.column_stack([np.sin(frame / 3 + seed), np.cos(frame / 3)])
    embedding = signal + 0.1 * rng.normal(size=signal.shape)
    return presented(of, embedding, recording, training_rows(recording))


def allen():
    return [
        shown(origin(session, encoder, kind), bins=4 if kind == "neuropixels" else 1, seed=seed)
        for seed, (session, encoder, kind) in enumerate(
            product(("VISp", "VISl"), ("group0", "group1"), ("ca", "neuropixels"))
        )
    ]


@settings(max_examples=40, deadline=None)
@given(bins=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_a_row_is_the_mean_of_a_presentation_whatever_the_order_of_rows(bins, seed):
    rng = np.random.default_rng(seed)
    recording = movie(bins)
    embedding = rng.normal(size=(recording.n_time, 3))
    rows = training_rows(recording)
    item = presented(origin(), embedding, recording, rng.permutation(rows))
    expected = embedding[rows].reshape(-1, bins, 3).mean(axis=1)
    # float64 sums in another order
    np.testing.assert_allclose(item.values, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(item.frame, np.tile(np.arange(N_FRAMES), N_REPEATS - 1))


def test_every_kind_of_pair_is_told_by_what_differs():
    table = consistency_between_presentations(allen())
    assert tuple(table.columns) == CONSISTENCY_COLUMNS
    parts = {
        end: table[end].str.extract(r"(?P<session>\w+)/(?P<encoder>group\d)_(?P<kind>\w+)/fold0")
        for end in ("source", "target")
    }
    same = parts["source"] == parts["target"]
    expected = {
        "populations": same["session"] & same["encoder"] & ~same["kind"],
        "encoders": same["session"] & ~same["encoder"] & same["kind"],
        "sessions": ~same["session"] & ~same["encoder"] & same["kind"],
        "sessions and populations": ~same["session"] & ~same["encoder"] & ~same["kind"],
    }
    assert table["between"].unique().tolist() == list(expected)
    for kind, rows in expected.items():
        assert (table["between"] == kind).equals(rows), kind
        # 2 areas x 2 groups x 2 modalities have one such partner each
        assert rows.sum() == 8
    # one kind after the other, as consistency.csv has them
    assert (table["between"] != table["between"].shift()).sum() == 4


def test_scores_are_those_of_a_regression_over_presentations():
    items = allen()
    values = {item.origin.name: item.values for item in items}
    table = consistency_between_presentations(items)
    for source, target, r2 in table[["source", "target", "r2"]].itertuples(index=False):
        one, other = values[source], values[target]
        # exact maths in float64, two different decompositions
        assert r2 == pytest.approx(LinearRegression().fit(one, other).score(one, other), abs=1e-10)


NAMES = st.sampled_from(["a", "b"])
ORIGINS = st.builds(origin, NAMES, NAMES, st.sampled_from(["ca", "neuropixels"]))


@given(one=ORIGINS, other=ORIGINS)
def test_what_sets_two_apart_is_the_same_both_ways_and_nothing_for_one_and_itself(one, other):
    assert kind_of_pair(one, other) == kind_of_pair(other, one)
    assert kind_of_pair(one, one) is None


def test_populations_that_encoders_share_are_told_by_their_own_names():
    ca = Origin("VISp", "joint", "ca", "joint_ca")
    assert kind_of_pair(ca, Origin("VISp", "joint", "np", "joint_np")) == "populations"
    assert kind_of_pair(ca, Origin("VISp", "ca", "ca", "ca")) == "encoders"
    assert kind_of_pair(ca, Origin("VISl", "ca", "ca", "ca")) == "sessions"
    assert kind_of_pair(ca, Origin("VISl", "np", "np", "np")) == "sessions and populations"
    assert kind_of_pair(ca, Origin("VISp", "np", "np", "np")) is None
    assert kind_of_pair(ca, Origin("VISl", "joint", "ca", "joint_ca")) is None


def test_sessions_of_one_recording_have_a_population_without_name():
    position, time = (Origin("buddy", encoder, "", encoder) for encoder in ("position", "time"))
    assert kind_of_pair(position, time) == "encoders"
    assert position.name == "buddy/position"


def test_other_frames_are_refused_even_if_there_are_as_many():
    items = [shown(origin()), shown(origin(encoder="group1"))]
    backwards = movie(1)
    frames = backwards.labels["frame"].values[::-1]
    other = movie(1, frame=Label(frames, "discrete"))
    items.append(shown(origin("VISl"), recording=other))
    with pytest.raises(ValueError, match=r"same frames.*VISl/group0_ca/fold0_seed0: 48 presen"):
        consistency_between_presentations(items)
    fewer = shown(origin("VISl"), recording=movie(1, n_frames=N_FRAMES - 1))
    with pytest.raises(ValueError, match=r"VISl/group0_ca/fold0_seed0: 44 presentations of 11"):
        consistency_between_presentations([*items[:2], fewer])


@pytest.mark.parametrize(
    ("origins", "message"),
    [
        ([], "no two embeddings .*there are none"),
        ([origin()], "no two embeddings .*VISp/group0_ca/fold0_seed0; train another"),
        ([origin(), origin("VISl")], "no two embeddings"),
        ([origin(), origin()], "got VISp/group0_ca/fold0_seed0 twice"),
    ],
)
def test_embeddings_that_have_no_partner_are_refused(origins, message):
    with pytest.raises(ValueError, match=message):
        consistency_between_presentations([shown(of) for of in origins])


def test_a_recording_without_frames_is_refused():
    recording = Recording(np.ones((9, 1)), {}, 0.1, "silent")
    with pytest.raises(KeyError, match="silent has no label frame"):
        presented(origin(), np.ones((9, 2)), recording, np.arange(9))


def test_frames_that_come_back_are_refused_by_name():
    recording = movie(1, repeat=Label(np.zeros(N_FRAMES * N_REPEATS, int), "discrete"))
    with pytest.raises(ValueError, match="frame 0 comes back within repeat 0") as refused:
        presented(origin(), np.ones((recording.n_time, 2)), recording, np.arange(60))
    assert refused.value.__notes__ == ["in the presentations of VISp/group0_ca/fold0_seed0"]


def test_rows_of_another_recording_are_refused():
    with pytest.raises(ValueError, match=r"VISp/group0_ca/fold0_seed0: rows must lie in 0 … 59"):
        presented(origin(), np.ones((60, 2)), movie(1), np.array([3, 60]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"session": ""}, "session must be a name without a slash, got ''"),
        ({"variant": "a/b"}, "variant must be a name without a slash, got 'a/b'"),
        ({"run": "a/b"}, "run must be a name without a slash, got 'a/b'"),
    ],
)
def test_names_that_tables_could_not_tell_apart_are_refused(change, message):
    named = {"session": "VISp", "encoder": "joint", "population": "ca", "variant": "joint_ca"}
    with pytest.raises(ValueError, match=message):
        Origin(**(named | change))
