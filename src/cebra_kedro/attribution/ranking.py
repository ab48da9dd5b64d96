"""Attribution of many runs → how much each neuron matters, beside the control."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

METHODS = ("jacobian", "jacobian_abs", "inverse", "inverse_abs")
"""Kinds of maps, see ``maps``."""

AGAINST = 0.05
"""Share of false ones that is accepted among the neurons said to matter more than in the control.
"""
_COLUMNS = ["neuron", "rank", "share", "share_sd", "control_share", "p", "q", "runs"]


def rank_neurons(
    maps: Sequence[np.ndarray], control: Sequence[np.ndarray] | None = None
) -> pd.DataFrame:
    """How much each neuron matters, over runs (folds and seeds).

    A neuron's share is its attribution, averaged over the dimensions of the embedding, over the
    mean of all neurons: 1 is an average neuron. ``p`` is of a one-sided rank test (Mann-Whitney) of
    the runs' shares against those of the control's runs, ``q`` the same as a false discovery rate
    over the neurons (Benjamini & Hochberg). Runs share most of their training rows, so that both
    say how firmly these data speak, not what other recordings would say. With so few runs that no
    order of theirs is rarer than 5 %, as three against three, both are missing.

    Args:
        maps: of each run, array (dim, neuron).
        control: likewise, of encoders trained on permuted labels; None for no control.

    Returns:
        A row a neuron in the order of ``rank`` (1 matters most): ``neuron``, ``rank``, ``share``,
        ``share_sd`` (over runs), ``control_share`` (missing without control), ``p``, ``q``,
        ``runs``.
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    shares = _shares(maps)
    others = _shares(control) if control else np.full((1, shares.shape[1]), np.nan)
    p = np.full(shares.shape[1], np.nan)
    tested = bool(control) and 1 / math.comb(len(shares) + len(others), len(shares)) < AGAINST
    if tested:
        p = mannwhitneyu(shares, others, alternative="greater", axis=0).pvalue
    mean = shares.mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.arange(1, len(order) + 1)
    table = pd.DataFrame(
        {
            "neuron": np.arange(len(mean)),
            "rank": rank,
            "share": mean,
            "share_sd": shares.std(axis=0, ddof=1) if len(shares) > 1 else np.nan,
            "control_share": others.mean(axis=0),
            "p": p,
            "q": false_discovery_control(p) if tested else p,
            "runs": len(shares),
        }
    )
    return table[_COLUMNS].sort_values("rank", ignore_index=True)


def _shares(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Of each run (run, neuron): attribution over its mean."""
    of_runs = np.stack([one.mean(axis=0, dtype=np.float64) for one in maps])
    means = of_runs.mean(axis=1, keepdims=True)
    return np.divide(of_runs, means, out=np.zeros_like(of_runs), where=means > 0)
