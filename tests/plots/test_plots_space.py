"""The space of an embedding: coordinates of rows that are missing, limits that panels share."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from cebra_kedro.plots.space import Shown, dress_axes, shown_coordinates


@pytest.mark.parametrize("dim", [2, 3])
def test_few_dimensions_are_shown_as_they_are(dim):
    embedding = np.random.default_rng(0).normal(size=(4, 5, dim))
    shown = shown_coordinates(embedding)
    np.testing.assert_array_equal(shown.points, embedding)
    assert shown.axis_labels == ("dim 1", "dim 2", "dim 3")[:dim]
    assert shown.note == ""
    assert shown.projection == {2: None, 3: "3d"}[dim]


def test_one_dimension_is_shown_against_time_on_scales_of_their_own():
    embedding = np.linspace(0, 3, 100)[:, None]
    shown = shown_coordinates(embedding)
    np.testing.assert_array_equal(shown.points, np.column_stack([np.arange(100), embedding]))
    assert shown.axis_labels == ("time (bins)", "dim 1")
    ax = Figure().subplots()
    dress_axes(ax, shown)
    assert ax.get_aspect() == "auto"
    assert ax.get_ylim()[1] < 4
    assert ax.get_xlim()[1] > 99


def test_missing_rows_stay_missing_and_do_not_move_the_others():
    embedding = np.random.default_rng(1).normal(size=(3, 7, 6)) * np.arange(1, 7)
    holes = embedding.copy()
    holes[1] = np.nan
    shown = shown_coordinates(holes)
    assert np.isnan(shown.points[1]).all()
    expected = shown_coordinates(embedding[[0, 2]])
    np.testing.assert_allclose(shown.points[[0, 2]], expected.points, atol=1e-12)  # same maths
    assert shown.axis_labels == expected.axis_labels
    assert shown.note == "3 PCs of 6 dims"


def test_shared_limits_hold_the_points_of_all_panels():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]])
    others = np.array([[[-3.0, 0.0], [5.0, 2.0]], [[np.nan, np.nan], [0.0, 1.0]]])
    ax = Figure().subplots()
    dress_axes(ax, Shown(points, ("a", "b")), limits_of=others)
    # Half of the wider range (8) and 5 % around the middle (1, 1): exact but for rounding.
    assert ax.get_xlim() == pytest.approx((1 - 4.2, 1 + 4.2))
    assert ax.get_ylim() == pytest.approx((1 - 4.2, 1 + 4.2))
