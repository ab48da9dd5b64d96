"""How often data without a difference are called significant, and how often a difference is found.

Scores are drawn as sessions, folds and seeds share them; the test is that of the report. Nothing is
trained.

    python benchmarks/significance.py        # prints both and draws docs/images/significance.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.report.signflip import MIN_SESSIONS, sign_flip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DESIGNS = {
    "1 session × 10 folds": (1, 10),
    "2 sessions × 5 folds": (2, 5),
    "4 sessions × 3 folds": (4, 3),
    "8 sessions × 3 folds": (8, 3),
}
N_SEEDS = 5
EFFECTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""True differences, in standard deviations of a fold."""
LEVEL, TOLERANCE = 0.05, 0.015
WAYS = {
    "as reported": ("o", "#0b7a53"),
    "each fold a unit": ("s", "#d99a00"),
    "each seed a unit": ("^", "#c0392b"),
}


def main() -> None:
    """Print and draw shares of data sets with p up to 0.05."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=1000)
    parser.add_argument("--figure", type=Path, default=Path("docs/images/significance.png"))
    given = parser.parse_args()
    null = pd.DataFrame(
        {name: rejected(given.data_sets, *design) for name, design in DESIGNS.items()}
    )
    power = pd.DataFrame(
        {name: found(given.data_sets, *design) for name, design in DESIGNS.items()}, EFFECTS
    )
    for shares in (null, power):
        print((100 * shares.T).round(1).to_string(), end="\n\n")
    with house_style():
        drawing(null, power).savefig(given.figure)


def differences(
    rng: np.random.Generator, sessions: int, folds: int, effect: float = 0.0
) -> np.ndarray:
    """Array (session, fold, seed): folds are correlated by 1 / folds, animals differ if many.

    With fewer than six sessions the test is about these, so that what is theirs is no error.
    """
    animal = float(sessions >= MIN_SESSIONS) * rng.normal(size=(sessions, 1, 1))
    training = np.sqrt(1 / folds) * rng.normal(size=(sessions, 1, 1))
    fold = np.sqrt(1 - 1 / folds) * rng.normal(size=(sessions, folds, 1))
    return effect + animal + training + fold + 0.5 * rng.normal(size=(sessions, folds, N_SEEDS))


def rejected(n_data_sets: int, sessions: int, folds: int) -> dict[str, float]:
    """Share of null data sets with p up to 0.05, by what is taken for independent."""
    rng = np.random.default_rng(0)
    p = []
    for _ in range(n_data_sets):
        values = differences(rng, sessions, folds)
        by_fold = values.mean(axis=2)
        p.append((reported(by_fold), independent(by_fold), independent(values)))
    return dict(zip(WAYS, np.mean(np.array(p) <= LEVEL, axis=0), strict=True))


def found(n_data_sets: int, sessions: int, folds: int) -> list[float]:
    """Share of data sets with p up to 0.05, for each true difference."""
    rng = np.random.default_rng(1)
    return [
        float(np.mean([reported(by_fold) <= LEVEL for by_fold in drawn]))
        for effect in EFFECTS
        for drawn in [
            [differences(rng, sessions, folds, effect).mean(axis=2) for _ in range(n_data_sets)]
        ]
    ]


def reported(by_fold: np.ndarray) -> float:
    """The p of the report; array (session, fold)."""
    folds = {str(session): list(values) for session, values in enumerate(by_fold)}
    return sign_flip(folds, np.random.default_rng(0)).p


def independent(values: np.ndarray) -> float:
    """The p if every value had a sign of its own."""
    return sign_flip({"": values.ravel()}, np.random.default_rng(0), test_to_train=0.0).p


def drawing(null: pd.DataFrame, power: pd.DataFrame) -> Figure:
    """Null rejections by design and way (left), and what is found by true difference (right)."""
    figure = new_figure((9.0, 3.3))
    left, right = figure.subplots(1, 2)
    draw_null(left, null)
    for name, shares in power.items():
        right.plot(power.index, 100 * shares, marker="o", ms=4, lw=1.5, label=name)
    right.set(xlabel="true difference (SD of folds)", ylabel="found (% of data sets)")
    right.axhline(100 * LEVEL, color="0.5", lw=0.8, ls=(0, (4, 3)))
    right.set_title("A true difference is found", loc="left")
    right.legend(loc="center right")
    return figure


def draw_null(ax: Any, null: pd.DataFrame) -> None:
    """Dots on a line for each design, with the band that is promised."""
    ax.axvspan(100 * (LEVEL - TOLERANCE), 100 * (LEVEL + TOLERANCE), color="0.9", lw=0)
    places = range(len(null.columns))[::-1]
    for way, (marker, colour) in WAYS.items():
        ax.plot(100 * null.loc[way], places, marker, color=colour, ms=6, label=way)
    ax.set_yticks(places, null.columns)
    ax.set(xlim=(0, None), xlabel="called significant (% of data sets)")
    ax.set_title("No true difference: 5 % is right", loc="left")
    ax.grid(axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=3, columnspacing=1.0)


if __name__ == "__main__":
    main()
