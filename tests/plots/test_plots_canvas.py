"""Where plots draw and what they return."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.plots import canvas
from cebra_kedro.plots.decoded_traces import plot_decoded


def test_drawn_shows_itself_in_a_notebook_as_a_png():
    drawn = plot_decoded(np.arange(4.0), np.arange(4.0), np.arange(4.0), name="position")
    assert drawn._repr_png_().startswith(b"\x89PNG\r\n\x1a\n")


def test_drawn_finds_the_figure_behind_a_subfigure():
    figure = Figure()
    ax = figure.subfigures(1, 2)[1].subplots()
    assert canvas.Drawn((ax,), pd.DataFrame()).figure is figure


def test_house_style_ends_with_its_block():
    before = dict(matplotlib.rcParams)
    with canvas.house_style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before


def test_plotting_does_not_change_the_settings_of_the_session():
    before = dict(matplotlib.rcParams)
    plot_decoded(np.arange(4.0), np.arange(4.0), np.arange(4.0), name="position")
    assert dict(matplotlib.rcParams) == before


def test_a_message_stands_in_the_figure():
    assert [t.get_text() for t in canvas.figure_message("nothing there").texts] == ["nothing there"]
