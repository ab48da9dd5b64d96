"""Fixtures of the training tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny matrices are faster on one thread, and their sums have the same bits everywhere."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def sums_for_any_network(monkeypatch):
    """Windows of sparse counts are added up in networks so small that it does not pay, too."""
    from cebra_kedro.training import sparse

    monkeypatch.setattr(sparse, "_NS_PER_PRODUCT", float("inf"))
