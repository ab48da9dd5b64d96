"""Tiny, seeded contents of the published files of Figures 1 to 5, in their documented structure.

Sizes are small where the paper's are free; the layout (keys, shapes, types of keys) is that of the
published files. ``write_hdf`` stores such a content as pandas does.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

COUNTS = (10, 30, 50, 100, 200, 400, 600, 800, 900, 1000)
AREAS = ("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam")
N = 90
"""Time bins of a rat."""
BINS = 600
"""Rows of a reach."""


def rat_label(n: int = N) -> np.ndarray:
    """Position in m, and the flags right and left, of a rat that runs to and fro."""
    phase = np.arange(n) / 15 % 2
    right = phase < 1
    return np.column_stack((1.6 * np.where(right, phase, 2 - phase), right, ~right)).astype("f4")


def unit_rows(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    points = rng.normal(size=(n, d))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype("f4")


def figure_1(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(40, 2))
    embeddings: dict[str, Any] = {
        name: unit_rows(rng, N, 3) for name in ("cebra", "cebra_time")
    } | {name: rng.normal(size=(N, 2)) for name in ("pivae_w", "pivae_wo", "umap", "tsne")}
    scores = {
        name: list(rng.normal(level, 0.01, 12))
        for name, level in zip(
            ("cebra", "pivae", "tsne", "umap"), (0.92, 0.84, 0.79, 0.81), strict=True
        )
    }
    return {
        "synthetic_viz": {
            "true": true,
            "cebra": (true + rng.normal(0, 0.2, true.shape)).astype("f4"),
            "label": rng.uniform(0, 2 * np.pi, (40, 1)).astype("f4"),
        },
        "synthetic_scores": scores | {"autolfads": rng.normal(0.86, 0.01, 12)},
        "visualization": embeddings
        | {"autolfads": rng.normal(size=(N - 10, 2)).astype("f4"), "label": rat_label()},
    }


def figure_2(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    labels = ("pos", "dir", "posdir", "pos-shuffled", "dir-shuffled", "posdir-shuffled")
    bars = {
        dimension: {
            "dgms": [
                _bars(rng, 30, infinite=True),
                _bars(rng, 40),
                _bars(rng, 8),
            ]
        }
        for dimension in (3, 8, 16)
    }
    angle = np.linspace(0, 9 * np.pi, 200)
    fine = np.linspace(0, 9 * np.pi, 800)
    label = rat_label(200)
    return {
        "visualization": {
            name: {"embedding": unit_rows(rng, N, 3), "label": rat_label()}
            for name in ("hypothesis", "shuffled", "discovery", "hybrid")
        },
        "hypothesis_testing": {
            "viz": {name: unit_rows(rng, N, 3) for name in labels},
            "loss": {
                name: 5.5 + 0.1 * i + np.exp(-np.arange(50) / 10) for i, name in enumerate(labels)
            },
        },
        "topology": {
            "viz": {d: unit_rows(rng, N, d) for d in (3, 8, 16)} | {"label": rat_label()},
            "behavior_topology": bars,
            "circular_coord": {
                "label": label,
                "radial_angle": angle,
                "finer_angle": fine,
                "fine_z": np.interp(fine, angle, np.cumsum(label[:, 0])),
            },
        },
    }


def _bars(rng: np.random.Generator, n: int, *, infinite: bool = False) -> np.ndarray:
    birth = np.zeros(n) if infinite else rng.uniform(0, 1, n)
    death = birth + np.sort(rng.exponential(0.15, n))
    if infinite:
        death[-1] = np.inf
    return np.column_stack((birth, death))


def supplementary_video(seed: int = 0, n: int = 1100, n_shuffled: int = 1050) -> dict:
    rng = np.random.default_rng(seed)
    true = rat_label(n)
    predicted = np.column_stack((true[:, 0] + rng.normal(0, 0.05, n), true[:, 1]))
    return {
        "embedding_all": {0: unit_rows(rng, n, 3)},
        "embedding_test": {0: unit_rows(rng, n, 3)},
        "true_all": {0: true},
        "true_test": {0: true},
        "prediction": {0: predicted.astype("f4")},
        "prediction_shuffled": {0: rng.uniform(0, 1.6, (n_shuffled, 2)).astype("f4")},
    }


def figure_3(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    hand, target = _reaches(rng, 2)
    label = np.repeat(np.arange(8), 2 * BINS)
    both = np.concatenate((label, label + 8))
    return {
        "behavior": {
            "active": hand,
            "active_target": target,
            "passive": 0.5 * hand,
            "passive_target": target,
        },
        "overview": {
            name: _swept(rng, label, 4)
            for name in ("cebra-behavior", "pivae_w", "cebra-time", "pivae_wo")
        }
        | {name: _swept(rng, label, 2) for name in ("tsne", "umap")}
        | {
            "autolfads": [_swept(rng, np.full(BINS, k), 2)[::20] for k in range(8)],
            "label": label,
        },
        "behavior_time": {
            name: {"embedding": unit_rows(rng, len(hand), 3), "label": hand}
            for name in ("behavior", "time")
        },
        "cebra_ap_sep": {
            name: {"embedding": _swept(rng, label, 4), "label": label}
            for name in ("active", "passive")
        },
        "cebra_ap_all": {"embedding": _swept(rng, both, 4), "label": both},
        "cebra_pos": {"embedding": _swept(rng, both, 4)},
        "condition_decoding": {
            name: {d: rng.normal(level, 1, 5) for d in ("3", "4", "8", "16", "32")}
            for name, level in (("position", 80), ("direction", 64), ("ap", 90))
        },
        "trajectory": {
            "true": {k: hand[k * 2 * BINS : (k * 2 + 1) * BINS] for k in range(8)},
            "prediction": {k: hand[k * 2 * BINS : (k * 2 + 1) * BINS] + 0.5 for k in range(8)},
        },
    }


def _swept(rng: np.random.Generator, label: np.ndarray, d: int) -> np.ndarray:
    """An embedding (time, d) that sweeps a curve of its own for each direction."""
    time = np.tile(np.linspace(0, 1, BINS), len(label) // BINS)
    turn = np.pi * label / 4
    clean = np.column_stack(
        (np.cos(turn + time), np.sin(turn + time), time - 0.5, np.where(label < 8, 0.5, -0.5))
    )
    return (clean + rng.normal(0, 0.01, clean.shape))[:, :d].astype("f4")


def _reaches(rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Hand positions (8 · trials · 600, 2) in cm of straight reaches, and their targets."""
    way = 10 * np.clip(np.linspace(-0.2, 1, BINS), 0, None)
    target = np.repeat(np.arange(8), trials)
    aim = np.column_stack((np.cos(target * np.pi / 4), np.sin(target * np.pi / 4)))
    hand = aim[:, None, :] * way[None, :, None] + rng.normal(0, 0.3, (len(target), 1, 2))
    return hand.reshape(-1, 2), np.repeat(target, BINS)


