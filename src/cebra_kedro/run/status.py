"""What is done of a pipeline, read from its files: how many cells of each node are finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_type_hints

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from cebra_kedro.cells import Pieces
from cebra_kedro.io import StoreDataset


@dataclass(frozen=True)
class NodeStatus:
    """How far a node is.

    Attributes:
        name: of the node.
        done: cells whose files are there and were computed from the present data and parameters.
        total: all cells; None if that cannot be known yet.
        waits_for: inputs that no file holds yet.
    """

    name: str
    done: int = 0
    total: int | None = None
    waits_for: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.total is None:
            others = f" and {len(self.waits_for) - 1} more" if len(self.waits_for) > 1 else ""
            return f"waits for {self.waits_for[0]}{others}"
        return "done" if self.done == self.total else f"{self.done} of {self.total}"


def status_of(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[NodeStatus]:
    """The nodes that consist of cells, in the order of the pipeline.

    Without those that draw: of some keys there is no figure, which leaves no file.
    """
    for node in pipeline.nodes:
        function = getattr(node.func, "func", node.func)
        output = catalog.get(node.outputs[0])
        of_cells = get_type_hints(function).get("return") is Pieces
        if of_cells and isinstance(output, StoreDataset) and output.contents != "figures":
            yield _status(node, catalog, output)


def _status(node: Node, catalog: CatalogProtocol, output: StoreDataset) -> NodeStatus:
    missing = tuple(name for name in node.inputs if not catalog.exists(name))
    if missing:
        return NodeStatus(node.name, waits_for=missing)
    pieces = node.run({name: catalog.load(name) for name in node.inputs})[node.outputs[0]]
    return NodeStatus(node.name, output.n_finished(pieces), len(pieces.cells))
