"""Adapting to a new rat against training from scratch: error of position by number of its trials.

Each of the simulated rats is the new one in turn, in a project of its own that ``kedro run`` works
on: the encoders of the others, adapted to it in 500 steps with few of its trials, and encoders from
scratch on these trials. ``own`` decoders are fitted to these trials, ``old`` ones to the other rats.

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
    ("scratch", "own"): ("from scratch, own decoder", "#d99a00", "o-"),
    ("joint", "old"): ("joint adapted, decoders of old rats", "#0b7a53", "s-"),
    ("joint", "own"): ("joint adapted, own decoder", "#0b7a53", "s--"),
    ("alone", "old"): ("one adapted alone, decoder of old rat, aligned", "#7b5aa6", "^-"),
    ("shuffled", "old"): ("joint adapted, labels permuted", "#888888", "x:"),
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
    """Mean error by number of trials, with a small mark for each rat."""
    figure = new_figure(5.6, 3.4)
    axis = figure.subplots()
    for (way, decoder), (label, colour, marks) in LINES.items():
        of = table[(table["way"] == way) & (table["decoder"] == decoder)]
        mean = of.groupby("trials")["error"].mean()
        axis.plot(mean.index, mean, marks, color=colour, label=label)
        rats = of.groupby(["rat", "trials"])["error"].mean().reset_index()
        axis.scatter(rats["trials"], rats["error"], s=6, color=colour, alpha=0.5, linewidths=0)
    axis.axhline(table["chance"].mean(), color="black", linewidth=0.8, linestyle="--")
    axis.annotate(
        "chance",
        (TRIALS[0], table["chance"].mean()),
        xytext=(0, 3),
        fontsize="small",
        textcoords="offset points",
    )
    axis.set(xlabel="training trials of the new rat", xticks=TRIALS, ylim=(0, None))
    axis.set_ylabel("median error of position (m)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    return figure


if __name__ == "__main__":
    main()
