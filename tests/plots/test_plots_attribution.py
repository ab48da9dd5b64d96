"""The figure of attribution: what it shows of known tables, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rat_results import VARIANTS, attribution, results

from cebra_kedro.plots.attribution import attribution_figure

ENCODERS = [one.name for one in VARIANTS if one.kind == "encoder"]


def figure_of(**options):
    return attribution_figure(results(**attribution(**options)), "buddy")


def panels(figure):
    """Axes of shares, and axes of times."""
    shares = [ax for ax in figure.axes if not ax.images]
    return shares, [ax for ax in figure.axes if ax.images]


def test_there_is_a_column_for_each_encoder():
    shares, times = panels(figure_of())
    assert len(shares) == len(times) == len(ENCODERS)


def test_neurons_above_the_control_are_filled_and_counted():
    shares, _ = panels(figure_of())
    above = int((np.linspace(0, 0.2, 40) < 0.05).sum())
    for ax in shares:
        filled, hollow = ax.collections[-2:]
        assert (len(filled.get_offsets()), len(hollow.get_offsets())) == (above, 40 - above)
        assert ax.get_title().endswith(f"{above} of 40 above control")
        assert (np.diff(hollow.get_offsets()[:, 1]) <= 0).all()


def test_nothing_is_said_of_the_control_where_runs_are_too_few():
    shares, _ = panels(figure_of(tested=False))
    assert all("control" not in ax.get_title() for ax in shares)


def test_times_are_in_the_order_of_shares():
    known = attribution()
    stored = np.arange(40 * 10, dtype=float).reshape(40, 10)
    figure = attribution_figure(
        results(attribution=known["attribution"], in_time=lambda *_: stored), "buddy"
    )
    first = known["attribution"][known["attribution"]["variant"] == ENCODERS[0]]
    image = panels(figure)[1][0].images[0]
    assert np.array_equal(image.get_array(), stored[first["neuron"]].T)
    assert image.get_extent() == [0.5, 40.5, -5.5, 4.5]


def test_without_a_table_there_is_no_figure():
    assert attribution_figure(results(), "buddy") is None
    assert attribution_figure(results(**attribution("achilles")), "buddy") is None
    empty = results(attribution=pd.DataFrame(columns=["session", "variant", "method"]))
    assert attribution_figure(empty, "buddy") is None


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method must be one of jacobian, jacobian_abs, inverse"):
        attribution_figure(results(**attribution()), "buddy", method="captum")
