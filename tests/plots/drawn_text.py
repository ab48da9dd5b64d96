"""What stands on a drawn figure: every text with its place, and every axes."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.text
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cebra_kedro.plots import style

COLUMN_CSS_PX, PAGE_CSS_PX = 576, 1000
"""Width of a column of the report's gallery, of which two stand on a page; least of a wide one."""
CSS_PX_PER_INCH = 96


@dataclass(frozen=True)
class Written:
    """A text as drawn.

    Attributes:
        text: what it says.
        points: its size on the page of the report.
        box: left, bottom, right and top in pixels of the figure.
    """

    text: str
    points: float
    box: tuple[float, float, float, float]


def written(figure: Figure) -> list[Written]:
    """Every text of a figure, as drawn."""
    found = []
    usual = matplotlib.text.Text.draw

    def draw(self, renderer):
        usual(self, renderer)
        if self.get_visible() and self.get_text().strip():
            box = matplotlib.text.Text.get_window_extent(self, renderer)
            found.append((self.get_text(), self.get_fontsize(), box.extents))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib.text.Text, "draw", draw)
        FigureCanvasAgg(figure).draw()
    scale = shown_scale(figure)
    return [Written(text, size * scale, tuple(map(float, box))) for text, size, box in found]


def shown_scale(figure: Figure) -> float:
    """Size on the page of the report / size of the figure; at most 1."""
    inches = figure.get_figwidth()
    there = COLUMN_CSS_PX if inches <= style.NORMAL_INCHES else PAGE_CSS_PX
    return min(1.0, there / (inches * CSS_PX_PER_INCH))


def outside(figure: Figure, texts: list[Written], pixels: float) -> list[str]:
    """Texts that reach further than this beyond the edge of the figure."""
    width, height = figure.bbox.size
    return [
        one.text
        for one in texts
        if min(one.box[:2]) < -pixels or one.box[2] > width + pixels or one.box[3] > height + pixels
    ]


def overlapping(texts: list[Written], pixels: float) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than this in both directions."""
    pairs = []
    for number, one in enumerate(texts):
        for other in texts[number + 1 :]:
            across = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
            up = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
            if min(across, up) > pixels:
                pairs.append((one.text, other.text))
    return pairs


def empty_axes(figure: Figure) -> list[Axes]:
    """Axes on which nothing is drawn."""
    return [
        ax
        for ax in figure.axes
        if not ax.get_visible() or not (ax.lines or ax.collections or ax.images or ax.patches)
    ]
