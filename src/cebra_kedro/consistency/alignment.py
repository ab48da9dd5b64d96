"""Embeddings of different recordings brought onto common rows: the mean in each label bin.

Where one animal was at 30 cm is a different moment than where another was; the label decides which
rows correspond. Scoring the aligned rows is left to ``linear`` and ``table``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from cebra_kedro.consistency.bins import bin_edges, bin_means

logger = logging.getLogger(__name__)

# share of R² that chance alone would give, from which on a short alignment is worth a warning
NOTABLE_CHANCE_R2 = 0.1
# up to so many class ids an error lists one by one
MANY_CLASSES = 12


@dataclass(frozen=True, eq=False)
class LabelledEmbedding:
    """One run on one dataset, with the label that tells which of its rows correspond to others'.

    Attributes:
        dataset: subject, session or area, e.g. ``buddy``; without a slash.
        embedding: array (time, dim), finite; only the rows to be compared.
        continuous: array (time,), e.g. position, in the same unit everywhere; or None. Bins do
            not wrap, so give an angle one range, e.g. [0, 2π), in all recordings.
        discrete: integer array (time,) of class ids, e.g. running direction, or (time, label) of
            several, where a class is a combination of ids; or None. Ids mean the same everywhere.
            With both, a bin is a class together with a range of the continuous label.
        run: name of the trained model, e.g. ``fold0_seed1``; empty if there is one per dataset.
        unit: of the continuous label; all embeddings that are aligned must have the same.

    Raises:
        ValueError: a shape, length or dtype is wrong, a value is not finite, or no label is given.
    """

    dataset: str
    embedding: np.ndarray
    continuous: np.ndarray | None = None
    discrete: np.ndarray | None = None
    run: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.dataset or "/" in self.dataset:
            raise ValueError(f"dataset must be a name without a slash, got {self.dataset!r}")
        if self.embedding.ndim != 2 or 0 in self.embedding.shape:
            raise ValueError(
                f"{self.name}: embedding must be a non-empty array (time, dim), "
                f"got shape {self.embedding.shape}"
            )
        labels = {"continuous": self.continuous, "discrete": self.discrete}
        given = {name: label for name, label in labels.items() if label is not None}
        if not given:
            raise ValueError(f"{self.name}: give a continuous or a discrete label, or both")
        for name, label in given.items():
            _check_shape(label, name, len(self.embedding), self.name)
        if self.discrete is not None:
            int64_ids(self.discrete, f"{self.name}: discrete")
        for name, array in {"embedding": self.embedding, **given}.items():
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{self.name}: {name} holds NaN or infinite values; drop these rows"
                )

    @property
    def name(self) -> str:
        """``dataset/run``, or the dataset alone if the run has no name."""
        return f"{self.dataset}/{self.run}" if self.run else self.dataset


@dataclass(frozen=True, eq=False)
class Alignment:
    """Embeddings on common rows.

    Attributes:
        embeddings: name → float64 array (bin, dim), rows of unit norm unless told otherwise.
        class_id: int64 array (bin,) or (bin, label), the class of each bin, as in ``discrete``;
            None without a discrete label.
        centre: float64 array (bin,), middle of the continuous range, in the label's unit; None
            without a continuous label.
    """

    embeddings: Mapping[str, np.ndarray]
    class_id: np.ndarray | None
    centre: np.ndarray | None


def int64_ids(ids: np.ndarray, what: str) -> np.ndarray:
    """Class ids of any integer type as int64, because int64 beside uint64 would become floats.

    Args:
        ids: integer array of any shape.
        what: what errors call them.

    Raises:
        ValueError: the dtype is no integer, or an id does not fit into int64.
    """
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"{what} must hold integer class ids, got dtype {ids.dtype}; cast it to int64 or pass "
            "it as continuous"
        )
    if ids.size and ids.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"{what} must hold ids that int64 can hold, got {ids.max()}; number the classes anew, "
            "the same way in all recordings"
        )
    return ids.astype(np.int64, copy=False)


def align(
    items: Sequence[LabelledEmbedding],
    *,
    n_bins: int = 100,
    min_samples: int = 1,
    max_widening: int = 2,
    unit_norm: bool = True,
) -> Alignment:
    """Average every embedding in label bins and keep the bins that all of them support.

    With a continuous label and default arguments this is cebra's ``align_embeddings``
    (``integrations/sklearn/helpers.py``) wherever that succeeds: ``n_bins`` equidistant edges,
    hence ``n_bins - 1`` bins, from the lowest to the highest label over all recordings; a bin is
    closed below and open above, and samples exactly at the highest label count only as
    neighbours; a bin that lacks samples in an embedding borrows those of the 1, then 2 bins on
    either side; each mean is divided by its norm.

    It differs where that fails or misleads. A bin still short of samples in some embedding is
    left out for all (cebra raises "Digitalized labels does not have elements close enough"),
    so gaps and different ranges leave the common support. Discrete labels make one bin per class
    or combination of classes, also for the highest, and never borrow across classes (cebra would
    cut the class ids into ``n_bins`` ranges). Rows with NaN are refused (cebra drops them).

    Args:
        items: two embeddings or more, all with the same kinds of label in the same unit.
        n_bins: number of edges, at least 2; used for a continuous label only.
        min_samples: samples that every embedding must have in a bin, at least 1.
        max_widening: how many bins away samples may be borrowed, at least 0; used for a
            continuous label only. 0 keeps bins sharp at the ends of the common support.
        unit_norm: divide each mean by its norm, as cebra does.

    Returns:
        The means, and which bins they belong to, in ascending order of class and label.

    Raises:
        ValueError: arguments are out of range, names repeat, kinds or units of label differ, a
            mean is the zero vector, or too few common bins remain to fit a map (largest dim + 2).
    """
    _check_arguments(items, n_bins, min_samples, max_widening)
    edges = bin_edges([item.continuous for item in items if item.continuous is not None], n_bins)
    combinations, code = _class_codes(items)
    common_codes = _common_codes(code.values())
    means: dict[str, np.ndarray] = {}
    common = np.ones(len(common_codes) * (1 if edges is None else n_bins - 1), bool)
    for item in items:
        means[item.name], count = bin_means(
            item.embedding,
            item.continuous,
            code[item.name],
            common_codes,
            edges,
            min_samples=min_samples,
            max_widening=max_widening,
        )
        common &= count >= min_samples
    _check_common(items, int(common.sum()), len(common), min_samples)
    return Alignment(
        embeddings={
            name: _unit_rows(mean[common], name) if unit_norm else mean[common]
            for name, mean in means.items()
        },
        class_id=_class_of_bin(items, combinations[common_codes], edges, common),
        centre=None if edges is None else _centres(edges, len(common_codes))[common],
    )


def _check_shape(label: np.ndarray, name: str, n_time: int, owner: str) -> None:
    several = name == "discrete" and label.ndim == 2 and label.shape[1] > 0
    if label.shape[:1] != (n_time,) or (label.ndim != 1 and not several):
        also = f" or ({n_time}, label)" if name == "discrete" else ""
        raise ValueError(
            f"{owner}: {name} must have shape ({n_time},){also} as the embedding has rows, "
            f"got {label.shape}"
        )


def _class_codes(
    items: Sequence[LabelledEmbedding],
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Number the combinations of ids over all recordings, in ascending order.

    Without a discrete label, all rows are of one class.

    Returns:
        Combinations, int64 (code, label); and name → codes, int64 (time,).
    """
    ids = [
        np.zeros((len(item.embedding), 1), np.int64)
        if item.discrete is None
        else int64_ids(item.discrete, item.name).reshape(len(item.discrete), -1)
        for item in items
    ]
    combinations, code = np.unique(np.concatenate(ids), axis=0, return_inverse=True)
    ends = np.cumsum([len(of_item) for of_item in ids])[:-1]
    codes = np.split(code.ravel(), ends)
    return combinations, {item.name: of_item for item, of_item in zip(items, codes, strict=True)}


