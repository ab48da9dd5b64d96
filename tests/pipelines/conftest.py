"""What the tests of node functions start from: two rats, and their splits."""

from __future__ import annotations

import pytest
from small_experiments import experiment, rats, split


@pytest.fixture
def recordings():
    return rats()


@pytest.fixture
def splits(recordings):
    return split(recordings, experiment())
