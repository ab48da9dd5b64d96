"""Figures drawn by several threads at once are those that one thread draws, byte for byte."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from test_figures_readable import CASES

from cebra_kedro.io.figure_dataset import write_drawing, write_picture
from cebra_kedro.plots.figures import figure_kind

QUICK = {kind: case for kind, *case in reversed(CASES) if kind not in ("movie_map", "search")}
"""The first case of every kind; t-SNE takes long, and a search has the panels of a sweep."""


def drawn(kind, folder):
    """The bytes of a figure as picture and as drawing."""
    _, results, session, options = QUICK[kind]
    figure = figure_kind(kind).function(results(), session, **options)
    write_picture(folder / "figure.png", figure)
    write_drawing(folder / "figure.svg", figure)
    return [(folder / name).read_bytes() for name in ("figure.png", "figure.svg")]


@pytest.fixture
def restless_threads():
    """Threads that take turns a thousand times more often than they usually do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 1000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
def test_threads_draw_the_same_bytes(tmp_path_factory, restless_threads):
    def drawn_anew(kind):
        return drawn(kind, tmp_path_factory.mktemp(kind))

    alone = {kind: drawn_anew(kind) for kind in QUICK}
    with ThreadPoolExecutor(8) as pool:
        for kind, figure in zip(QUICK, pool.map(drawn_anew, QUICK), strict=True):
            assert figure == alone[kind], kind