def _common_codes(codes: Iterable[np.ndarray]) -> np.ndarray:
    return reduce(np.intersect1d, codes)


def _class_of_bin(
    items: Sequence[LabelledEmbedding],
    classes: np.ndarray,
    edges: np.ndarray | None,
    common: np.ndarray,
) -> np.ndarray | None:
    if items[0].discrete is None:
        return None
    class_id = np.repeat(classes, 1 if edges is None else len(edges) - 1, axis=0)[common]
    return class_id.reshape(len(class_id), *items[0].discrete.shape[1:])


def _centres(edges: np.ndarray, n_classes: int) -> np.ndarray:
    edges = edges.astype(np.float64)
    return np.tile((edges[:-1] + edges[1:]) / 2, n_classes)


def _unit_rows(means: np.ndarray, name: str) -> np.ndarray:
    norm = np.linalg.norm(means, axis=1, keepdims=True)
    if not norm.all():
        raise ValueError(
            f"{name}: the mean of {int((norm == 0).sum())} bins is the zero vector, which has no "
            "direction; remove rows where the embedding is zero"
        )
    return means / norm


def _check_arguments(
    items: Sequence[LabelledEmbedding], n_bins: int, min_samples: int, max_widening: int
) -> None:
    given = {"n_bins": n_bins, "min_samples": min_samples, "max_widening": max_widening}
    for argument, lowest in {"n_bins": 2, "min_samples": 1, "max_widening": 0}.items():
        if given[argument] < lowest:
            raise ValueError(f"{argument} must be at least {lowest}, got {given[argument]}")
    if len(items) < 2:
        raise ValueError(f"alignment needs at least 2 embeddings, got {len(items)}")
    names = [item.name for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each embedding needs a name of its own, got {', '.join(twice)} twice")
    kinds = {
        (item.continuous is None, None if item.discrete is None else item.discrete.shape[1:])
        for item in items
    }
    if len(kinds) > 1:
        raise ValueError(
            "all embeddings must have the same kinds of label, but some lack a continuous or "
            "discrete one that others have; give every embedding the same"
        )
    if len({item.unit for item in items}) > 1:
        raise ValueError(
            "the continuous label must have one unit in all embeddings, got "
            f"{', '.join(f'{item.unit!r} in {item.name}' for item in items)}; convert it"
        )


def _check_common(
    items: Sequence[LabelledEmbedding], n_common: int, n_candidates: int, min_samples: int
) -> None:
    dim = max(item.embedding.shape[1] for item in items)
    if n_common < dim + 2:
        raise ValueError(
            f"embeddings must share at least {dim + 2} label bins with {min_samples} sample(s) in "
            f"each of them to compare {dim} dimensions, got {n_common} of {n_candidates}; "
            "compare recordings whose labels overlap, change n_bins or lower min_samples. "
            f"Labels found: {'; '.join(_describe(item) for item in items)}"
        )
    logger.info("%d embeddings share %d of %d label bins", len(items), n_common, n_candidates)
    chance = dim / (n_common - 1)
    if chance > NOTABLE_CHANCE_R2:
        logger.warning(
            "only %d label bins for %d dimensions: unrelated embeddings would already reach "
            "R² of about %.2f",
            n_common,
            dim,
            chance,
        )


def _describe(item: LabelledEmbedding) -> str:
    parts = [item.name]
    if item.continuous is not None:
        parts.append(f"continuous {item.continuous.min():g} to {item.continuous.max():g}")
    if item.discrete is not None:
        classes = np.unique(item.discrete, axis=0).tolist()
        parts.append(
            f"{len(classes)} classes {classes[0]} to {classes[-1]}"
            if len(classes) > MANY_CLASSES
            else f"classes {', '.join(map(str, classes))}"
        )
    return " ".join(parts)
