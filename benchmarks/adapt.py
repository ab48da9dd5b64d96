"""Adapting to a new rat against training from scratch: error of position by number of its trials.

Each of the simulated rats is the new one in turn, in a project of its own that ``kedro run`` works
on: encoders of the others, adapted to it in 500 steps with few of its trials, and encoders from
scratch on these trials. ``own`` decoders are fitted to these trials, ``old`` ones to other rats.

``joint`` is adapted from a joint encoder of three rats, ``one`` from that of one rat, both together
with the old rats; ``alone`` is ``one`` as cebra does it, with the new rat only; ``shuffled`` is
``joint`` with labels permuted; ``short`` is ``scratch`` with the 300 steps of other encoders.

    python benchmarks/adapt.py FOLDER --figure docs/images/adapt.png

What is finished in the folder is kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from cebra_kedro.plots.canvas import house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = Path(__file__).parents[1]
RATS = ("achilles", "buddy", "cicero", "gatsby")
TRIALS = (4, 8, 16)
STEPS = 500
METRIC = "position_error_median"
CHANCE = f"chance_{METRIC}"
LINES = {
    ("scratch", "own"): ("from scratch, 500 steps, own decoder", "#d99a00", "o-"),
    ("short", "own"): ("from scratch, 300 steps, own decoder", "#d99a00", "o:"),
    ("joint", "old"): ("joint encoder adapted, decoders of old rats", "#0b7a53", "s-"),
    ("one", "old"): ("encoder of one rat adapted, its decoder", "#3b6fb6", "D-"),
    ("alone", "old"): ("the same without the old rat, aligned", "#3b6fb6", "D:"),
    ("shuffled", "old"): ("joint encoder adapted, labels permuted", "#888888", "x-"),
}


def main() -> None:
    """Print the table, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rats", nargs="+", default=RATS, choices=RATS)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    table = pd.concat(errors(given.folder / rat, rat) for rat in given.rats)
    groups = table.groupby(["way", "decoder", "trials"], sort=False)
    print(groups["error"].mean().unstack().round(3).to_string())
    print(f"chance {table['chance'].mean():.3f}; rats {', '.join(given.rats)}")
    if given.figure:
        with house_style():
            drawing(table).savefig(given.figure)


def errors(folder: Path, new: str) -> pd.DataFrame:
    """Median errors of position in m in test trials of the new rat, a row for each fold."""
    results = run(folder, new)
    own = pd.read_csv(results / "metrics.csv").query("subject == @new")
    old = pd.read_csv(results / "across.csv").query("target == @new and source != target")
    tables = [tidy(own, "own"), tidy(old, "old")]
    return pd.concat(tables).assign(rat=new)


def tidy(scores: pd.DataFrame, decoder: str) -> pd.DataFrame:
    """Columns ``way``, ``trials``, ``fold``, ``error``, ``chance`` and ``decoder``."""
    named = scores[scores["metric"].isin([METRIC, CHANCE])]
    wide = named.pivot_table(index=["variant", "fold"], columns="metric", values="value")
    wide = wide.rename(columns={METRIC: "error", CHANCE: "chance"}).reset_index()
    wide = wide[wide["variant"].str.contains("_with_")]
    parts = wide["variant"].str.split("_with_", expand=True)
    return wide.assign(way=parts[0], trials=parts[1].astype(int), decoder=decoder)


def run(folder: Path, new: str) -> Path:
    """``kedro run`` for one new rat; the folder of its tables."""
    if not folder.exists():
        shutil.copytree(PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
        shutil.copy(PROJECT / "pyproject.toml", folder)
        (folder / "src").mkdir()
        (folder / "conf" / "local").mkdir()
    base = yaml.safe_load((folder / "conf/base/parameters_hippocampus.yml").read_text())
    raw = yaml.safe_load((folder / "conf/base/catalog_hippocampus.yml").read_text())
    written = {
        "parameters_adapt.yml": {"adapt": description(base["hippocampus"], new)},
        "catalog_adapt.yml": {"adapt.raw": raw["hippocampus.raw"]},
    }
    for name, content in written.items():
        (folder / "conf" / "local" / name).write_text(yaml.safe_dump(content, sort_keys=False))
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "adapt"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder / "data" / "08_reporting" / "adapt"


def description(base: dict[str, Any], new: str) -> dict[str, Any]:
    """The experiment of one new rat."""
    old = [rat for rat in RATS if rat != new]
    together = base["encoders"]["together"]
    of_new = {"sessions": [new]}
    one = {"encoder": "of_one", "session": old[0]}
    ways: dict[str, dict[str, Any]] = {
        "scratch": {"like": "of_one", "steps": STEPS},
        "short": {"like": "of_one"},
        "joint": {"adapt": "of_old"},
        "one": {"adapt": one},
        "alone": {"adapt": one | {"together": False}},
        "shuffled": {"adapt": "of_old", "shuffle_labels": "encoder"},
    }
    encoders = {
        "of_old": together | {"sessions": {"joint": old}},
        "of_one": together | {"sessions": [old[0]]},
    } | {
        f"{way}_with_{n}": block | of_new | {"trials": n}
        for n in TRIALS
        for way, block in ways.items()
    }
    carried = [name for name, block in encoders.items() if "adapt" in block]
    return {key: base[key] for key in ("sessions", "source", "split", "training", "decode")} | {
        "encoders": encoders,
        "across": {"align": ["position", "increasing"], "variants": carried},
        "compare": {"seeds": False},
    }


def drawing(table: pd.DataFrame) -> Figure:
    """Mean error by number of trials; small marks are rats."""
    figure = new_figure((7.6, 3.2))
    axis = figure.subplots()
    for (way, decoder), (label, colour, marks) in LINES.items():
        of = table[(table["way"] == way) & (table["decoder"] == decoder)]
        rats = of.groupby(["trials", "rat"])["error"].mean().unstack()
        places = np.arange(len(rats))
        axis.plot(places, rats.mean(axis=1), marks, color=colour, ms=5, label=label)
        axis.plot(places + 0.06, rats, marks[0], color=colour, ms=2, alpha=0.5)
    axis.axhline(table["chance"].mean(), color="0.5", lw=0.8, ls=(0, (4, 3)), label="chance")
    axis.set_xticks(places, [f"{n}" for n in rats.index])
    axis.set(xlabel="training trials of the new rat", ylim=(0, None))
    axis.set_ylabel("median error of position (m)")
    figure.legend(loc="outside right upper")
    return figure


if __name__ == "__main__":
    main()
