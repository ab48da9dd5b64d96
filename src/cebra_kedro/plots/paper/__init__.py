"""The paper's Figures 1 to 5, drawn from the contents of published result files.

``panels`` says which panels there are and which files each needs; ``figure_1`` … ``figure_5``
draw them, ``pages`` composes them; ``this_run`` draws published results beside ours. Reading files
is left to ``sources.published_results``.
"""

from cebra_kedro.plots.paper.pages import draw_comparison, draw_page, draw_panel
from cebra_kedro.plots.paper.panels import PAGES, Panel, panels_of
from cebra_kedro.plots.paper.this_run import COMPARISONS, Comparison

__all__ = [
    "COMPARISONS",
    "PAGES",
    "Comparison",
    "Panel",
    "draw_comparison",
    "draw_page",
    "draw_panel",
    "panels_of",
]
