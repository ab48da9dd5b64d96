"""How far a run is: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import logging
import sys
import time

from tqdm.auto import tqdm

logger = logging.getLogger(__name__)

_LINE_EVERY_S = 15.0


class NodeProgress:
    """Counts finished nodes.

    Args:
        n_nodes: nodes of the run.
    """

    def __init__(self, n_nodes: int) -> None:
        self._n_nodes = n_nodes
        self._n_done = 0
        self._started = self._last_line = time.monotonic()
        self._bar = tqdm(total=n_nodes, unit="node", leave=False, disable=not sys.stderr.isatty())

    def start(self, name: str) -> None:
        """Show which node runs."""
        self._bar.set_description_str(name)

    def finish(self) -> None:
        """Count a finished node."""
        self._n_done += 1
        self._bar.update()
        now = time.monotonic()
        if self._bar.disable and now - self._last_line > _LINE_EVERY_S:
            logger.info(
                "%d of %d nodes done after %.0f s", self._n_done, self._n_nodes, now - self._started
            )
            self._last_line = now

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
