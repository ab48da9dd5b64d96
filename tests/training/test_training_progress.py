"""A loss that is not finite stops the training, with the step and the likely cause."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import tiny_config

from cebra_kedro.training.progress import TrainingError, TrainingProgress


@pytest.fixture
def progress():
    with TrainingProgress(None, tiny_config(optimizer={"learning_rate": 0.5})) as progress:
        yield progress


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_loss_that_is_not_finite_is_named(progress, value):
    losses = torch.tensor([2.0, 1.5, value, value, 1.0])
    with pytest.raises(TrainingError, match=rf"loss is {value} at step 2 of 12"):
        progress.check(5, losses)


def test_steps_that_are_not_done_are_not_looked_at(progress):
    losses = torch.tensor([2.0, 1.5, torch.nan])
    progress.check(2, losses)
    with pytest.raises(TrainingError, match="at step 2"):
        progress.check(3, losses)


def test_losses_before_a_resumption_are_looked_at_as_well():
    losses = torch.tensor([2.0, torch.nan, torch.nan])
    with (
        TrainingProgress(None, tiny_config(), first_step=2) as progress,
        pytest.raises(TrainingError, match="at step 1"),
    ):
        progress.check(3, losses)


def test_after_the_first_step_the_learning_rate_is_suspected(progress):
    losses = torch.tensor([2.0, torch.nan])
    with pytest.raises(TrainingError, match=r"learning rate \(0\.5\) too high .*\(1\.0\)"):
        progress.check(2, losses)


def test_at_the_first_step_only_the_recording_can_be_the_cause(progress):
    with pytest.raises(TrainingError, match=r"no weight has changed yet.*value in the recording"):
        progress.check(1, torch.tensor([torch.nan]))
