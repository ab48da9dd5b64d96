"""cebra beside our laws: imported once, seeded, and its global random state put back."""

import numpy as np
import pytest


@pytest.fixture
def cebra():
    """The library, with torch's and numpy's global generators seeded for this test."""
    import cebra
    import cebra.distributions
    import torch

    numpy_state, n_threads = np.random.get_state(), torch.get_num_threads()  # noqa: NPY002
    torch.set_num_threads(1)  # many small operations: threads would wait for each other
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002
        yield cebra
    torch.set_num_threads(n_threads)
    np.random.set_state(numpy_state)  # noqa: NPY002
