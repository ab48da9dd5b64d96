"""Where plots draw: axes of a new figure without pyplot, and what a plot returns.

No figure is registered anywhere and no backend is chosen: a figure made here is freed like any
other object. Colours and labels are left to ``style``.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from cebra_kedro.plots import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWING = threading.RLock()
"""Held by the thread that draws or saves: matplotlib's settings are those of the process."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a plot drew and where.

    Attributes:
        axes: the axes drawn on, left to right; colour bars are not among them.
        data: the numbers on the axes, one row per mark (each ``plot_*`` names its columns).
    """

    axes: tuple[Axes, ...]
    data: pd.DataFrame

    @property
    def ax(self) -> Axes:
        """The first axes."""
        return self.axes[0]

    @property
    def figure(self) -> Figure:
        """The figure that holds the axes, also when they sit in a subfigure."""
        return self.ax.figure.figure

    def _repr_png_(self) -> bytes:
        """The picture that Jupyter shows, also without ``%matplotlib inline``."""
        buffer = io.BytesIO()
        with house_style():
            self.figure.savefig(buffer, format="png")
        return buffer.getvalue()


@contextmanager
def house_style() -> Iterator[None]:
    """The rc settings of ``style`` for the length of a ``with`` block."""
    import matplotlib

    with DRAWING, matplotlib.rc_context(cast("Any", dict(style.RC))):
        yield


def new_figure(
    size_inches: tuple[float, float], margins: Mapping[str, float] | None = None
) -> Figure:
    """An empty figure, unknown to pyplot.

    Args:
        size_inches: width and height in inches.
        margins: fixed margins as for ``Figure.subplots_adjust``; None finds them out (constrained
            layout), which takes about as long as drawing.
    """
    from matplotlib.figure import Figure

    if margins is None:
        from cebra_kedro.plots.layout import SteadyLayout

        return Figure(figsize=size_inches, dpi=style.DPI, layout=SteadyLayout())
    figure = Figure(figsize=size_inches, dpi=style.DPI)
    figure.subplots_adjust(**margins)
    return figure


def new_axes(size_inches: tuple[float, float], projection: str | None = None) -> Axes:
    """The only axes of a new figure.

    Args:
        size_inches: width and height in inches.
        projection: ``3d`` or None for plane axes.
    """
    return new_figure(size_inches).add_subplot(projection=projection)


def figure_message(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    with house_style():
        figure = new_figure((7.0, 1.2))
        figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure
