"""Splits keep trials whole, cover everything once, and equal those of the published rats."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cebra_kedro import splits
from cebra_kedro.recording import Label, Recording
from cebra_kedro.simulate.hippocampus import simulate_rat

PUBLISHED_BORDERS = [
    0, 307, 572, 793, 1109, 1396, 1755, 2112, 2385, 2585, 2819, 3037, 3237, 3411, 3575, 3751, 3925,
    4122, 4287, 4512, 4690, 4852, 5023, 5193, 5372, 5626, 5855, 6031, 6358, 6577,
]  # fmt: skip
PUBLISHED_TEST_TRIALS = [
    [0, 1, 10, 11, 20, 21], [4, 5, 14, 15, 23, 24], [7, 8, 17, 18, 26, 27],
]  # fmt: skip
PUBLISHED_VALID_TRIALS = [[2, 3, 12, 13, 22], [6, 16, 25], [9, 19, 28]]
PUBLISHED_BINS = [(4209, 1045, 1323), (4365, 783, 1429), (4580, 631, 1366)]


def trials_of_sizes(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


trial_sizes = st.lists(st.integers(1, 6), min_size=16, max_size=60)


@settings(deadline=None)
@given(runs=st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_a_trial_is_two_runs_with_its_border_one_bin_early(runs):
    direction = np.repeat(np.arange(len(runs)) % 2, runs)
    trial = splits.trials_from_direction(direction)
    # Written anew from the rule: every second change, at the last bin before it.
    ends = np.cumsum(runs)[1:-1:2]
    expected = [int((ends - 1 <= t).sum()) for t in range(len(direction))]
    assert trial.tolist() == expected
    assert trial.dtype == np.int64
    assert trial[-1] + 1 == (len(runs) - 1) // 2 + 1


@pytest.mark.parametrize("direction", [np.array([]), np.zeros((4, 2))])
def test_direction_of_a_wrong_shape_is_refused(direction):
    with pytest.raises(ValueError, match="direction must be a non-empty array"):
        splits.trials_from_direction(direction)


@settings(deadline=None)
@given(sizes=trial_sizes)
def test_folds_keep_trials_whole_and_give_every_part_a_trial(sizes):
    trial = trials_of_sizes(sizes)
    folds = splits.nested_trial_folds(trial)
    assert folds.shape == (3, trial.size)
    assert folds.dtype == np.int8
    for part in folds:
        assert set(np.unique(part)) == {splits.TRAIN, splits.VALID, splits.TEST}
        assert all(np.unique(part[trial == t]).size == 1 for t in range(len(sizes)))
    # Over the folds, each trial is held out exactly once.
    assert ((folds != splits.TRAIN).sum(axis=0) == 1).all()


@settings(deadline=None)
@given(sizes=trial_sizes)
def test_held_out_trials_of_a_block_are_adjacent_with_test_before_valid(sizes):
    trial = trials_of_sizes(sizes)
    for part in splits.nested_trial_folds(trial):
        code = np.array([part[trial == t][0] for t in range(len(sizes))])
        for block in np.array_split(code, 3):
            held_out = np.flatnonzero(block != splits.TRAIN)
            assert (np.diff(held_out) == 1).all()
            assert (np.diff(block[held_out]) <= 0).all()  # TEST > VALID
            n_test, n_valid = (block == splits.TEST).sum(), (block == splits.VALID).sum()
            assert n_test - n_valid in (0, 1)


@given(sizes=trial_sizes, data=st.data())
def test_trial_ids_may_be_any_distinct_integers(sizes, data):
    trial = trials_of_sizes(sizes)
    ids = np.array(data.draw(st.permutations(range(-5, len(sizes) - 5))))
    np.testing.assert_array_equal(
        splits.nested_trial_folds(ids[trial]), splits.nested_trial_folds(trial)
    )


@pytest.mark.parametrize(("n_folds", "n_needed"), [(2, 7), (3, 16), (4, 29)])
def test_too_few_trials_are_refused_and_just_enough_are_not(n_folds, n_needed):
    with pytest.raises(ValueError, match=f"at least {n_needed} trials.*got {n_needed - 1}"):
        splits.nested_trial_folds(np.arange(n_needed - 1), n_folds)
    for part in splits.nested_trial_folds(np.arange(n_needed), n_folds):
        assert np.unique(part).tolist() == [splits.TRAIN, splits.VALID, splits.TEST]


def test_a_returning_trial_id_and_a_single_fold_are_refused():
    with pytest.raises(ValueError, match="17 runs but 16 ids"):
        splits.nested_trial_folds(np.append(np.arange(16), 0))
    with pytest.raises(ValueError, match="n_folds must be at least 2, got 1"):
        splits.nested_trial_folds(np.arange(20), 1)


@settings(deadline=None)
@given(
    n_time=st.integers(20, 3000),
    train=st.integers(10, 80),
    valid=st.integers(10, 19),
)
def test_contiguous_blocks_are_in_order_and_of_the_asked_size(n_time, train, valid):
    fractions = (train / 100, valid / 100, 1 - train / 100 - valid / 100)
    assume(fractions[2] * n_time >= 1)
    part = splits.contiguous_blocks(n_time, fractions)
    assert part.shape == (n_time,)
    assert part.dtype == np.int8
    assert (np.diff(part) >= 0).all()
    sizes = np.bincount(part, minlength=3)
    # Each border is rounded to the nearest bin: half a bin at either side.
    np.testing.assert_allclose(sizes, np.array(fractions) * n_time, atol=1 + 1e-6)


def test_contiguous_blocks_may_leave_a_part_out():
    part = splits.contiguous_blocks(10, (0.8, 0.0, 0.2))
    assert part.tolist() == [splits.TRAIN] * 8 + [splits.TEST] * 2


@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.1), (1.2, -0.4, 0.2), (0.5, 0.5)])
def test_fractions_that_are_no_partition_are_refused(fractions):
    with pytest.raises(ValueError, match="fractions must be three non-negative"):
        splits.contiguous_blocks(100, fractions)


def test_a_part_that_would_be_empty_is_named():
    with pytest.raises(ValueError, match="leave no bin for valid among n_time=4"):
        splits.contiguous_blocks(4, (0.7, 0.1, 0.2))


@settings(deadline=None)
@given(sizes=trial_sizes, fold=st.integers(0, 2))
def test_rows_of_the_parts_are_disjoint_ascending_and_cover_everything(sizes, fold):
    part = splits.nested_trial_folds(trials_of_sizes(sizes))[fold]
    by_name = {name: splits.rows(part, name) for name in splits.PART_NAMES}
    for name, row in by_name.items():
        assert row.dtype == np.int64
        assert (np.diff(row) > 0).all()
        assert {splits.PART_NAMES[code] for code in part[row]} == {name}
    everything = np.concatenate(list(by_name.values()))
    assert sorted(everything.tolist()) == list(range(part.size))
    without_test = splits.rows(part, "valid", "train")
    np.testing.assert_array_equal(
        without_test, np.sort(np.concatenate([by_name["train"], by_name["valid"]]))
    )


@pytest.mark.parametrize(
    ("names", "came"), [((), "none"), (("val",), "'val'"), (("train", "all"), "'all'")]
)
def test_unknown_part_names_are_refused(names, came):
    with pytest.raises(ValueError, match=f"names must be one or more of train.*got {came}"):
        splits.rows(splits.contiguous_blocks(10), *names)


def test_rows_of_several_folds_at_once_are_refused():
    with pytest.raises(ValueError, match=r"part must be .* got shape \(3, 16\)"):
        splits.rows(splits.nested_trial_folds(np.arange(16)), "train")


@settings(deadline=None)
@given(sizes=trial_sizes, data=st.data())
def test_segments_begin_at_jumps_and_at_trial_borders_only(sizes, data):
    trial = trials_of_sizes(sizes)
    row = np.array(sorted(data.draw(st.sets(st.integers(0, trial.size - 1), min_size=1))))
    segment = splits.segment_ids(row, trial)
    assert segment.dtype == np.int64
    assert segment[0] == 0
    for i in range(1, len(row)):
        adjacent = row[i] == row[i - 1] + 1 and trial[row[i]] == trial[row[i - 1]]
        assert segment[i] - segment[i - 1] == (0 if adjacent else 1)


def test_segments_without_trials_begin_at_jumps():
    assert splits.segment_ids(np.array([3, 4, 7, 8, 8])).tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("row", [[-1, 0], [9, 10]])
def test_rows_outside_the_recording_are_refused(row):
    with pytest.raises(ValueError, match=r"row must lie in \[0, 9\]"):
        splits.segment_ids(np.array(row), np.zeros(10, int))


@pytest.fixture(scope="module")
def buddy_path():
    path = Path(os.environ.get("CEBRA_KEDRO_DATA", "absent")) / "rat_hippocampus" / "buddy.jl"
    if not path.is_file():
        pytest.skip("CEBRA_KEDRO_DATA has no rat_hippocampus/buddy.jl")
    return path


@pytest.fixture(scope="module")
def buddy(buddy_path):
    import joblib

    return joblib.load(buddy_path)


@pytest.fixture(scope="module")
def cebra_datasets():
    """cebra's rat classes and torch; the import takes seconds, so it happens once."""
    import torch
    from cebra.datasets import hippocampus

    return SimpleNamespace(hippocampus=hippocampus, torch=torch)


