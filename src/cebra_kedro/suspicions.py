"""What in a recording looks like a mistake but may be meant: said once, and kept with the results.

What cannot be right is refused by ``recording`` and by the sources; whether a recording fits what
is asked of it is for ``pipelines.ingestion.fit``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import numpy as np

from cebra_kedro.on_disk import Rows, blocks
from cebra_kedro.recording import Label, Recording

_FEW_LEVELS = 12
_HIGHEST_RATE_HZ = 500.0
_LONGEST_BIN_S, _SHORTEST_BIN_S = 10.0, 1e-4
_MOST_SHOWN = 5
DEGREES = ("deg", "°", "degree", "degrees")
ANGLE = re.compile(r"angle|heading|head_?dir|^hd$|phase|orient|theta|azimuth|yaw", re.I)
"""Names of angles."""


def suspicions(recording: Recording) -> list[str]:
    """Sentences about a recording, each with what to do if it is a mistake; usually none.

    Args:
        recording: any.
    """
    found = [*_of_neurons(recording)]
    for name, label in recording.labels.items():
        found.extend(f"label {name} {text}" for text in _of_label(name, label, recording.n_time))
    if not _SHORTEST_BIN_S <= recording.bin_width_s <= _LONGEST_BIN_S:
        found.append(f"bin_width_s is {recording.bin_width_s:g} s; correct it if that is ms or Hz")
    return found


def _of_neurons(recording: Recording) -> Iterator[str]:
    neural, n_neurons = recording.neural, recording.n_neurons
    if n_neurons > recording.n_time:
        yield (
            f"{recording.n_time} bins but {n_neurons} neurons; if the array is (neuron, time), say "
            "transposed: true"
        )
    seen = _Neurons(neural)
    low, high = seen.low, seen.high
    silent, constant = (low == 0) & (high == 0), (low == high) & (high != 0)
    if silent.any():
        yield f"{_some(silent)} silent; leave them out if their units are not in use"
    if constant.any():
        yield f"{_some(constant)} constant; leave them out"
    same = seen.copies(~(silent | constant))
    if same.any():
        yield f"{_some(same)} the same as one before; leave out what was copied"
    if neural.dtype.kind in "iu":
        fast = seen.total / recording.n_time / recording.bin_width_s > _HIGHEST_RATE_HZ
        if fast.any():
            yield (
                f"{_some(fast)} firing above {_HIGHEST_RATE_HZ:g} Hz; correct bin_width_s, or the "
                "scale of spike times"
            )


def _of_label(name: str, label: Label, n_time: int) -> Iterator[str]:
    values = label.values.reshape(n_time, -1)
    if (values == values[:1]).all():
        yield "is constant; it guides nothing, and nothing can be decoded of it"
        return
    if label.table is not None:
        return
    if label.kind == "continuous" and values.shape[1] == 1:
        levels = np.unique(values)
        if len(levels) <= _FEW_LEVELS and np.array_equal(levels, np.rint(levels)):
            yield f"has {len(levels)} different values; say kind: discrete if they are classes"
    if label.kind == "continuous" and _is_in_degrees(name, label.unit, values):
        yield "seems to be an angle in degrees; say kind: circular and unit: deg if it goes around"
    if label.kind == "discrete":
        n_classes = len(np.unique(values))
        if n_classes > max(50, n_time // 10):
            yield (
                f"has {n_classes} classes in {n_time} bins; say kind: continuous if it is a number"
            )


def _is_in_degrees(name: str, unit: str, values: np.ndarray) -> bool:
    """Whether a continuous label says so, or is called an angle and reaches as far."""
    low, high = float(values.min()), float(values.max())
    reaches = low >= -181 and high <= 361 and high - low > 100
    return reaches and (unit in DEGREES or bool(ANGLE.search(name) and unit != "rad"))


class _Neurons:
    """What is told of each neuron, in one go over the recording.

    Attributes:
        low: array (neuron,), the least value.
        high: the greatest.
        total: the sum, in float64.
    """

    def __init__(self, neural: Rows) -> None:
        digests = [hashlib.blake2b() for _ in range(neural.shape[1])]
        lows, highs, totals = [], [], []
        for block in blocks(neural):
            lows.append(block.min(axis=0))
            highs.append(block.max(axis=0))
            totals.append(block.sum(axis=0, dtype=np.float64))
            for digest, column in zip(digests, np.ascontiguousarray(block.T), strict=True):
                digest.update(column)
        self.low, self.high = np.min(lows, axis=0), np.max(highs, axis=0)
        self.total = np.sum(totals, axis=0)
        self._digests = [digest.digest() for digest in digests]

    def copies(self, active: np.ndarray) -> np.ndarray:
        """Bool array (neuron,): whether an earlier one of these is equal in every bin."""
        seen, copies = set[bytes](), np.zeros(len(active), bool)
        for neuron in np.flatnonzero(active):
            copies[neuron] = self._digests[neuron] in seen
            seen.add(self._digests[neuron])
        return copies


def _some(mask: np.ndarray) -> str:
    """``3 of 40 neurons (2, 7, 9) are``."""
    numbers = np.flatnonzero(mask)
    listed = ", ".join(map(str, numbers[:_MOST_SHOWN])) + (", …" * (len(numbers) > _MOST_SHOWN))
    return (
        f"{len(numbers)} of {len(mask)} neurons ({listed}) {'is' if len(numbers) == 1 else 'are'}"
    )
