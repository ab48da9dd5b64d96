"""How much of a run is done and how long the rest may take; showing it is ``progress``'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_USUAL_S = {
    "ingestion.read": 1.5,
    "ingestion.split": 0.1,
    "training.train": 7.0,
    "training.embed": 1.0,
    "training.all_models": 0.05,
    "training.all_embeddings": 0.05,
    "decoding.decode": 4.0,
    "decoding.sweep": 6.0,
    "decoding.score": 0.5,
    "consistency.compare": 1.5,
}
"""Stage and last word of a node's name → seconds beside each other, on simulated recordings."""
_USUAL_OF_OTHERS_S = 2.0

_TRUST_IN_MEMORY = 0.1
"""The seconds of an earlier run count as if so much of this one had gone at that pace."""
_ENOUGH_DONE, _ENOUGH_S = 0.03, 5.0
"""Nothing is foretold from less than this share of the work and this time, without a memory."""


@dataclass(frozen=True)
class Expected:
    """What a run is expected to take.

    Attributes:
        weights: node → seconds, or where no run is remembered, what is proportional to them.
        remembered: share of the weights that an earlier run has measured.
    """

    weights: Mapping[str, float]
    remembered: float = 0.0


def expected_work(
    nodes: Iterable[str], manifest: Mapping[str, Any], environment: str | None
) -> Expected:
    """Weights of nodes: the seconds they took in the last run, else what their stage usually takes.

    Seconds of a node whose pieces had been finished before say nothing and are left out.

    Args:
        nodes: names of the nodes that will run.
        manifest: of the last run; may be empty.
        environment: of the run that begins; runs of others are not alike.
    """
    usual = {name: _usual_s(name) for name in nodes}
    measured: dict[str, float] = {}
    if manifest.get("environment") == (environment or "base"):
        pieces = _object(manifest.get("node_pieces"))
        for name, seconds in _object(manifest.get("node_seconds")).items():
            computed, total = pieces.get(name, (1, 1))
            if name in usual and computed:
                measured[name] = float(seconds) * total / computed
    scale = _ratio(sum(measured.values()), sum(usual[name] for name in measured)) or 1.0
    weights = {name: measured.get(name, scale * seconds) for name, seconds in usual.items()}
    return Expected(weights, _ratio(sum(measured.values()), sum(weights.values())))


class Work:
    """What is done of each node.

    Args:
        expected: what the nodes are expected to take.
    """

    def __init__(self, expected: Expected) -> None:
        self._weights, self._remembered = expected.weights, expected.remembered
        self._done = dict.fromkeys(self._weights, 0.0)
        self._before = dict.fromkeys(self._weights, 0.0)

    def advance(self, node: str, done: float, before: float = 0.0) -> None:
        """Note how much of a node is done; never less than was noted.

        Args:
            node: its name.
            done: fraction that is done.
            before: fraction that was done before this run, and took no time.
        """
        self._done[node] = max(self._done.get(node, 0.0), min(done, 1.0))
        self._before[node] = max(self._before.get(node, 0.0), min(before, 1.0))

    @property
    def fraction(self) -> float:
        """Fraction of the run that is done."""
        return _ratio(self._sum(self._done), sum(self._weights.values()))

    def seconds_left(self, elapsed_s: float) -> float | None:
        """How long the rest will take at the pace so far; None where it cannot be known yet.

        Args:
            elapsed_s: since the run began.
        """
        total, done = sum(self._weights.values()), self._sum(self._done)
        worked, known = done - self._sum(self._before), total * self._remembered * _TRUST_IN_MEMORY
        if not known and (worked < _ENOUGH_DONE * total or elapsed_s < _ENOUGH_S):
            return None
        pace = _ratio(elapsed_s + known, worked + known)
        return pace * (total - done)

    def _sum(self, fractions: Mapping[str, float]) -> float:
        return sum(weight * fractions[name] for name, weight in self._weights.items())


def duration(seconds: float) -> str:
    """Minutes and seconds, e.g. ``1:05``, with hours in front where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def about(seconds: float) -> str:
    """A duration as exact as an estimate can be, e.g. ``about 40 s`` or ``about 3 min``."""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < 100 * 60:
        return f"about {round(seconds / 60) or 1} min"
    return f"about {seconds / 3600:.1f} h"


def _usual_s(name: str) -> float:
    stage, _, rest = name.partition(".")
    return _USUAL_S.get(f"{stage}.{rest.rpartition('.')[2]}", _USUAL_OF_OTHERS_S)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