@pytest.mark.data
def test_published_trials_begin_where_published(buddy):
    trial = splits.trials_from_direction(buddy["position"][:, 1])
    borders = [0, *(np.flatnonzero(np.diff(trial)) + 1).tolist(), len(trial)]
    assert borders == PUBLISHED_BORDERS


def test_published_trial_borders_give_the_published_parts():
    trial = trials_of_sizes(np.diff(PUBLISHED_BORDERS))
    folds = splits.nested_trial_folds(trial)
    for fold, part in enumerate(folds):
        assert np.unique(trial[part == splits.TEST]).tolist() == PUBLISHED_TEST_TRIALS[fold]
        assert np.unique(trial[part == splits.VALID]).tolist() == PUBLISHED_VALID_TRIALS[fold]
        assert tuple(np.bincount(part).tolist()) == PUBLISHED_BINS[fold]


@pytest.mark.parametrize("n_trials", [16, 17, 29])
@pytest.mark.parametrize("fold", [0, 1, 2])
def test_parts_of_a_simulated_rat_equal_those_of_cebra(cebra_datasets, n_trials, fold):
    rat = simulate_rat(seed=n_trials, n_trials=n_trials, n_units=3)
    # cebra's constructor wants a published file, so only its split runs, on our arrays.
    rat_class = cebra_datasets.hippocampus.SingleRatTrialSplitDataset
    part = splits.nested_trial_folds(splits.trials_from_direction(rat["position"][:, 1]))[fold]
    for name in splits.PART_NAMES:
        theirs = SimpleNamespace(
            neural=cebra_datasets.torch.from_numpy(rat["spikes"]),
            index=cebra_datasets.torch.from_numpy(rat["position"]),
            split_no=fold,
        )
        rat_class._split(theirs, name)
        row = splits.rows(part, name)
        np.testing.assert_array_equal(theirs.neural.numpy(), rat["spikes"][row])
        np.testing.assert_array_equal(theirs.index.numpy(), rat["position"][row])


@pytest.mark.data
@pytest.mark.parametrize("fold", [0, 1, 2])
def test_parts_of_the_published_rat_equal_those_of_cebra(
    cebra_datasets, buddy_path, buddy, tmp_path, fold
):
    # cebra reads below a root of its own and leaves a file with the published checksum alone.
    (tmp_path / "rat_hippocampus").mkdir()
    shutil.copy(buddy_path, tmp_path / "rat_hippocampus" / "buddy.jl")
    part = splits.nested_trial_folds(splits.trials_from_direction(buddy["position"][:, 1]))[fold]
    for name in splits.PART_NAMES:
        theirs = cebra_datasets.hippocampus.SingleRatTrialSplitDataset(
            name="buddy", split_no=fold, split=name, root=tmp_path
        )
        row = splits.rows(part, name)
        np.testing.assert_array_equal(theirs.neural.numpy(), buddy["spikes"][row])
        np.testing.assert_array_equal(
            theirs.index.numpy(), buddy["position"][row].astype(np.float32)
        )


repeat_bins = st.lists(st.integers(1, 5), min_size=3, max_size=12)


@given(n_bins=repeat_bins, data=st.data())
def test_one_repeat_is_tested_and_the_last_other_one_validates(n_bins, data):
    n_repeats = len(n_bins)
    test_repeat = data.draw(st.integers(0, n_repeats - 1))
    repeat = trials_of_sizes(n_bins)
    part = splits.repeat_split(repeat, test_repeat=test_repeat, n_repeats=n_repeats)
    assert part.dtype == np.int8
    assert set(repeat[part == splits.TEST]) == {test_repeat}
    last = n_repeats - 1
    assert set(repeat[part == splits.VALID]) == {last - 1 if test_repeat == last else last}
    assert len(set(repeat[part == splits.TRAIN])) == n_repeats - 2
    # Whole repeats: no repeat has bins in two parts.
    assert len(set(zip(repeat.tolist(), part.tolist(), strict=True))) == n_repeats


