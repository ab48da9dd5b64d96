"""Counts, samples and epochs on common bins, against loops over bins and laws of time.

Times are multiples of 2⁻⁶ s and values whole numbers, so that sums and shifts are exact.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.sources.alignment import (
    epoch_bins,
    epochs_where,
    fill_missing,
    sample_at,
    smooth,
    speed,
    spike_counts,
    split_at_gaps,
    typical_step,
)
from cebra_kedro.sources.alignment.clock import on_clock

TICK_S = 2.0**-6
GAP_S = 6 * TICK_S
HOWS = ("mean", "nearest", "interpolate", "previous")

ticks = st.integers(-20, 140)
clocks = st.lists(ticks, max_size=60).map(lambda drawn: np.sort(drawn) * TICK_S)
spike_trains = st.lists(ticks, max_size=40).map(lambda drawn: np.array(drawn) * TICK_S)


@st.composite
def binned(draw):
    """Bins of 4 ticks in up to four epochs; some epochs adjoin, some hold no whole bin."""
    lengths = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    pauses = draw(st.lists(st.integers(0, 9), min_size=4, max_size=4))
    stop = np.cumsum(np.array(lengths) + pauses[: len(lengths)])
    epochs = np.column_stack([stop - lengths, stop]) * TICK_S
    return epochs, epoch_bins(epochs, 4 * TICK_S)


def drawn_values(times_s, seed, dim=2):
    return np.random.default_rng(seed).integers(-9, 9, (len(times_s), dim)).astype(float)


@given(
    st.floats(0.001, 10),
    st.floats(-1e9, 1e9),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_epochs_of_whole_widths_are_filled_whatever_the_clock_shows(width_s, start_s, lengths):
    borders = start_s + np.cumsum([0, *lengths]) * width_s
    bins = epoch_bins(np.column_stack([borders[:-1], borders[1:]]), width_s)
    np.testing.assert_array_equal(bins.epoch, np.repeat(np.arange(len(lengths)), lengths))
    # 1e9 s is resolved to 1.2e-7 s
    expected = start_s + np.arange(sum(lengths)) * width_s
    np.testing.assert_allclose(bins.start_s, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_less(bins.start_s, bins.stop_s)
    np.testing.assert_array_equal(bins.stop_s[:-1] <= bins.start_s[1:], True)


@given(binned())
def test_bins_lie_within_their_epochs_and_leave_out_less_than_one(drawn):
    epochs, bins = drawn
    for number, (start, stop) in enumerate(epochs):
        edges = bins.start_s[bins.epoch == number]
        assert len(edges) == int((stop - start) / bins.width_s)
        np.testing.assert_array_equal(edges, start + np.arange(len(edges)) * bins.width_s)


@pytest.mark.parametrize(
    ("epochs", "width_s", "message"),
    [
        ([[0, 1], [5, 5]], 0.1, r"epoch 1 is from 5.0 to 5.0 s, but must stop after it starts"),
        ([[0, 1], [np.nan, 5]], 0.1, r"epoch 1 is from nan to 5.0 s, but must stop"),
        ([[0, np.inf]], 0.1, r"epoch 0 is from 0.0 to inf s"),
        ([[0, 2], [1, 3]], 0.1, r"epoch 1 .*, but epoch 0 lasts until 2.0 s; sort the epochs and"),
        ([0, 1], 0.1, r"epochs must be an array \(epoch, 2\)"),
        ([[0, 1]], 0.0, r"width_s must be positive, got 0.0"),
        ([[0, 1e9]], 0.1, r"makes 1\d+ bins, more than .*; correct the unit of the times"),
        ([[1.7e18, 1.8e18]], 0.1, r"below what a clock at 1.8e\+18 s resolves; correct the unit"),
    ],
)
def test_epochs_that_cannot_be_binned_are_named(epochs, width_s, message):
    with pytest.raises(ValueError, match=message):
        epoch_bins(np.array(epochs), width_s)


@given(binned(), st.lists(spike_trains, max_size=3), st.randoms(use_true_random=False))
def test_counts_are_histograms_of_each_epoch_in_any_order_of_spikes(drawn, spikes, random):
    _, bins = drawn
    counts = spike_counts(spikes, bins)
    assert counts.shape == (len(bins.start_s), len(spikes))
    for unit, times in enumerate(spikes):
        for number in np.unique(bins.epoch):
            edges = bins.start_s[bins.epoch == number]
            edges = np.append(edges, [edges[-1] + bins.width_s, np.inf])  # the last is closed
            expected = np.histogram(times, edges)[0][:-1]
            np.testing.assert_array_equal(counts[bins.epoch == number, unit], expected)
    shuffled = [np.array(random.sample(list(times), len(times))) for times in spikes]
    np.testing.assert_array_equal(spike_counts(shuffled, bins), counts)


@given(st.lists(st.integers(0, 199), max_size=50), st.sampled_from([0.0, 1e6, 1e9]))
def test_no_spike_is_lost_or_counted_twice_between_bins_of_1_ms(milliseconds, offset_s):
    bins = epoch_bins(offset_s + np.array([[0, 0.1], [0.1, 0.2]]), 0.001)
    inside = offset_s + (np.array(milliseconds) + 0.5) / 1000
    expected = np.bincount(np.array(milliseconds, int), minlength=200)
    np.testing.assert_array_equal(spike_counts([inside], bins)[:, 0], expected)
    on_edges = bins.start_s[np.array(milliseconds, int)]
    np.testing.assert_array_equal(spike_counts([on_edges], bins)[:, 0], expected)


def test_counts_have_the_smallest_type_and_spikes_without_a_time_are_refused():
    bins = epoch_bins(np.array([[0, 1]]), 0.5)
    assert spike_counts([np.zeros(255), np.zeros(1)], bins).dtype == np.uint8
    assert spike_counts([np.zeros(256), np.zeros(1)], bins).dtype == np.uint16
    for wrong in (np.array([0.1, np.nan]), np.zeros((3, 1)), np.array(["a"])):
        with pytest.raises(ValueError, match="spikes of unit 1 must be an array"):
            spike_counts([np.zeros(2), wrong], bins)


@given(binned(), st.floats(0.01, 1), st.booleans(), st.integers(0, 99))
def test_smoothing_is_a_weighted_mean_of_the_epoch_and_of_no_later_bin_if_causal(
    drawn, sigma_s, causal, seed
):
    _, bins = drawn
    counts = np.random.default_rng(seed).poisson(2.0, (len(bins.start_s), 2)).astype(np.uint8)
    ago = np.arange(len(counts))[:, None] - np.arange(len(counts))
    weight = np.exp(-0.5 * (ago * bins.width_s / sigma_s) ** 2)
    weight *= np.abs(ago) <= np.ceil(4 * sigma_s / bins.width_s)
    weight *= bins.epoch[:, None] == bins.epoch
    weight *= (ago >= 0) if causal else 1
    expected = (weight / weight.sum(axis=1, keepdims=True)) @ counts
    smoothed = smooth(counts, bins, sigma_s, causal=causal)
    assert smoothed.dtype == np.float32
    np.testing.assert_allclose(smoothed, expected, rtol=1e-5, atol=1e-5)  # float32
    constant = smooth(np.full(len(counts), 3), bins, sigma_s, causal=causal)
    np.testing.assert_allclose(constant, 3, rtol=1e-6)  # float32


def test_what_comes_later_does_not_change_a_causal_bin_nor_a_missing_row_its_neighbours():
    bins = epoch_bins(np.array([[0, 2]]), 0.1)
    trace = np.random.default_rng(0).normal(size=(20, 2))
    later = trace.copy()
    later[12:] = [[np.nan, 1e30]]
    before, after = (smooth(x, bins, 0.3, causal=True)[:12] for x in (trace, later))
    np.testing.assert_array_equal(before, after)
    gap = np.ones((20, 2))
    gap[7, 1] = np.nan
    smoothed = smooth(gap, bins, 0.3, causal=False)
    np.testing.assert_array_equal(np.isnan(smoothed).any(axis=1), np.arange(20) == 7)
    np.testing.assert_allclose(np.delete(smoothed, 7, axis=0), 1, rtol=1e-6)  # float32


def sampled_by_loop(values, times_s, bins, how):
    """One bin after the other; None where it is missing."""
    rows = []
    for start in bins.start_s:
        stop, centre = start + bins.width_s, start + bins.width_s / 2
        distinct = np.unique(times_s)
        average = {t: values[times_s == t].mean(axis=0) for t in distinct}
        last = {t: values[times_s == t][-1] for t in distinct}
        left, right = distinct[distinct <= centre][-1:], distinct[distinct >= centre][:1]
        row = None
        if how == "mean":
            inside = [average[t] for t in distinct if start <= t < stop]
            row = np.mean(inside, axis=0) if inside else None
        elif how == "previous":
            so_far = distinct[distinct <= stop]
            row = last[so_far[-1]] if len(so_far) and stop - so_far[-1] <= GAP_S else None
        elif len(left) and len(right):
            if right - left <= GAP_S and how == "interpolate":
                pair = np.array([average[left[0]], average[right[0]]])
                row = [np.interp(centre, [left[0], right[0]], column) for column in pair.T]
            elif right - left <= GAP_S:
                row = last[(left if centre - left <= right - centre else right)[0]]
        elif how == "nearest" and len(distinct):
            end = np.append(left, right)[0]
            row = last[end] if abs(end - centre) <= GAP_S / 2 else None
        rows.append(row)
    return rows


@pytest.mark.parametrize("how", HOWS)
@given(drawn=binned(), times_s=clocks, seed=st.integers(0, 99))
def test_each_bin_is_what_a_loop_over_bins_finds(how, drawn, times_s, seed):
    _, bins = drawn
    values = drawn_values(times_s, seed)
    expected = sampled_by_loop(values, times_s, bins, how)
    sampled = sample_at(values, times_s, bins, how, max_gap_s=GAP_S)
    np.testing.assert_array_equal(sampled.missing, [row is None for row in expected])
    filled = [np.full(2, np.nan) if row is None else row for row in expected]
    # float64, and only thirds of whole numbers are not exact
    np.testing.assert_allclose(sampled.values, np.reshape(filled, (-1, 2)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("how", HOWS)
@given(drawn=binned(), times_s=clocks, seed=st.integers(0, 99), ahead=st.integers(-99, 99))
def test_a_clock_that_is_ahead_for_all_changes_nothing(how, drawn, times_s, seed, ahead):
    epochs, bins = drawn
    later = epoch_bins(epochs + ahead, bins.width_s)
    values = drawn_values(times_s, seed)
    expected = sample_at(values, times_s, bins, how, max_gap_s=GAP_S)
    sampled = sample_at(values, times_s + ahead, later, how, max_gap_s=GAP_S)
    np.testing.assert_array_equal(sampled.values, expected.values)


@given(drawn=binned(), times_s=clocks, seed=st.integers(0, 99), data=st.data())
def test_mean_and_previous_never_look_past_the_bin(drawn, times_s, seed, data):
    _, bins = drawn
    if not len(bins.start_s):
        return
    row = data.draw(st.integers(0, len(bins.start_s) - 1))
    values = drawn_values(times_s, seed)
    past = times_s <= bins.stop_s[row]
    for how in ("mean", "previous"):
        full = sample_at(values, times_s, bins, how, max_gap_s=GAP_S)
        cut = sample_at(values[past], times_s[past], bins, how, max_gap_s=GAP_S)
        np.testing.assert_array_equal(full.values[: row + 1], cut.values[: row + 1])


@given(binned(), clocks, st.integers(0, 99))
def test_the_order_of_samples_of_one_time_counts_only_where_the_last_one_wins(drawn, times_s, seed):
    _, bins = drawn
    values = drawn_values(times_s, seed)
    order = np.lexsort((np.random.default_rng(seed).random(len(times_s)), times_s))
    for how in ("mean", "interpolate"):
        expected = sample_at(values, times_s, bins, how, max_gap_s=GAP_S)
        sampled = sample_at(values[order], times_s, bins, how, max_gap_s=GAP_S)
        np.testing.assert_array_equal(sampled.values, expected.values)


@pytest.mark.parametrize("how", HOWS)
def test_a_sample_that_is_not_finite_is_as_if_not_taken(how):
    times_s = np.arange(0, 3, 0.05)
    values = drawn_values(times_s, 0)
    lost = (np.random.default_rng(1).random(len(times_s)) < 0.3) | (np.abs(times_s - 2) < 0.4)
    with_holes = np.where(lost[:, None] & [True, False], np.nan, values)
    bins = epoch_bins(np.array([[0, 3]]), 0.1)
    expected = sample_at(values[~lost], times_s[~lost], bins, how, max_gap_s=0.2)
    sampled = sample_at(with_holes, times_s, bins, how, max_gap_s=0.2)
    np.testing.assert_array_equal(sampled.values, expected.values)
    assert 0 < sampled.missing.sum() < 30


@pytest.mark.parametrize("how", ["previous", "nearest"])
@pytest.mark.parametrize("values", [[3, 5, 7], [True, False, True], ["rest", "run", "rest"]])
def test_classes_stay_what_they_are_and_are_never_averaged(how, values):
    values, times_s = np.array(values), np.array([0.0, 1.0, 10.0])
    bins = epoch_bins(np.array([[0, 6]]), 1.0)
    sampled = sample_at(values, times_s, bins, how, max_gap_s=2.0)
    assert sampled.values.dtype == values.dtype
    expected = (
        [False, False, False, True, True, True] if how == "previous" else [False] + [True] * 5
    )
    np.testing.assert_array_equal(sampled.missing, expected)
    assert sampled.values[0] == (values[1] if how == "previous" else values[0])
    assert not sampled.values[sampled.missing].astype(bool).any()
    for average in ("mean", "interpolate"):
        with pytest.raises(ValueError, match=f"how: {average} would average .*; use previous or"):
            sample_at(values, times_s, bins, average, max_gap_s=2.0)


@given(st.floats(-10, 10), st.floats(0.01, 1.5))
def test_angles_have_no_seam_wherever_they_begin(turn, spread):
    bins = epoch_bins(np.array([[0.0, 1.0]]), 1.0)
    angles = turn + np.array([-spread, spread])
    for how, times_s in (("mean", [0.2, 0.3]), ("interpolate", [0.0, 1.0])):
        found = sample_at(angles, times_s, bins, how, max_gap_s=1.0, circular=True).values[0]
        assert -np.pi <= found <= np.pi
        assert np.cos(found - turn) == pytest.approx(1, abs=1e-9)  # rounding of angles near 10
    missing = np.array([False, True, False])
    filled = fill_missing(
        np.insert(angles, 1, np.nan),
        missing,
        np.zeros(3, int),
        "interpolate",
        longest_bins=1,
        circular=True,
    )
    assert np.cos(filled.values[1] - turn) == pytest.approx(1, abs=1e-9)


def test_opposite_angles_have_no_mean():
    bins = epoch_bins(np.array([[0.0, 1.0]]), 1.0)
    opposite = np.array([0.5, 0.5 + np.pi])
    assert sample_at(opposite, [0.2, 0.3], bins, "mean", max_gap_s=1, circular=True).missing.all()


@pytest.mark.parametrize(
    ("times_s", "message"),
    [
        ([0.0, 2.0, 1.5, 1.0], "goes back at sample 2, from 2.0 to 1.5 s; sort the samples by"),
        ([0.0, 1.0, np.nan, 3.0], "must be finite, got nan at sample 2; leave out"),
        ([0.0, 1.0], r"one time for each sample, got \(2,\) for values of shape \(4,\)"),
    ],
)
def test_clocks_that_cannot_be_are_named(times_s, message):
    bins = epoch_bins(np.array([[0, 1]]), 0.5)
    with pytest.raises(ValueError, match=message):
        sample_at(np.arange(4.0), np.array(times_s), bins, "mean", max_gap_s=1)
    with pytest.raises(ValueError, match=message):
        epochs_where(np.ones(4), np.array(times_s), max_gap_s=1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), min_size=1), st.integers(1, 4))
def test_short_runs_within_an_epoch_are_interpolated_and_all_else_dropped(rows, longest_bins):
    missing = np.array([row[0] for row in rows])
    epoch = np.cumsum([row[1] & (index % 5 == 0) for index, row in enumerate(rows)])
    values = np.where(missing, np.nan, np.random.default_rng(0).normal(size=len(rows)))
    filled = fill_missing(values, missing, epoch, "interpolate", longest_bins=longest_bins)
    for index in range(len(rows)):
        known = np.flatnonzero(~missing & (epoch == epoch[index]))
        left, right = known[known <= index][-1:], known[known >= index][:1]
        keeps = len(left) and len(right) and right[0] - left[0] - 1 <= longest_bins
        assert filled.keep[index] == bool(keeps)
        if keeps:
            expected = np.interp(index, known, values[known])
            assert filled.values[index] == pytest.approx(expected, abs=1e-12)  # float64
    dropped = fill_missing(values, missing, epoch, "drop")
    np.testing.assert_array_equal(dropped.keep, ~missing)


def test_columns_without_any_value_are_named_and_not_every_sample_dropped():
    values, times = np.zeros((5, 20)), np.arange(5.0)
    values[:, 7] = values[1] = np.nan
    with pytest.raises(ValueError, match=r"1 of 20 columns have no value at all .* 0: 7\)"):
        on_clock(values, times)
    values[:, 5:] = np.nan
    with pytest.raises(ValueError, match=r"15 of 20 .* 0: 5, .*, 14 and 5 more\), so"):
        on_clock(values, times)
    assert len(on_clock(np.full((5, 2), np.nan), times)[0]) == 0


def test_missing_bins_are_counted_where_they_are_refused_and_classes_filled_where_sides_agree():
    missing, epoch = np.array([0, 1, 0, 1, 1, 0, 1], bool), np.zeros(7, int)
    message = "4 of 7 bins have no value, the longest run 2 bins from bin 3; leave them out by"
    with pytest.raises(ValueError, match=message):
        fill_missing(np.zeros(7), missing, epoch, "refuse")
    assert fill_missing(np.zeros(7), np.zeros(7, bool), epoch, "refuse").keep.all()
    with pytest.raises(ValueError, match="longest_bins must be at least 1"):
        fill_missing(np.zeros(7), missing, epoch, "interpolate")
    classes = np.array([2, 0, 2, 0, 0, 1, 0])
    filled = fill_missing(classes, missing, epoch, "interpolate", longest_bins=2)
    np.testing.assert_array_equal(filled.keep, [True, True, True, False, False, True, False])
    np.testing.assert_array_equal(filled.values[filled.keep], [2, 2, 2, 1])


@given(st.lists(st.tuples(ticks, st.booleans()), min_size=2, max_size=60, unique_by=lambda x: x[0]))
def test_epochs_hold_the_true_samples_and_no_other_and_can_be_binned(samples):
    times, mask = np.array(sorted(samples)).T
    times_s, mask = times * TICK_S, mask.astype(bool)
    epochs = epochs_where(mask, times_s, max_gap_s=GAP_S)
    start, stop = epochs.T
    number = np.searchsorted(start, times_s, side="right") - 1
    inside = (number >= 0) & (times_s < np.append(stop, -np.inf)[number])
    np.testing.assert_array_equal(inside, mask)
    apart = mask[1:] & mask[:-1]
    split = np.diff(number)[apart] == 1
    np.testing.assert_array_equal(split, np.diff(times_s)[apart] > GAP_S)
    assert np.all(stop - start <= np.ptp(times_s) + typical_step(times_s))
    epoch_bins(epochs, TICK_S)
    long = epochs_where(mask, times_s, max_gap_s=GAP_S, min_duration_s=8 * TICK_S)
    np.testing.assert_array_equal(long, epochs[stop - start >= 8 * TICK_S])


@given(st.integers(0, 99), st.sampled_from([0.0, 1e9]))
def test_steady_motion_has_its_speed_at_borders_on_irregular_clocks_and_over_blinks(seed, offset_s):
    rng = np.random.default_rng(seed)
    times_s = offset_s + np.cumsum(rng.uniform(0.02, 0.04, 300))
    times_s[150:] += 100.0  # another stretch, somewhere else
    position = np.outer(times_s - offset_s, [3.0, 4.0]) - 7000.0 * (np.arange(300) >= 150)[:, None]
    position[rng.integers(5, 90, 3)] = np.nan
    found = speed(position, times_s, 0.2)
    np.testing.assert_allclose(found, 5.0, rtol=1e-9)  # float64, differences of 100 s by 0.03 s
    position[100:120] = np.nan
    lost = np.isnan(speed(position, times_s, 0.2))
    np.testing.assert_array_equal(np.flatnonzero(lost), np.arange(100, 120))


def test_speed_on_a_circle_is_that_of_a_gaussian_mean_of_the_circle():
    times_s = np.arange(0, 20, 0.01)
    circle = 2.0 * np.column_stack([np.cos(3 * times_s), np.sin(3 * times_s)])
    found = speed(circle, times_s, 0.1)
    # a Gaussian shrinks a frequency ω by exp(−ω²σ²/2); differences of 10 ms err by 1e-4
    np.testing.assert_allclose(found[100:-100], 6 * np.exp(-0.045), rtol=1e-3)
    np.testing.assert_allclose(speed(circle[:, 0], times_s, 0.1)[100:-100].max(), 5.736, rtol=1e-3)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_trials_are_the_contiguous_pieces_of_epochs(rows):
    keep = np.array([row[0] for row in rows], bool)
    epoch = np.cumsum(np.array([row[1] for row in rows], int))
    expected, trial, before = [], -1, None
    for index in np.flatnonzero(keep):
        trial += before is None or index != before + 1 or epoch[index] != epoch[before]
        before = index
        expected.append(trial)
    np.testing.assert_array_equal(split_at_gaps(epoch, keep), expected)


def test_the_typical_step_ignores_pauses_and_repeats():
    assert typical_step(np.array([0, 1, 1, 2, 3, 3, 50, 51])) == 1.0
    with pytest.raises(ValueError, match="at least two different times, got 2 samples"):
        typical_step(np.zeros(2))
