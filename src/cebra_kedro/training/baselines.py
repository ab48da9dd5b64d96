"""Features that need no trained encoder, the controls beside every encoder.

t-SNE and UMAP have no map for rows that they have not seen, so they are transductive: they embed
the test rows together with the training rows (their activity, never their labels). Tables and
figures mark them so.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows, blocks


def baseline_features(
    name: str, neural: Rows, segment: np.ndarray, fit: Rows, **options: Any
) -> np.ndarray:
    """Features of a recording by the name of :data:`FEATURES`.

    Args:
        name: of the features.
        neural: array (time, neuron).
        segment: int array (time,) of contiguous runs.
        fit: array (row, neuron), the training rows; of another recording of the same neurons where
            decoding is tried across recordings.
        options: those of the features.

    Returns:
        float32 array (time, dim).
    """
    check_features(name, options)
    if name not in FROM_DISK:  # an error, if they are larger than memory
        neural, fit = np.asarray(neural), np.asarray(fit)
    return FEATURES[name](neural, segment, fit, **options)


def check_features(name: str, options: Mapping[str, Any]) -> None:
    """Refuse a name or options that there are not.

    Raises:
        ValueError: says what there is.
    """
    if name not in FEATURES:
        raise ValueError(f"there are no features {name!r}; there are {', '.join(FEATURES)}")
    parameters = inspect.signature(FEATURES[name]).parameters
    own = {key: p for key, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    unknown = sorted(set(options) - set(own))
    missing = [k for k, p in own.items() if p.default is p.empty and k not in options]
    if unknown or missing:
        problems = [f"have no option {key}" for key in unknown]
        problems += [f"need {key}" for key in missing]
        raise ValueError(
            f"features {name} {', '.join(problems)}; they take {', '.join(own) or 'no options'}"
        )


def _raw(neural: np.ndarray, segment: np.ndarray, fit: np.ndarray) -> np.ndarray:
    return neural.astype(np.float32)


def _raw_window(
    neural: np.ndarray, segment: np.ndarray, fit: np.ndarray, *, bins: int
) -> np.ndarray:
    return window_sums(neural, segment, bins)


def _pca(neural: Rows, segment: np.ndarray, fit: Rows, *, components: int = 3) -> np.ndarray:
    return pca_features(neural, fit, components)


def _tsne(
    neural: np.ndarray,
    segment: np.ndarray,
    fit: np.ndarray,
    *,
    components: int = 2,
    perplexity: float = 30.0,
    max_iter: int = 1000,
) -> np.ndarray:
    return tsne_features(neural, components=components, perplexity=perplexity, max_iter=max_iter)


def _umap(
    neural: np.ndarray,
    segment: np.ndarray,
    fit: np.ndarray,
    *,
    components: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
) -> np.ndarray:
    return umap_features(neural, components=components, n_neighbors=n_neighbors, min_dist=min_dist)


FEATURES: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {"raw": _raw, "raw_window": _raw_window, "pca": _pca, "tsne": _tsne, "umap": _umap}
)
"""Name → function of activity, segments, training rows and options."""
TRANSDUCTIVE = ("tsne", "umap")
FROM_DISK = ("pca",)
"""Those that recordings larger than memory have."""


def window_sums(neural: np.ndarray, segment: np.ndarray, window_bins: int) -> np.ndarray:
    """Activity summed over a window around each bin, inside its segment.

    The window of ``w`` bins covers ``[t - w // 2, t - w // 2 + w)``, as an encoder's does; at a
    border, the missing bins are left out and the sum is scaled up to ``w`` bins.

    Args:
        neural: array (time, neuron).
        segment: int array (time,) of contiguous runs.
        window_bins: length of the window in bins, ≥ 1.

    Returns:
        float32 array (time, neuron).
    """
    start = np.flatnonzero(np.diff(segment, prepend=segment[:1] - 1))
    length = np.diff(np.append(start, len(segment)))
    first, last = np.repeat(start, length), np.repeat(start + length, length)
    begin = np.arange(len(neural)) - window_bins // 2
    end = np.minimum(begin + window_bins, last)
    begin = np.maximum(begin, first)
    total = np.concatenate(
        [np.zeros((1, neural.shape[1])), np.cumsum(neural, axis=0, dtype=np.float64)]
    )
    sums = (total[end] - total[begin]) * (window_bins / (end - begin))[:, None]
    return sums.astype(np.float32)


def pca_features(neural: Rows, fit: Rows, components: int) -> np.ndarray:
    """Projection on the principal components of the training rows.

    Args:
        neural: array (time, neuron).
        fit: array (row, neuron), the rows to fit on.
        components: number of components, ≤ number of neurons.

    Returns:
        float32 array (time, component).

    Raises:
        ValueError: there are fewer neurons than components.
    """
    from sklearn.decomposition import PCA

    if components > neural.shape[1]:
        raise ValueError(
            f"components of pca must be at most the number of neurons ({neural.shape[1]}), "
            f"got {components}"
        )
    if isinstance(neural, OnDisk) or isinstance(fit, OnDisk):
        return _pca_by_blocks(neural, fit, components)
    # The exact solver: deterministic, and fast enough for tens to thousands of neurons.
    pca = PCA(n_components=components, svd_solver="covariance_eigh")
    return pca.fit(fit).transform(neural).astype(np.float32)


def _pca_by_blocks(neural: Rows, fit: Rows, components: int) -> np.ndarray:
    """The same of arrays on disk, but for the last bits: moments summed up, blocks projected."""
    total, squares = np.zeros(fit.shape[1]), np.zeros((fit.shape[1],) * 2)
    for block in blocks(fit):
        values = block.astype(np.float64)
        total += values.sum(axis=0)
        squares += values.T @ values
    mean = total / len(fit)
    axes = np.linalg.eigh(squares / len(fit) - np.outer(mean, mean))[1][:, ::-1][:, :components]
    largest = np.abs(axes).argmax(axis=0)  # scikit-learn's sign
    axes = axes * np.sign(axes[largest, np.arange(components)])
    return np.concatenate([((b - mean) @ axes).astype(np.float32) for b in blocks(neural)])


def tsne_features(
    neural: np.ndarray,
    *,
    components: int = 2,
    perplexity: float = 30.0,
    max_iter: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """t-SNE of all rows (scikit-learn, Barnes-Hut); transductive.

    Args:
        neural: array (time, neuron).
        components: dimensions, 1 to 3.
        perplexity: about how many neighbours each row is fitted to; less than the number of rows.
        max_iter: iterations, at least 250.
        seed: seed of the optimisation, which starts from principal components.

    Returns:
        float32 array (time, component).

    Raises:
        ValueError: perplexity is not below the number of rows.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if perplexity >= len(neural):
        raise ValueError(
            f"tsne.perplexity must be less than the number of rows ({len(neural)}), "
            f"got {perplexity}"
        )
    tsne = TSNE(components, perplexity=perplexity, max_iter=max_iter, random_state=seed)
    # Its threads wait for each other at every iteration; on a busy machine one is much faster.
    with threadpool_limits(1):
        return tsne.fit_transform(neural.astype(np.float32)).astype(np.float32)


def umap_features(
    neural: np.ndarray,
    *,
    components: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    seed: int = 0,
) -> np.ndarray:
    """UMAP of all rows (umap-learn, an extra of this project); transductive.

    Args:
        neural: array (time, neuron).
        components: dimensions.
        n_neighbors: neighbours of each row in the graph, less than the number of rows.
        min_dist: smallest distance of rows in the result.
        seed: seed of the optimisation; with a seed, UMAP works on one core.

    Returns:
        float32 array (time, component).

    Raises:
        ImportError: umap-learn is not installed.
        ValueError: n_neighbors is not below the number of rows.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # about TensorFlow, which is not used
            import umap
    except ImportError as error:
        raise ImportError(
            "the umap baseline needs umap-learn; pip install 'cebra-kedro[umap]', or remove it "
            "from baselines"
        ) from error
    if n_neighbors >= len(neural):
        raise ValueError(
            f"umap.n_neighbors must be less than the number of rows ({len(neural)}), "
            f"got {n_neighbors}"
        )
    reducer = umap.UMAP(
        n_components=components,
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(reducer.fit_transform(neural.astype(np.float32)), dtype=np.float32)