def test_the_published_movie_trains_on_eight_repeats_validates_on_one_and_tests_on_one():
    part = splits.repeat_split(np.repeat(np.arange(10), 900))
    assert np.bincount(part).tolist() == [7200, 900, 900]
    assert (part[7200:8100] == splits.VALID).all()
    assert (part[8100:] == splits.TEST).all()


@pytest.mark.parametrize(
    ("repeat", "options", "message"),
    [
        (np.repeat(np.arange(9), 2), {}, r"repeat must hold the repeats 0 … 9, got \[0, 1, .*8\]"),
        (np.repeat(np.arange(1, 11), 2), {}, r"must hold the repeats 0 … 9, got \[1, .*10\]"),
        (np.arange(10), {"test_repeat": 10}, "test_repeat 10 and n_repeats 10"),
        (np.arange(10), {"test_repeat": -1}, "test_repeat -1 and n_repeats 10"),
        (np.arange(2), {"test_repeat": 1, "n_repeats": 2}, "n_repeats at least 3, got .* 2"),
        (np.array([0, 1, 0, 2]), {"test_repeat": 2, "n_repeats": 3}, "4 runs but 3 ids"),
        (np.empty(0, int), {}, "repeat must be a non-empty array"),
    ],
)
def test_other_repeats_are_refused(repeat, options, message):
    with pytest.raises(ValueError, match=message):
        splits.repeat_split(repeat, **options)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=6, max_size=25), n_folds=st.integers(3, 6))
def test_interleaved_folds_take_turns(sizes, n_folds):
    trial = trials_of_sizes(sizes)
    folds = splits.interleaved_trial_folds(trial, n_folds)
    assert folds.shape == (n_folds, trial.size)
    assert folds.dtype == np.int8
    for fold, part in enumerate(folds):
        np.testing.assert_array_equal(part == splits.TEST, trial % n_folds == fold)
        np.testing.assert_array_equal(part == splits.VALID, trial % n_folds == (fold + 1) % n_folds)
    # every bin is tested on once, validated on once, and trained on in all other folds
    np.testing.assert_array_equal((folds == splits.TEST).sum(axis=0), 1)
    np.testing.assert_array_equal((folds == splits.VALID).sum(axis=0), 1)


def test_three_trials_are_enough_for_interleaved_folds():
    assert splits.interleaved_trial_folds(np.array([7, 7, 2, 9])).tolist() == [
        [2, 2, 1, 0],
        [0, 0, 2, 1],
        [1, 1, 0, 2],
    ]


@pytest.mark.parametrize(
    ("trial", "n_folds", "message"),
    [
        ([0, 1], 3, r"at most the number of trials \(2\), got 3; record more trials, or split by"),
        ([0, 1, 2], 2, r"interleaved folds must be at least 3 .* got 2"),
        ([0, 1, 0, 2], 3, "trial must give each contiguous run of bins its own id"),
        ([], 3, "trial must be a non-empty array"),
    ],
)
def test_trials_that_cannot_take_turns_are_refused(trial, n_folds, message):
    with pytest.raises(ValueError, match=message):
        splits.interleaved_trial_folds(np.array(trial), n_folds)


def recording(n_trials=20, **labels):
    """Trials of five bins."""
    return Recording(
        neural=np.ones((5 * n_trials, 1)),
        labels={"position": Label(np.zeros(5 * n_trials), "continuous", "m"), **labels},
        bin_width_s=0.1,
        name="made",
        trial=np.repeat(np.arange(n_trials), 5),
    )


