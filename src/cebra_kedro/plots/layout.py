"""Where the axes of a figure are: matplotlib's constrained layout, the same each time.

Imported where a figure is made, as it imports matplotlib.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine

_DIGITS = 9
"""Of positions in shares of the figure: 0.00001 of a pixel."""


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout whose positions are rounded.

    Its equations are solved in an order that depends on where in the memory their variables lie.
    The last of 16 digits changes with it, and a line that falls between two pixels is drawn on
    either of them.
    """

    def execute(self, fig: Figure) -> None:
        """Place all axes of a figure."""
        super().execute(fig)
        _round_parts(fig)
        for ax in fig.axes:
            ax.set_position(np.round(ax.get_position(original=True).bounds, _DIGITS).tolist())
            ax.set_in_layout(True)  # as it was


def _round_parts(figure: FigureBase) -> None:
    for part in figure.subfigs:
        box = part.bbox_relative
        box.p0, box.p1 = np.round(box.p0, _DIGITS), np.round(box.p1, _DIGITS)
        _round_parts(part)
