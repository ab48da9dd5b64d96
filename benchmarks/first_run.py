"""The first run with other seeds: does what is known of recorded data hold in each?

Each round runs ``kedro run`` in a project of its own, with other seeds of the simulated recordings
and of the encoders.

    python benchmarks/first_run.py --rounds 3
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cebra_kedro.metrics import CHANCE_PREFIX, better

PROJECT = Path(__file__).parents[1]
SHIFT = 100
"""Added to every seed, once a round."""
AT_CHANCE = 0.15
"""A control is at chance if it is no further from it than this share of the encoder's way."""
ORDERS = {
    "hippocampus": {
        "metric": "position_error_median",
        "guided": ["position"],
        "below": ["raw_window", "pca", "time", "shuffled"],
        "between": ("time", "shuffled"),
        "joint": [],
        "control": "shuffled",
    },
    "allen_decoding": {
        "metric": "frame_accuracy_1s",
        "guided": ["neuropixels"],
        "below": ["raw_neuropixels", "pca_neuropixels", "shuffled_neuropixels"],
        "joint": [("joint_neuropixels", "neuropixels"), ("joint_ca", "ca"), ("ca", "raw_ca")],
        "control": "shuffled_neuropixels",
    },
    "monkey_reaching": {
        "metric": "position_r2",
        "guided": ["position"],
        "below": ["raw_window", "pca", "time", "shuffled_position"],
        "between": ("time", "shuffled_position"),
        "joint": [],
        "control": "shuffled_position",
    },
    "synthetic": {
        "metric": "reconstruction_r2",
        "guided": ["default"],
        "below": ["pca", "shuffled"],
        "joint": [],
        "control": "shuffled",
    },
}


def main() -> None:
    """Print what holds in each round, and how long the run took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="0 has the seeds as shipped")
    arguments = parser.parse_args()
    rows = []
    for number in range(arguments.first, arguments.first + arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            seconds, megabytes = run(Path(folder), SHIFT * number)
            for name, order in ORDERS.items():
                rows += checks(Path(folder), name, order, number)
            rows.append({"round": number, "what": "seconds", "holds": round(seconds)})
            rows.append({"round": number, "what": "MB", "holds": round(megabytes)})
    table = pd.DataFrame(rows).pivot(index="what", columns="round", values="holds")
    print(table.reindex(dict.fromkeys(row["what"] for row in rows)).to_string())


def run(folder: Path, shift: int) -> tuple[float, float]:
    """``kedro run`` in a copy of the project; seconds, and megabytes that it leaves."""
    shutil.copytree(PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copytree(PROJECT / "src", folder / "src")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    (folder / "conf" / "local").mkdir()
    for file in sorted((folder / "conf" / "base").glob("*.yml")):
        content = yaml.safe_load(file.read_text())
        if file.stem != "catalog":
            file.write_text(yaml.safe_dump(shifted(content, shift), sort_keys=False))
    began = time.perf_counter()
    command = [sys.executable, "-m", "kedro", "run"]
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    size = sum(file.stat().st_size for file in (folder / "data").rglob("*") if file.is_file())
    return time.perf_counter() - began, size / 1e6


def shifted(content: Any, shift: int) -> Any:
    """The same settings with other seeds, of recordings, populations and encoders."""
    if isinstance(content, dict):
        return {
            key: _other(value, shift) if key in ("seed", "seeds") else shifted(value, shift)
            for key, value in content.items()
        }
    return [shifted(value, shift) for value in content] if isinstance(content, list) else content


def _other(seeds: Any, shift: int) -> Any:
    if isinstance(seeds, bool):  # whether seeds are compared
        return seeds
    return [seed + shift for seed in seeds] if isinstance(seeds, list) else seeds + shift


def checks(folder: Path, name: str, order: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """One row for each claim: the two numbers, with a mark where it does not hold."""
    table = pd.read_csv(folder / "data" / "08_reporting" / name / "metrics.csv")
    first = table["decoder"][table["metric"] == order["metric"]].iloc[0]
    of_first = table[table["decoder"] == first]
    metric, sign = order["metric"], -1 if better(order["metric"]) == "lower" else 1
    mean = of_first[of_first["metric"] == metric].groupby("variant")["value"].mean()
    chance = of_first[of_first["metric"] == CHANCE_PREFIX + metric]["value"].mean()

    def row(one: str, other: str) -> dict[str, Any]:
        holds = sign * mean[one] > sign * mean[other]
        values = f"{mean[one]:.3g} {'>' if sign > 0 else '<'} {mean[other]:.3g}"
        return {
            "round": number,
            "what": f"{name}: {one} better than {other}",
            "holds": values if holds else f"NOT {values}",
        }

    guided = order["guided"][0]
    rows = [row(guided, other) for other in order["below"]]
    rows += [row(*pair) for pair in [*order["joint"], *filter(None, [order.get("between")])]]
    way = abs(mean[order["control"]] - chance) / abs(mean[guided] - chance)
    said = f"{mean[order['control']]:.3g} ~ {chance:.3g}"
    rows.append(
        {
            "round": number,
            "what": f"{name}: {order['control']} at chance",
            "holds": said if way < AT_CHANCE else f"NOT {said}",
        }
    )
    return rows + consistency(folder, name, guided, number)


def consistency(folder: Path, name: str, encoder: str, number: int) -> list[dict[str, Any]]:
    """Mean R² between seeds of the guided encoder."""
    file = folder / "data" / "08_reporting" / name / "consistency.csv"
    if not file.exists():
        return []
    table = pd.read_csv(file)
    seeds = table[(table["between"] == "seeds") & table["source"].str.contains(f"/{encoder}/")]
    if seeds.empty:  # one seed only
        return []
    r2 = seeds["r2"].mean()
    what = f"{name}: R² between seeds of {encoder}"
    return [{"round": number, "what": what, "holds": f"{r2:.3f}" if r2 > 0.7 else f"NOT {r2:.3f}"}]


if __name__ == "__main__":
    main()
