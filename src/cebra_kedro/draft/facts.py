"""What the arrays of a file look like: shapes, clocks, shares of NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_DISTINCT = 50


@dataclass(frozen=True, eq=False)
class Fact:
    """One array, or list of arrays.

    Attributes:
        name: as options of a source name it.
        values: the array or the list.
    """

    name: str
    values: Any

    @property
    def is_list(self) -> bool:
        """Whether it is an array for each unit or trial."""
        return isinstance(self.values, list)

    @property
    def n_rows(self) -> int:
        """Length of the array."""
        return 0 if self.is_list or self.values.ndim == 0 else len(self.values)

    @property
    def is_number(self) -> bool:
        """Whether it is an array of numbers or of true and false."""
        return not self.is_list and self.values.dtype.kind in "iufb" and self.values.ndim > 0

    @property
    def is_column(self) -> bool:
        """Whether it has one dimension and more than one row."""
        return not self.is_list and self.values.ndim == 1 and len(self.values) > 1

    @property
    def is_constant(self) -> bool:
        """Whether all values of an array are the same, NaN aside."""
        values = self.values.reshape(-1)
        values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        return not len(values) or bool((values == values[0]).all())

    @property
    def is_clock(self) -> bool:
        """Whether the numbers rise like times of samples or spikes."""
        if not (self.is_column and self.values.dtype.kind in "iuf" and len(self.values) > 9):
            return False
        steps = np.diff(self.values.astype(float))
        return bool(np.isfinite(steps).all() and (steps >= 0).all() and (steps > 0).mean() > 0.9)

    @property
    def goes_back_at(self) -> int | None:
        """First row of less than before, of numbers that rise like a clock otherwise."""
        if not (self.is_column and self.values.dtype.kind in "iuf" and len(self.values) > 9):
            return None
        steps = np.diff(self.values.astype(float))
        rises = np.isfinite(steps).all() and (steps > 0).mean() > 0.9 and (steps < 0).any()
        return int(np.argmax(steps < 0)) + 1 if rises else None

    @property
    def step(self) -> float:
        """Median step of a clock."""
        steps = np.diff(self.values.astype(float))
        return float(np.median(steps[steps > 0]))

    @property
    def is_regular(self) -> bool:
        """Whether the steps of a clock are equal, as those of bins and samples are."""
        steps = np.diff(self.values.astype(float))
        return float(np.ptp(steps)) < 0.01 * self.step * max(1.0, 1e-3 * len(steps))

    @property
    def is_spikes(self) -> bool:
        """Whether a list holds rising times."""
        if not self.is_list or not self.values:
            return False
        return all(
            np.ndim(each) == 1 and each.dtype.kind in "iuf" and bool((np.diff(each) >= 0).all())
            for each in self.values
        )

    def text(self) -> str:
        """One line for a person."""
        if self.is_list:
            n = sum(len(each) for each in self.values)
            return f"{len(self.values)} arrays, {n} values" + (", rising" if self.is_spikes else "")
        values = self.values
        if values.ndim == 0:
            return f"{values.dtype} {values[()]}"
        shape = " × ".join(map(str, values.shape))
        if not self.is_number or values.size == 0:
            return f"{shape} {values.dtype}"
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        said = f"{shape} {values.dtype}"
        if finite.size:
            said += f", {finite.min():g} to {finite.max():g}"
        if finite.size < values.size:
            said += f", {100 * (1 - finite.size / values.size):.1f} % NaN"
        if self.is_clock:
            kind = "regular, " if self.is_regular else ""
            said += f", rises: {kind}median step {self.step:.4g}"
        elif (row := self.goes_back_at) is not None:
            said += f", rises but goes back at row {row}, so it is no clock: mend it there"
        elif self.is_column and len(distinct := np.unique(finite)) <= _MOST_DISTINCT:
            said += f", {len(distinct)} different values"
        return said


def facts(content: Mapping[str, Any]) -> dict[str, Fact]:
    """Name → fact of every array, of all parts of a session."""
    found: dict[str, Fact] = {}
    for name, values in content.items():
        if isinstance(values, Mapping):
            found |= {f"{name}/{key}": Fact(f"{name}/{key}", each) for key, each in values.items()}
        else:
            found[name] = Fact(name, values)
    return found
