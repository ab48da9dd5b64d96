"""Made-up results of an experiment with labels of every kind, to draw figures of."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots.results import Predicted, Results, Variant
from cebra_kedro.recording import Label, Recording

N_TIME = 400
TEST = np.arange(300, N_TIME)
VARIANTS = (
    Variant("position_direction", "encoder"),
    Variant("position", "encoder"),
    Variant("time", "encoder"),
    Variant("time_transductive", "encoder", transductive=True),
    Variant("shuffled", "control"),
    Variant("raw", "baseline"),
    Variant("pca", "baseline"),
)


def recording(session: str = "buddy", n_time: int = N_TIME) -> Recording:
    """Forty trials of ten bins, with a label of every kind."""
    rng = np.random.default_rng(0)
    time = np.arange(n_time)
    angle = (time / 20.0) % (2 * np.pi)
    return Recording(
        neural=rng.poisson(1.0, size=(n_time, 5)),
        labels={
            "part": Label(np.where(time < 300, 0, 2), "discrete"),
            "position": Label(0.8 + 0.8 * np.sin(angle), "continuous", "m"),
            "hand": Label(np.stack([9 * np.sin(angle), 4 * np.cos(angle)], 1), "continuous", "cm"),
            "heading": Label(angle, "circular", "rad"),
            "direction": Label((np.cos(angle) > 0).astype(int), "discrete"),
            "target": Label(time // 10 % 8, "discrete"),
            "frame": Label(time % 90, "discrete"),
        },
        bin_width_s=0.025,
        name=session,
        trial=time // 10,
    )


def part(n_time: int = N_TIME) -> np.ndarray:
    """The last hundred bins are for testing."""
    return np.where(np.arange(n_time) < TEST[0], 0, 2).astype(np.int8)


def embedding(session: str, variant: str, *, dim: int = 3) -> np.ndarray | None:
    """A ring with noise that depends on the variant; raw activity has none."""
    if variant.startswith("raw"):
        return None
    rng = np.random.default_rng(len(session) + 10 * len(variant))
    angle = np.arange(N_TIME) / 20.0
    ring = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)], 1)
    wide = np.concatenate([ring, np.zeros((N_TIME, 5))], 1)[:, :dim]
    return wide + 0.1 * rng.normal(size=(N_TIME, dim))


def predicted(session: str, variant: str, label: str) -> Predicted | None:
    """Two decoders that are off by a little; ``part`` is not decoded."""
    found = recording(session).labels.get(label)
    if found is None or label == "part":
        return None
    rng = np.random.default_rng(len(variant))
    true = found.values[TEST]
    if found.kind == "discrete":
        moved = rng.integers(0, 2, len(true)) * rng.integers(0, 3, len(true))
        values = {name: (true + moved) % (true.max() + 1) for name in ("knn", "ridge")}
    else:
        values = {name: true + 0.2 * rng.normal(size=true.shape) for name in ("knn", "ridge")}
    return Predicted(TEST, true, values)


def history(session: str) -> pd.DataFrame:
    """Three folds of each encoder and control."""
    rng = np.random.default_rng(len(session))
    steps = np.arange(0, 50, 10)
    tables = []
    for variant, fold in itertools.product(VARIANTS, range(3)):
        if variant.kind != "baseline":
            fit = steps / 30 + rng.uniform(size=len(steps)) / 5
            columns = {"step": steps, "loss": 6 - fit, "goodness_of_fit_bits": fit}
            columns |= {"variant": variant.name, "fold": fold, "seed": 0, "learning_rate": 3e-4}
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def metrics(
    subjects=("buddy", "achilles"),
    variants=VARIANTS,
    decoders=("knn", "ridge"),
    units=(("position_error_median", "m"), ("position_r2", ""), ("direction_accuracy", "%")),
    n_folds=3,
    n_seeds=2,
) -> pd.DataFrame:
    """Every fold and seed with a value of its own, and chance."""
    rng = np.random.default_rng(3)
    rows = []
    for subject, variant, decoder in itertools.product(subjects, variants, decoders):
        for fold, seed in itertools.product(range(n_folds), range(n_seeds)):
            run = ("rats", subject, variant.name, fold, seed, decoder)
            for metric, unit in units:
                scale = 100 if unit == "%" else 1
                rows.append((*run, metric, scale * rng.uniform(0.1, 0.3), unit))
                rows.append((*run, f"chance_{metric}", scale * rng.uniform(0.39, 0.41), unit))
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def consistency(sessions=("buddy", "achilles"), variants=VARIANTS) -> pd.DataFrame:
    """Pairs of seeds, of encoders, and of sessions by two alignments."""
    rng = np.random.default_rng(6)
    names = [one.name for one in variants if one.name != "raw"]
    pairs = []
    for session, name in itertools.product(sessions, names):
        for fold, (a, b) in itertools.product(range(2), itertools.permutations(range(2), 2)):
            run = f"{session}/{name}/fold{fold}_seed"
            pairs.append(("seeds", f"{run}{a}", f"{run}{b}"))
        for other in names:
            if other != name:
                ends = [f"{session}/{one}/fold0_seed0" for one in (name, other)]
                pairs.append(("encoders", *ends))
    for name, (a, b) in itertools.product(names, itertools.permutations(sessions, 2)):
        for kind in ("sessions_by_position", "sessions_by_target"):
            pairs.append((kind, f"{a}/{name}/fold0_seed0", f"{b}/{name}/fold0_seed0"))
    table = pd.DataFrame(pairs, columns=["between", "source", "target"])
    return table.assign(experiment="rats", r2=rng.uniform(0.2, 0.95, len(table)))


def results(**changes) -> Results:
    """Results of two rats."""
    usual = {
        "experiment": "rats",
        "sessions": ("buddy", "achilles"),
        "variants": VARIANTS,
        "transfers": (),
        "recording": lambda session, population: recording(session),
        "part": lambda session, population: part(),
        "embedding": embedding,
        "predicted": predicted,
        "history": history,
        "metrics": metrics(),
        "consistency": consistency(),
        "sweep": pd.DataFrame(),
    }
    return Results(**{**usual, **changes})


def across(sessions=("buddy", "achilles"), variants=VARIANTS) -> pd.DataFrame:
    """Errors in m, ± 0.01 in two folds: 0.1 within, across 0.2 + 0.05 × number of the source."""
    rows = []
    for variant, (i, source), (j, target), fold in itertools.product(
        variants, enumerate(sessions), enumerate(sessions), range(2)
    ):
        space = "joint" if variant.name == "together" else "aligned"
        names = (
            "rats",
            source,
            target,
            "within" if i == j else space,
            variant.name,
            fold,
            0,
            "knn",
        )
        error = 0.1 if i == j else 0.2 + 0.05 * i
        rows += [
            (*names, "position_error_median", error + 0.02 * fold - 0.01, "m"),
            (*names, "chance_position_error_median", 0.4, "m"),
            (*names, "direction_accuracy", 100 * (1 - error), "%"),
            (*names, "chance_direction_accuracy", 50.0, "%"),
        ]
    columns = ["experiment", "source", "target", "through", "variant", "fold", "seed", "decoder"]
    return pd.DataFrame(rows, columns=[*columns, "metric", "value", "unit"])


def attribution(
    session="buddy", variants=VARIANTS, n_neurons=40, tested=True, n_bins=10
) -> dict[str, Any]:
    """What is known of neurons of one session: their ranks, and when in the window they matter."""
    rng = np.random.default_rng(8)
    tables = []
    for variant in (one for one in variants if one.kind == "encoder"):
        share = np.sort(rng.gamma(2, 0.5, n_neurons))[::-1]
        q = np.linspace(0, 0.2, n_neurons)
        table = pd.DataFrame(
            {
                "session": session,
                "variant": variant.name,
                "method": "jacobian",
                "neuron": rng.permutation(n_neurons),
                "rank": np.arange(1, n_neurons + 1),
                "share": share,
                "share_sd": 0.2,
                "control_share": 1.0,
                "q": q if tested else np.nan,
            }
        )
        tables.append(table)
    return {
        "attribution": pd.concat(tables, ignore_index=True),
        "in_time": lambda session, variant: np.random.default_rng(len(variant)).uniform(
            size=(n_neurons, n_bins)
        ),
    }
