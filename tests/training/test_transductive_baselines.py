"""t-SNE and UMAP embed all rows, reproducibly, and say what they cannot do."""

import importlib.util
import sys

import numpy as np
import pytest

from cebra_kedro.training.baselines import tsne_features, umap_features

NEEDS_UMAP = pytest.mark.skipif(
    importlib.util.find_spec("umap") is None, reason="needs the extra umap"
)
METHODS = {"tsne": tsne_features, "umap": umap_features}


@pytest.fixture(scope="module")
def clusters():
    """Two clouds far apart, and which row belongs to which."""
    rng = np.random.default_rng(0)
    member = np.arange(60) % 2
    return rng.normal(size=(60, 10)).astype(np.float32) + 20 * member[:, None], member


@pytest.mark.parametrize(
    "method", ["tsne", pytest.param("umap", marks=[NEEDS_UMAP, pytest.mark.slow])]
)
def test_neighbours_stay_neighbours_and_a_seed_fixes_the_result(clusters, method):
    neural, member = clusters
    # After 250 iterations, t-SNE of so few rows still swings, and its last bits decide where to.
    options = {"tsne": {"perplexity": 10, "max_iter": 1000}, "umap": {"n_neighbors": 10}}[method]
    embedding = METHODS[method](neural, seed=1, **options)
    assert (embedding.shape, embedding.dtype) == ((60, 2), np.float32)
    distance = np.linalg.norm(embedding[:, None] - embedding[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    # clouds 60 standard deviations apart: no nearest neighbour is in the other one
    np.testing.assert_array_equal(member[distance.argmin(axis=1)], member)
    np.testing.assert_array_equal(METHODS[method](neural, seed=1, **options), embedding)


def test_counts_are_embedded_as_floats(clusters):
    counts = np.abs(clusters[0]).astype(np.uint8)
    options = {"components": 1, "perplexity": 10, "max_iter": 250}
    embedding = tsne_features(counts, **options)
    assert embedding.shape == (60, 1)
    np.testing.assert_array_equal(embedding, tsne_features(counts.astype(np.float64), **options))


def test_a_perplexity_beyond_the_rows_is_refused():
    with pytest.raises(ValueError, match=r"tsne.perplexity must be less than .*\(20\), got 30"):
        tsne_features(np.zeros((20, 3)), perplexity=30)


def test_without_umap_learn_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'cebra-kedro\[umap\]'"):
        umap_features(np.zeros((20, 3)))
