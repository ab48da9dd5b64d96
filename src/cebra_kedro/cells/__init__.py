"""Independent pieces of work: each is computed once, and its value kept in a file of its own.

How a value lies in a file is a :class:`Format`'s business (``io.formats``), which files count as
results is ``store``'s. Where cells are computed is an :class:`Engine`'s: other processes of this
machine, or workers of a cluster.
"""

from cebra_kedro.cells.cell import Cell, Entry, Format, Pieces, Rounds, file_of, files_of
from cebra_kedro.cells.complete import CellsFailedError, complete, n_finished, traces
from cebra_kedro.cells.engine import Engine, Outcome, Share, Task, share_in_use, use_engine

__all__ = [
    "Cell",
    "CellsFailedError",
    "Engine",
    "Entry",
    "Format",
    "Outcome",
    "Pieces",
    "Rounds",
    "Share",
    "Task",
    "complete",
    "file_of",
    "files_of",
    "n_finished",
    "share_in_use",
    "traces",
    "use_engine",
]
