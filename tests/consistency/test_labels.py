"""What labels of each kind contribute to the bins, and that no other number comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from cebra_kedro.consistency import align, consistency_between_datasets, labelled
from cebra_kedro.recording import Label, Recording

N_TIME = 400
TRIAL_LEN = 20


def on_the_sphere(values):
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def session(name="buddy", seed=0, n_time=N_TIME, **labels):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-20, 20, n_time).astype(np.float32)
    own = {
        "position": Label(rng.uniform(0, 1.6, n_time).astype(np.float32), "continuous", "m"),
        "column": Label(rng.uniform(0, 1.6, (n_time, 1)), "continuous", "m"),
        "hand": Label(rng.uniform(-4, 4, (n_time, 2)), "continuous", "cm"),
        "angle": Label(angle, "circular", "rad"),
        "target": Label(rng.integers(0, 4, n_time), "discrete"),
        "passive": Label(rng.integers(0, 2, n_time), "discrete"),
    }
    return Recording(
        neural=np.ones((n_time, 1)),
        labels=own | labels,
        bin_width_s=0.025,
        name=name,
        trial=np.arange(n_time) // TRIAL_LEN,
    )


def embedding_of(recording, seed=0, dim=3):
    rng = np.random.default_rng(seed)
    return on_the_sphere(rng.normal(size=(recording.n_time, dim)))


ALL_ROWS = np.arange(N_TIME)


def label_by(*names, rows=ALL_ROWS, recording=None, **options):
    recording = recording or session()
    return labelled("buddy", embedding_of(recording), recording, rows, names, **options)


def test_only_the_chosen_rows_are_compared():
    recording, rows = session(), np.array([7, 3, 250])
    item = label_by("position", "target", rows=rows, run="time/fold0_seed1")
    np.testing.assert_array_equal(item.embedding, embedding_of(recording)[rows])
    np.testing.assert_array_equal(item.continuous, recording.labels["position"].values[rows])
    np.testing.assert_array_equal(item.discrete, recording.labels["target"].values[rows])
    assert item.name == "buddy/time/fold0_seed1"
    assert item.unit == "m"


def test_a_continuous_label_keeps_its_precision():
    assert label_by("position").continuous.dtype == np.float32
    item = label_by("column")
    assert item.continuous.shape == (N_TIME,)
    assert item.discrete is None


def test_two_coordinates_are_ranges_of_the_first_and_rows_of_cells_of_the_second():
    hand = session().labels["hand"].values
    item = label_by("hand", cell=1.5)
    np.testing.assert_array_equal(item.continuous, hand[:, 0])
    assert ((item.discrete * 1.5 <= hand[:, 1]) & (hand[:, 1] < (item.discrete + 1) * 1.5)).all()
    assert item.unit == "cm"


def test_cells_may_be_split_by_class():
    item = label_by("target", "hand", cell=2.0)
    np.testing.assert_array_equal(item.discrete[:, 0], session().labels["target"].values)
    np.testing.assert_array_equal(item.discrete[:, 1], label_by("hand", cell=2.0).discrete)


@settings(max_examples=60, deadline=None)
@given(
    angles=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_angles_lie_in_one_turn_and_mean_the_same_direction(angles, dtype):
    values = np.array([*angles, -1e-30, 0.0, 2 * np.pi], dtype)
    recording = session(n_time=len(values), angle=Label(values, "circular", "rad"))
    item = label_by("angle", recording=recording, rows=np.arange(len(values)))
    assert (item.continuous >= 0).all()
    assert (item.continuous < 2 * np.pi).all()
    assert item.unit == "rad"
    # float64, whose eps at 1e4 rad is 2e-12
    exact = values.astype(np.float64)
    np.testing.assert_allclose(np.cos(item.continuous), np.cos(exact), rtol=0, atol=1e-11)
    np.testing.assert_allclose(np.sin(item.continuous), np.sin(exact), rtol=0, atol=1e-11)


def test_the_time_in_the_trial_counts_from_its_first_bin_even_if_that_is_not_compared():
    rows = np.array([21, 25, 39, 40])
    item = label_by("target", "time_in_trial", rows=rows)
    np.testing.assert_array_equal(item.continuous, np.array([1, 5, 19, 0]) * 0.025)
    assert item.unit == "s"


def test_ids_of_any_integer_type_stand_side_by_side():
    large = Label(np.full(N_TIME, 2**63 - 1, np.uint64), "discrete")
    small = Label(np.full(N_TIME, -(2**63), np.int64), "discrete")
    item = label_by("large", "small", recording=session(large=large, small=small))
    assert item.discrete.dtype == np.int64
    assert item.discrete[0].tolist() == [2**63 - 1, -(2**63)]


def score(source, target):
    return LinearRegression().fit(source, target).score(source, target)


def old_r2(embeddings, bins, n_common_least):
    """R² both ways of two embeddings over bins, given as one hashable a row; by dictionaries."""
    means = []
    for embedding, own in zip(embeddings, bins, strict=True):
        rows = {}
        for row, key in enumerate(own):
            rows.setdefault(key, []).append(row)
        means.append({key: embedding[of_bin].mean(axis=0) for key, of_bin in rows.items()})
    common = [key for key in means[0] if key in means[1]]
    assert len(common) > n_common_least
    units = [on_the_sphere(np.array([own[key] for key in common])) for own in means]
    return [score(*units), score(*units[::-1])]


def edges_of(values, n_bins):
    """As cebra: equidistant over all recordings; the highest value of all has no bin."""
    return np.linspace(min(map(np.min, values)), max(map(np.max, values)), n_bins)


def bins_of(values, edges, classes):
    index = (np.searchsorted(edges, values, side="right") - 1).tolist()
    return [
        (of_class, i) if i < len(edges) - 1 else object()
        for of_class, i in zip(classes.tolist(), index, strict=True)
    ]


@pytest.fixture
def pair():
    """Two recordings whose embeddings share a part that position, hand and target tell."""
    recordings = [session("a", 1, 4000), session("b", 2, 3000)]
    embeddings = []
    for seed, recording in enumerate(recordings):
        told = np.column_stack(
            [
                np.cos(2 * recording.labels["position"].values),
                recording.labels["hand"].values[:, 0] / 3 + recording.labels["target"].values,
                recording.labels["hand"].values[:, 1] / 3,
            ]
        )
        embeddings.append(on_the_sphere(told + embedding_of(recording, seed)))
    return recordings, embeddings


def train_rows(recording):
    return np.flatnonzero(recording.trial % 3 != 0)


def compared(pair, align, **options):
    recordings, embeddings = pair
    cell = options.pop("cell", None)
    items = [
        labelled(
            recording.name, embedding, recording, train_rows(recording), align, cell=cell, run="r"
        )
        for recording, embedding in zip(recordings, embeddings, strict=True)
    ]
    return consistency_between_datasets(items, **options)


def of_rows(pair, name):
    recordings, embeddings = pair
    rows = [train_rows(recording) for recording in recordings]
    values = [r.labels[name].values[i] for r, i in zip(recordings, rows, strict=True)]
    return values, [e[i] for e, i in zip(embeddings, rows, strict=True)], rows


def test_by_position_and_direction_the_numbers_are_those_of_bins_within_each_direction(pair):
    position, embeddings, _ = of_rows(pair, "position")
    direction = of_rows(pair, "target")[0]
    edges = edges_of(position, 30)
    bins = [bins_of(p, edges, d) for p, d in zip(position, direction, strict=True)]
    table = compared(pair, ["position", "target"], n_bins=30)
    # every bin has a sample in both, so that none borrows; float64 sums in another order
    assert all(len({key for key in own if isinstance(key, tuple)}) == 4 * 29 for own in bins)
    np.testing.assert_allclose(table["r2"], old_r2(embeddings, bins, 115), rtol=0, atol=1e-10)


def test_by_position_the_numbers_are_those_of_cells_that_both_visited(pair):
    hand, embeddings, _ = of_rows(pair, "hand")
    edges = edges_of([h[:, 0] for h in hand], 25)
    bins = [bins_of(h[:, 0], edges, np.floor(h[:, 1] / 1.0)) for h in hand]
    table = compared(pair, ["hand"], cell=1.0, n_bins=25, max_widening=0)
    np.testing.assert_allclose(table["r2"], old_r2(embeddings, bins, 100), rtol=0, atol=1e-10)


def test_by_target_and_time_the_numbers_are_those_of_moments_of_each_target(pair):
    target, embeddings, rows = of_rows(pair, "target")
    time_s = [(row % TRIAL_LEN) * 0.025 for row in rows]
    edges = edges_of(time_s, 25)
    bins = [bins_of(t, edges, c) for t, c in zip(time_s, target, strict=True)]
    table = compared(pair, ["target", "time_in_trial"], n_bins=25, max_widening=0)
    np.testing.assert_allclose(table["r2"], old_r2(embeddings, bins, 60), rtol=0, atol=1e-10)


def test_the_order_of_labels_does_not_change_the_numbers(pair):
    one = compared(pair, ["target", "passive", "position"], n_bins=15)["r2"]
    other = compared(pair, ["position", "passive", "target"], n_bins=15)["r2"]
    # the bins stand in another order: float64 sums
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-10)


def test_rats_score_as_cebra_scores_them(pair):
    import cebra.integrations.sklearn.metrics as cebra_metrics

    position, embeddings, _ = of_rows(pair, "position")
    scores, _, _ = cebra_metrics.consistency_score(
        embeddings,
        between="datasets",
        labels=[values.astype(np.float64) for values in position],
        dataset_ids=["a", "b"],
    )
    recordings, _ = pair
    wide = [
        session(
            r.name,
            n_time=r.n_time,
            position=Label(r.labels["position"].values.astype(np.float64), "continuous", "m"),
        )
        for r in recordings
    ]
    # float64: the same numbers summed in another order
    np.testing.assert_allclose(
        compared((wide, pair[1]), ["position"])["r2"], scores, rtol=0, atol=1e-10
    )


STRAIGHT = np.eye(3)
ALIGNMENTS = st.sampled_from(
    [
        (["position", "target"], None),
        (["hand"], 2.0),
        (["hand", "passive"], 2.0),
        (["angle"], None),
        (["target", "time_in_trial", "passive"], None),
    ]
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), how=ALIGNMENTS)
def test_r2_depends_neither_on_the_order_of_rows_nor_on_a_rotation_of_the_source(seed, how):
    names, cell = how
    rng = np.random.default_rng(seed)
    recordings = [session("a", seed), session("b", seed + 1)]
    embeddings = [embedding_of(recording, seed) + 1 for recording in recordings]

    def r2(change_rows=np.array, turn_of_a=STRAIGHT):
        items = [
            labelled(
                recording.name,
                embedding @ turn,
                recording,
                change_rows(train_rows(recording)),
                names,
                cell=cell,
            )
            for recording, embedding, turn in zip(
                recordings, embeddings, [turn_of_a, STRAIGHT], strict=True
            )
        ]
        return consistency_between_datasets(items, n_bins=8)["r2"]

    # float64 sums in another order
    np.testing.assert_allclose(r2(rng.permutation), r2(), rtol=0, atol=1e-10)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    # from a to b; from b to a each turned dimension counts as much as another, as in cebra
    assert r2(turn_of_a=turn)[0] == pytest.approx(r2()[0], abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    present=st.lists(
        st.sets(st.tuples(st.integers(-3, 3), st.integers(0, 2)), min_size=9, max_size=21),
        min_size=2,
        max_size=3,
    ),
    gap=st.floats(0.1, 0.5),
)
def test_bins_are_those_that_every_recording_has(present, gap):
    """Each recording has its own classes, and the last lacks a range of the label too."""
    items = []
    for number, combinations in enumerate(present):
        grid = np.linspace(0, 1, 41)
        if number == len(present) - 1:
            grid = grid[(grid < 0.3) | (grid > 0.3 + gap)]
        place, one, other = (
            np.concatenate(columns)
            for columns in zip(
                *(
                    (grid, np.full(len(grid), first), np.full(len(grid), second))
                    for first, second in sorted(combinations)
                ),
                strict=True,
            )
        )
        recording = session(
            "abc"[number],
            n_time=len(place),
            place=Label(place, "continuous", "m"),
            one=Label(one, "discrete"),
            other=Label(other, "discrete"),
        )
        rows = np.arange(recording.n_time)
        names = ["place", "one", "other"]
        items.append(labelled(recording.name, embedding_of(recording), recording, rows, names))
    common = set.intersection(*present)
    if not common:
        with pytest.raises(ValueError, match="got 0 of 0"):
            align(items)
        return
    aligned = align(items, n_bins=11, max_widening=0)
    assert set(map(tuple, aligned.class_id.tolist())) == common
    # ranges of 0.1: those that hold no point of the grid between the gap's ends
    grid = np.linspace(0, 1, 41)
    kept = grid[(grid < 0.3) | (grid > 0.3 + gap)]
    edges = np.linspace(0, 1, 11)
    filled = np.histogram(kept[kept < edges[-1]], edges)[0] > 0
    expected = ((edges[:-1] + edges[1:]) / 2)[filled]
    for of_class in common:
        own = (aligned.class_id == of_class).all(axis=1)
        np.testing.assert_allclose(aligned.centre[own], expected, rtol=0, atol=1e-12)


TABLE = Label(np.zeros(N_TIME, np.int64), "continuous", table=np.ones((2, 5)))


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["hand"], {}, r"two values a bin.*give cell, the height of a cell in cm"),
        (["hand"], {"cell": 0.0}, "cell must be positive in cm, got 0"),
        (["hand"], {"cell": np.nan}, "cell must be positive in cm, got nan"),
        (["target"], {"cell": 1.0}, "there is none in target; leave it out"),
        (["position", "angle"], {}, "at most one label can be cut into ranges, got position, ang"),
        (["position", "time_in_trial"], {}, "at most one .*, got position, time_in_trial"),
        (["hand", "position"], {"cell": 1.0}, "at most one .*, got hand, position"),
        (["features"], {}, "row of a table; align by the code of the row"),
        (["three"], {}, "must have at most 2 .*three has 3; give the recording a label of some"),
        (["two_angles"], {}, "circular label .* at most 1 .*two_angles has 2"),
        (["two_classes"], {}, "discrete label .* at most 1 .*two_classes has 2"),
        (["huge"], {}, "label huge must hold ids that int64 can hold, got 9223372036854775808"),
        ([], {}, "align must name labels, each once, got none"),
        (["target", "target"], {}, "each once, got target, target"),
    ],
)
def test_labels_that_cannot_be_aligned_by_are_refused(names, options, message):
    recording = session(
        features=TABLE,
        three=Label(np.zeros((N_TIME, 3)), "continuous"),
        two_angles=Label(np.zeros((N_TIME, 2)), "circular", "rad"),
        two_classes=Label(np.zeros((N_TIME, 2), int), "discrete"),
        huge=Label(np.full(N_TIME, 2**63, np.uint64), "discrete"),
    )
    with pytest.raises(ValueError, match=f"buddy.*{message}"):
        label_by(*names, recording=recording, **options)


def test_an_unknown_label_is_named_with_those_there_are():
    with pytest.raises(KeyError, match="no label speed; it has position"):
        label_by("speed")


def test_a_name_is_no_list_of_names():
    recording = session()
    with pytest.raises(ValueError, match=r"list of names, got 'position'; use \[position\]"):
        labelled("buddy", embedding_of(recording), recording, ALL_ROWS, "position")


def test_time_in_trial_needs_trials_and_a_name_of_its_own():
    recording = session()
    bare = Recording(recording.neural, recording.labels, 0.025, "bare")
    with pytest.raises(ValueError, match="needs trials, but recording bare has none"):
        label_by("time_in_trial", recording=bare)
    double = session(time_in_trial=Label(np.zeros(N_TIME), "continuous", "s"))
    with pytest.raises(ValueError, match="has a label of this name; rename it"):
        label_by("time_in_trial", recording=double)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones(N_TIME, bool), "got bool of shape .*np.flatnonzero"),
        (np.array([], int), r"in 0 … 399, at least one, got none"),
        (np.array([0, 400]), r"in 0 … 399, at least one, got 0 to 400"),
        (np.array([-1, 3]), r"got -1 to 3"),
        (np.array([3, 3]), "some repeat"),
    ],
)
def test_rows_that_the_recording_lacks_are_refused(rows, message):
    with pytest.raises(ValueError, match=f"buddy: rows .*{message}"):
        label_by("position", rows=rows)


def test_an_embedding_of_chosen_rows_is_refused():
    recording = session()
    with pytest.raises(ValueError, match=r"shape \(400, dim\).*got \(10, 3\); choose rows by"):
        labelled("buddy", np.ones((10, 3)), recording, np.arange(10), ["position"])
