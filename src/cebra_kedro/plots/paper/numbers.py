"""The numbers on a panel as tidy rows, and the statistics printed with the paper.

Columns: ``method``, ``item`` (a seed, a neuron count, a pair of rats …), ``quantity``, ``value``,
``unit``. Drawing is left to the other files of this folder.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = ("method", "item", "quantity", "value", "unit")

Row = dict[str, Any]


def number(method: str, quantity: str, value: float, unit: str = "", item: Any = "") -> Row:
    """One row."""
    return {
        "method": method,
        "item": str(item),
        "quantity": quantity,
        "value": float(value),
        "unit": unit,
    }


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a table with the columns ``COLUMNS``."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def summary(method: str, values: np.ndarray, unit: str, item: Any = "") -> list[Row]:
    """Count, mean, median, extremes, standard deviation and error (n − 1) of values (n,)."""
    values = np.asarray(values, float)
    facts = {
        "mean": values.mean(),
        "median": np.median(values),
        "min": values.min(),
        "max": values.max(),
    }
    if len(values) > 1:
        facts |= {"sd": values.std(ddof=1), "sem": values.std(ddof=1) / np.sqrt(len(values))}
    rows = [number(method, quantity, value, unit, item) for quantity, value in facts.items()]
    return [number(method, "n", len(values), "", item), *rows]


def mean_and_sem(method: str, values: np.ndarray, unit: str, item: Any) -> list[Row]:
    """Mean and standard error as in Figure 5: population standard deviation / √n."""
    values = np.asarray(values, float)
    return [
        number(method, "mean", values.mean(), unit, item),
        number(method, "sem", values.std() / np.sqrt(len(values)), unit, item),
    ]


def anova_and_tukey(groups: Mapping[str, np.ndarray], unit: str) -> list[Row]:
    """One-way ANOVA over groups, then Tukey's HSD of each pair with 95 % limits.

    Args:
        groups: name → values (n,); at least two groups of two values.
        unit: unit of the values.

    Returns:
        Rows ``anova_f``, ``anova_p``, ``anova_df_between``, ``anova_df_within``, and of each pair
        (in alphabetical order whatever the case, the second minus the first)
        ``tukey_difference``, ``tukey_low``, ``tukey_high``, ``tukey_p``.
    """
    from scipy import stats

    names = sorted(groups, key=str.lower)
    values = [np.asarray(groups[name], float) for name in names]
    f, p = stats.f_oneway(*values)
    n_all = sum(map(len, values))
    everything = "all methods"
    rows = [
        number(everything, "anova_f", f),
        number(everything, "anova_p", p),
        number(everything, "anova_df_between", len(names) - 1),
        number(everything, "anova_df_within", n_all - len(names)),
    ]
    tukey = stats.tukey_hsd(*values)
    limits = tukey.confidence_interval(0.95)
    for first, second in itertools.combinations(range(len(names)), 2):
        pair = f"{names[second]} - {names[first]}"
        rows += [
            number(pair, "tukey_difference", tukey.statistic[second, first], unit),
            number(pair, "tukey_low", limits.low[second, first], unit),
            number(pair, "tukey_high", limits.high[second, first], unit),
            number(pair, "tukey_p", tukey.pvalue[second, first]),
        ]
    return rows


def welch_greater(name: str, greater: np.ndarray, smaller: np.ndarray) -> list[Row]:
    """Welch's one-sided test that the mean of ``greater`` exceeds that of ``smaller``."""
    from scipy import stats

    result = stats.ttest_ind(greater, smaller, equal_var=False, alternative="greater")
    return [
        number(name, "welch_t", result.statistic),
        number(name, "welch_p", result.pvalue),
        number(name, "n_greater", len(greater)),
        number(name, "n_smaller", len(smaller)),
    ]


def r2(true: np.ndarray, predicted: np.ndarray) -> float:
    """R² of predictions, mean over columns; arrays (n,) or (n, d)."""
    residual = ((true - predicted) ** 2).sum(axis=0)
    total = ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    return float(np.mean(1 - residual / total))
