"""Adam and AdamW: torch's own bits, without what its classes bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_training import tiny_config, tiny_data

from cebra_kedro.training.config import OptimizerConfig
from cebra_kedro.training.loop import train
from cebra_kedro.training.optimizer import Optimizer

RATES = (0.1, 0.02, 0.3)


def gradients():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(50, generator=generator) for _ in RATES]


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_steps_are_those_of_torchs_class(name, weight_decay):
    config = OptimizerConfig(name=name, weight_decay=weight_decay, betas=(0.8, 0.95))
    ours, theirs = (torch.nn.Parameter(torch.linspace(-1, 1, 50)) for _ in range(2))
    optimizer = Optimizer(ours, config)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    twin = kind([theirs], betas=config.betas, weight_decay=weight_decay, fused=True)
    for rate, gradient in zip(RATES, gradients(), strict=True):
        ours.grad = theirs.grad = gradient
        optimizer.step(rate)
        twin.param_groups[0]["lr"] = rate
        twin.step()
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours.detach(), torch.linspace(-1, 1, 50))


def test_it_goes_on_from_what_it_remembered():
    straight, resumed = (torch.nn.Parameter(torch.ones(50)) for _ in range(2))
    first = Optimizer(straight, OptimizerConfig())
    for number, (rate, gradient) in enumerate(zip(RATES, gradients(), strict=True)):
        straight.grad = gradient
        first.step(rate)
        if number == 0:
            state = {key: value.clone() for key, value in first.state_dict().items()}
            resumed.data = straight.detach().clone()
    second = Optimizer(resumed, OptimizerConfig())
    second.load_state_dict(state)
    for rate, gradient in list(zip(RATES, gradients(), strict=True))[1:]:
        resumed.grad = gradient
        second.step(rate)
    assert torch.equal(straight, resumed)


def test_training_does_without_torchs_compiler():
    """Its import takes a second, in each process that trains."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from tiny_training import tiny_config, tiny_data\n"
        "from cebra_kedro.training.loop import train\n"
        "train(tiny_data(), tiny_config(optimizer={'clip_norm': 1.0}), name=None)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_weights_of_an_encoder_are_stored_in_the_usual_order():
    """Whatever the order in which the layers had them while they were trained."""
    state = train(tiny_data(), tiny_config(), name=None).state
    assert all(value.is_contiguous() for value in state.values())
