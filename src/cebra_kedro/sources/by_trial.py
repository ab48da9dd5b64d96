"""Arrays with trials as a dimension, laid end to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Layout:
    """Trials as a dimension: how many there are, of how many bins, and which bins are recorded."""

    n_trials: int
    n_bins: int
    recorded: np.ndarray

    @classmethod
    def of(cls, activity: np.ndarray) -> Layout:
        """That of an array (trial, time, neuron)."""
        n_trials, n_bins, _ = activity.shape
        recorded = np.ones(n_trials * n_bins, bool)
        if activity.dtype.kind == "f":
            recorded = ~np.isnan(activity).all(axis=2).reshape(-1)
        return cls(n_trials, n_bins, recorded)

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Array (trial, time, …) or (trial, …) → (row, …); what has a row a bin is as it was."""
        if values.shape[:2] == (self.n_trials, self.n_bins):
            stacked = values.reshape(self.n_trials * self.n_bins, *values.shape[2:])
        elif values.ndim and len(values) == self.n_trials:
            stacked = np.repeat(values, self.n_bins, axis=0)
        else:
            stacked = values
        return stacked[self.recorded] if len(stacked) == len(self.recorded) else stacked
