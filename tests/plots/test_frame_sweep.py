"""Movie scores by number of neurons."""

import numpy as np
import pytest
from movie_tables import METRIC, sweep_table

from cebra_kedro.plots import plot_frame_scores_by_neurons

NEUROPIXELS = ("raw_neuropixels", "neuropixels")


def test_lines_are_means_over_seeds_and_every_seed_is_a_dot():
    table = sweep_table(variants=NEUROPIXELS)
    # another score at each count
    table["value"] += np.where(table["metric"] == METRIC, np.log10(table["n_neurons"]), 0)
    drawn = plot_frame_scores_by_neurons(table, modality="neuropixels")
    lines = [line for line in drawn.ax.lines if len(line.get_xdata()) == 3 and line.get_lw() > 1.5]
    rows = table[table["metric"] == METRIC]
    expected = rows.groupby(["variant", "decoder", "n_neurons"])["value"].mean().unstack()
    # means of the same three floats
    np.testing.assert_allclose(
        sorted(tuple(line.get_ydata()) for line in lines if line.get_marker() == "None"),
        sorted(map(tuple, expected.to_numpy())),
        rtol=1e-12,
    )
    dots = [line.get_ydata() for line in drawn.ax.lines if line.get_marker() != "None"]
    np.testing.assert_array_equal(np.sort(np.concatenate(dots)), np.sort(rows["value"]))


def test_axes_name_counts_frames_rate_and_chance():
    ax = plot_frame_scores_by_neurons(sweep_table(), modality="ca").ax
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "number of neurons (movie of 900 frames at 30 Hz)"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10", "100", "1000"]
    (chance,) = [line for line in ax.lines if line.get_color() == "0.35"]
    # a mean of equal floats
    np.testing.assert_allclose(chance.get_ydata(), 6.448, rtol=1e-12)


def test_numbers_that_would_overlap_are_left_out_but_keep_their_ticks():
    counts = (10, 30, 50, 100, 200, 400, 600, 800, 900, 1000)
    table = sweep_table(counts, variants=("neuropixels",), decoders=("knn",))
    ax = plot_frame_scores_by_neurons(table, modality="neuropixels").ax
    assert list(ax.get_xticks()) == list(counts)
    labels = [tick.get_text() for tick in ax.get_xticklabels()]
    assert labels == ["10", "30", "50", "100", "200", "400", "600", "", "", "1000"]


def test_a_single_number_of_neurons_is_drawn_too():
    ax = plot_frame_scores_by_neurons(sweep_table((100,)), modality="ca").ax
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns="n_neurons"), "must have rows and the column n_neurons"),
        (lambda t: t.assign(subject=["a", "b"] * (len(t) // 2)), "must hold one subject"),
        (lambda t: t.iloc[:0], "got 0 rows"),
    ],
)
def test_other_tables_are_refused(spoil, message):
    table = sweep_table()
    with pytest.raises(ValueError, match=message):
        plot_frame_scores_by_neurons(spoil(table[: len(table) // 2 * 2]), modality="ca")