RULES = {
    "trial": ({"folds": 3, "scheme": "nested"}, lambda r: splits.nested_trial_folds(r.trial, 3)),
    "interleaved": (
        {"folds": 4, "scheme": "interleaved"},
        lambda r: splits.interleaved_trial_folds(r.trial, 4),
    ),
    "repeat": (
        {"test_repeat": 2, "n_repeats": 4},
        lambda r: splits.repeat_split(r.labels["repeat"].values, test_repeat=1, n_repeats=4)[None],
    ),
    "block": (
        {"fractions": (0.5, 0.25, 0.25)},
        lambda r: splits.contiguous_blocks(100, (0.5, 0.25, 0.25))[None],
    ),
    "label": ({"label": "part"}, lambda r: r.labels["part"].values[None]),
    "random_optimistic": (
        {"fractions": (0.7, 0.1, 0.2), "seed": 4},
        lambda r: splits.optimistic_random_rows(100, seed=4)[None],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_each_name_stands_for_its_rule(name):
    one = recording(
        repeat=Label(np.repeat(np.arange(4), 25), "discrete"),
        part=Label(np.resize([0, 1, 2, 0], 100), "discrete"),
    )
    options, expected = RULES[name]
    by = "trial" if name == "interleaved" else name
    part = splits.split_recording(one, by, **options)
    np.testing.assert_array_equal(part, expected(one))
    assert part.dtype == np.int8
    assert part.ndim == 2
    for fold in part:
        assert set(fold) == {splits.TRAIN, splits.VALID, splits.TEST}


def test_there_is_a_rule_for_every_way_that_a_description_can_split():
    from typing import get_args

    from cebra_kedro.experiment.blocks import SplitBlock

    ways = get_args(SplitBlock.model_fields["by"].annotation)
    assert set(ways) == set(splits.SPLITS)
    seeds = {"random_optimistic": {"seed": 1}}
    for by in ways:
        options = SplitBlock.model_validate({"by": by} | seeds.get(by, {})).options
        assert set(options) <= set(RULES["interleaved" if by == "trial" else by][0])


@pytest.mark.parametrize(
    ("by", "options", "message"),
    [
        (
            "trial",
            {"folds": 4, "scheme": "nested"},
            r"made \(split by trial\): trial must hold at least 29 trials for 4 nested folds",
        ),
        (
            "trial",
            {"folds": 30, "scheme": "interleaved"},
            r"made \(split by trial\): interleaved folds must be .* trials \(20\), got 30",
        ),
        (
            "repeat",
            {"test_repeat": 1, "n_repeats": 3},
            r"made \(split by repeat\): it needs the discrete label repeat; discrete are choice",
        ),
        (
            "block",
            {"fractions": (0.999, 0.0005, 0.0005)},
            r"made \(split by block\): fractions .* leave no bin for valid",
        ),
        ("label", {"label": "place"}, "it needs the discrete label place; discrete are choice"),
        ("label", {"label": "position"}, "it needs the discrete label position"),
        (
            "label",
            {"label": "choice"},
            r"label choice must hold 0 \(train\), 1 \(valid\) and 2 \(test\), got \[0, 3\]",
        ),
        (
            "random_optimistic",
            {"fractions": (1.0, 1.0, 1.0), "seed": 0},
            r"made \(split by random_optimistic\): fractions must be three non-negative numbers",
        ),
    ],
)
def test_a_recording_that_cannot_be_split_so_is_named(by, options, message):
    one = recording(choice=Label(np.resize([0, 3], 100), "discrete"))
    with pytest.raises(ValueError, match=message):
        splits.split_recording(one, by, **options)


def test_a_recording_without_trials_is_not_split_by_them():
    one = recording()
    without = Recording(one.neural, one.labels, 0.1, "made")
    with pytest.raises(ValueError, match="it has no trials; name the array of trial ids, or split"):
        splits.split_recording(without, "trial", folds=3, scheme="nested")


def test_repeats_of_a_description_count_from_one():
    one = recording(repeat=Label(np.repeat(np.arange(4), 25), "discrete"))
    part = splits.split_recording(one, "repeat", test_repeat=4, n_repeats=4)[0]
    np.testing.assert_array_equal(part, np.repeat([0, 0, 1, 2], 25))


def test_the_first_training_trials_stay_and_other_parts_are_untouched():
    trial = np.repeat([5, 3, 9, 1, 7], 2)  # in order of time, not of their numbers
    part = np.repeat(np.array([0, 2, 0, 1, 0], np.int8), 2)
    few = splits.first_training_trials(part, trial, 2)
    assert few.dtype == part.dtype
    assert few.tolist() == [*part[:8], splits.UNUSED, splits.UNUSED]
    np.testing.assert_array_equal(splits.first_training_trials(part, trial, 3), part)
    with pytest.raises(ValueError, match="4 training trials are asked for, but there are 3"):
        splits.first_training_trials(part, trial, 4)
