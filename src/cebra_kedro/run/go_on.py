"""After a failure: the command that goes on from there."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from kedro.pipeline import Pipeline

_SHORT = 100
"""Names of nodes longer than this together are not worth typing: the whole command is as good."""


class HowToGoOn(str):
    """A note of an error that stands on a line of its own."""

    __slots__ = ()


def how_to_go_on(
    argv: Sequence[str], pipeline: Pipeline, finished: Collection[str], catalog: Any
) -> HowToGoOn | None:
    """The command of this run again, from the nodes that have not finished on.

    ``--from-nodes`` runs what it names and what follows from it, so every node that has not
    finished must be named or follow from a named one. The command as it was does the same more
    slowly: what is finished is found again. It is given where little can be left out, or much
    would have to be named.

    Args:
        argv: of this process.
        pipeline: of the run.
        finished: names of the nodes whose outputs are saved.
        catalog: entries of the run.

    Returns:
        The note; None if the run was not begun by a command.
    """
    if "run" not in argv[1:]:
        return None
    names = ",".join(_first_unfinished(pipeline, finished, catalog))
    words = list(argv[1:])
    if names and len(names) <= _SHORT:
        words.append(f"--from-nodes={names}")
    options = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    return HowToGoOn(f"Go on with: {_program(argv[0])} {options}")


def _first_unfinished(pipeline: Pipeline, finished: Collection[str], catalog: Any) -> list[str]:
    """The unfinished nodes that follow from no unfinished one; none if all must run anyway."""
    done = [node for node in pipeline.nodes if node.name in finished]
    left = [node.name for node in pipeline.nodes if node.name not in finished]
    if not done or not left:
        return []
    rest = pipeline.only_nodes(*left)
    made_before = {name for node in done for name in node.outputs} & rest.inputs()
    if any(getattr(catalog.get(name), "_EPHEMERAL", False) for name in made_before):
        return []
    return sorted(node.name for node in rest.grouped_nodes[0])


def _program(path: str) -> str:
    """How the program is typed; Kedro itself says ``python -m kedro`` where it was called so."""
    name = Path(path).name
    return "kedro" if name == "__main__.py" else name.removesuffix(".exe")