def figure_4(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    grow = np.linspace(0.05, 0.8, 10)
    consistency = {
        part: {d: grow * (1 + i / 50) if part == "mean" else grow / 20 for i, d in enumerate(DIMS)}
        for part in ("mean", "err")
    }
    sizes = {"ca": 900, "np": 3600, "joint-ca": 900, "joint-np": 3600}
    order = ["VISp", "VISam", "VISl", "VISal", "VISpm", "VISrl"]
    cells = rng.uniform(75, 95, (6, 6)).round(2)
    pairs = [(a, b) for i, a in enumerate(AREAS) for b in AREAS[i + 1 :]]
    intra = pd.DataFrame({"Area1": AREAS * 3, "Area2": AREAS * 3, "value": rng.normal(92, 1, 18)})
    inter = pd.DataFrame(
        {
            "Area1": [a for a, _ in pairs],
            "Area2": [b for _, b in pairs],
            "value": rng.normal(82, 2, len(pairs)),
        }
    )
    area = ["primary" if a == "VISp" else "other" for a in intra["Area1"]]
    area += [_compound(a, b) for a, b in pairs]
    return {
        "consistency": {"individual": consistency, "joint": consistency},
        "visualization": {
            kind: {count: rng.normal(size=(2 * n, 8)) for count in COUNTS}
            for kind, n in sizes.items()
        },
        "cortices_consistency": {
            "joint_cortices": pd.DataFrame(cells, index=order, columns=order),
            "joint_v1": {"intra": intra, "inter": inter, "area": area},
        },
    }


DIMS = (3, 4, 8, 16, 32, 64, 128)


def _compound(first: str, second: str) -> str:
    if first != "VISp":
        return "other"
    return "primary-lateral" if second in ("VISl", "VISrl", "VISal") else "primary-medial"


def figure_5(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)

    def scores(scale: float) -> dict:
        tasks = {
            key: {c: list(scale * rng.uniform(30, 99, 5)) for c in COUNTS}
            for key in ("np_cebra_330", "np_cebra_33", "np_baseline_330", "np_baseline_33")
        }
        joint = {
            key: {c: scale * rng.uniform(30, 99, (5, 2)) for c in COUNTS}
            for key in ("np_cebra_joint_330", "np_cebra_joint_33")
        }
        return tasks | {k: {c: [list(p) for p in v[c]] for c in COUNTS} for k, v in joint.items()}

    def errors() -> dict:
        one: dict[str, dict] = {}
        for key in scores(1):
            n = 3600 if key.endswith("330") else 900
            seeds = {c: [_signed(rng, n) for _ in range(4)] for c in COUNTS}
            if "joint" in key:
                seeds = {c: [[e, _signed(rng, n)] for e in v] for c, v in seeds.items()}
            one[key] = seeds
        return one

    return {
        "frame_id": {"knn": scores(1), "bayes": scores(1)},
        "scene_annotation": {"knn": scores(0.01), "bayes": scores(0.01)},
        "frame_err": {"knn": errors(), "bayes": errors()},
        "layer_decoding": {
            n: {layer: list(rng.uniform(80, 95, 5)) for layer in (2, 4, 5)} for n in (900, 600, 300)
        },
        "cortex_decoding": {
            area: {c: list(rng.uniform(10, 95, 3)) for c in COUNTS} for area in AREAS
        },
    }


def _signed(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(-40, 41, n)


def runs(seed: int = 0, *, n_seeds: int = 3) -> pd.DataFrame:
    """A table of runs as in ``results_v*``, without its first line."""
    rng = np.random.default_rng(seed)
    rows = [(a, s, r) for a in range(4) for s in range(n_seeds) for r in range(3)]
    table = pd.DataFrame(rows, columns=["animal", "seed", "repeat"])
    table["train"] = [_vector(rng.uniform(0.3, 0.99, 3)) for _ in rows]
    table["test_position_error"] = rng.uniform(0.04, 0.2, len(rows))
    return table


def _vector(values: np.ndarray) -> str:
    return f"[{values[0]:.8f} {values[1]:.8f}  {values[2]:.7f} ]"


def autolfads(seed: int = 0) -> pd.DataFrame:
    rats = ["achilles", "buddy", "cicero", "gatsby"]
    table = runs(seed).rename(columns={"repeat": "split"})
    return table.assign(rat=[rats[a] for a in table["animal"]]).drop(columns=["animal", "train"])


def mcmc(seed: int = 0) -> pd.DataFrame:
    table = runs(seed)
    return table[table["animal"] == 0].drop(columns="train").reset_index(drop=True)


RESULTS_V1 = ("cebra-b", "cebra-t", "pivae-wo", "tsne", "umap", "pca")
RESULTS_V3 = ("cebra-10-b", "cebra-10-t", "pivae-10-w", "pivae-10-wo", "tsne", "umap", "pca")


def contents() -> dict[str, Any]:
    """Published name → content, of every file."""
    tables = {f"results_v1/{name}.csv": runs(i) for i, name in enumerate(RESULTS_V1)}
    tables |= {f"results_v3/{name}.csv": runs(10 + i) for i, name in enumerate(RESULTS_V3)}
    return {
        "Figure1.h5": figure_1(),
        "Figure2.h5": figure_2(),
        "SupplVideo1.h5": supplementary_video(),
        "Figure2/figure2_pivae_mcmc.csv": mcmc(),
        "autolfads_decoding_2d_full.csv": autolfads(),
        "Figure3.h5": figure_3(),
        "Figure4Revision.h5": figure_4(),
        "Figure5Revision.h5": figure_5(),
        **tables,
    }


def write_hdf(path: Path, content: dict[str, dict[Any, Any]], pickled: bytes | None = None) -> None:
    """Store a content as pandas' fixed format does: names as text, cells as one pickle."""
    rows = list(dict.fromkeys(row for cells in content.values() for row in cells))
    cells = np.full((len(rows), len(content)), np.nan, object)
    for i, column in enumerate(content.values()):
        for row, cell in column.items():
            cells[rows.index(row), i] = _boxed(cell)
    for place, cell in np.ndenumerate(cells):
        cells[place] = cell.value if isinstance(cell, _Box) else cell
    with h5py.File(path, "w") as file:
        group = file.create_group("data")
        group.attrs["pandas_type"] = np.bytes_(b"frame")
        group.attrs["nblocks"] = 1
        group["axis0"] = np.array([str(name).encode() for name in content])
        if all(isinstance(row, str) for row in rows):
            group["axis1"] = np.array([row.encode() for row in rows])
        elif all(isinstance(row, int) for row in rows):
            group["axis1"] = np.array(rows)
        else:  # as in Figure5Revision.h5: text and integers
            names = np.empty(len(rows), object)
            names[:] = rows
            _write_object(group, "axis1", pickle.dumps(names, 5))
        _write_object(group, "block0_values", pickled or pickle.dumps(cells, 5))


class _Box:
    """Keeps numpy from unpacking a list or an array that is to be one cell."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _boxed(value: Any) -> _Box:
    return _Box(value)


def _write_object(group: h5py.Group, name: str, pickled: bytes) -> None:
    kind = h5py.vlen_dtype(np.uint8)
    dataset = group.create_dataset(name, (1,), dtype=kind)
    dataset[0] = np.frombuffer(pickled, np.uint8)
    dataset.attrs["PSEUDOATOM"] = np.bytes_(b"object")


def write_runs(path: Path, table: pd.DataFrame) -> None:
    """Store a table of runs with the extra first line of hyper-parameter names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    full = pd.concat(
        [pd.DataFrame({"logdir": "/logs", "steps": -1}, index=table.index), table], axis=1
    )
    path.write_text("logdir,steps\n" + full.to_csv(index=False))
