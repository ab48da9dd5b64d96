"""The closed form of the learning rate, against torch's schedulers and at its ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.training import ScheduleConfig
from cebra_kedro.training.schedule import learning_rates


def stepped(scheduler_of, peak: float, steps: int) -> list[float]:
    """Learning rates that one of torch's schedulers gives."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = scheduler_of(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("steps", "warmup"), [(101, 0.3), (61, 0.05), (40, 0.5), (7, 0.05)])
def test_one_cycle_equals_torchs(steps, warmup):
    config = ScheduleConfig(
        name="one_cycle", warmup_fraction=warmup, initial_fraction=0.04, final_fraction=0.002
    )
    peak_step = max(1.0, warmup * (steps - 1))  # torch puts it at pct_start · steps − 1
    oracle = stepped(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=2e-3,
            total_steps=steps,
            pct_start=(peak_step + 1) / steps,
            div_factor=1 / 0.04,
            final_div_factor=0.04 / 0.002,
            anneal_strategy="cos",
        ),
        2e-3,
        steps,
    )
    # the same formula in float64
    np.testing.assert_allclose(learning_rates(config, 2e-3, steps), oracle, rtol=1e-12)


def test_cosine_equals_torchs():
    config = ScheduleConfig(name="cosine", final_fraction=0.1)
    oracle = stepped(
        lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=49, eta_min=0.1 * 3e-3
        ),
        3e-3,
        50,
    )
    # torch multiplies from step to step: 50 roundings of float64
    np.testing.assert_allclose(learning_rates(config, 3e-3, 50), oracle, rtol=1e-12)


def test_constant_is_constant():
    assert learning_rates(ScheduleConfig(), 3e-4, 7) == [3e-4] * 7


@given(
    steps=st.integers(1, 200),
    warmup=st.floats(0.01, 0.99),
    initial=st.floats(0.01, 1),
    final=st.floats(0, 1),
)
def test_one_cycle_rises_to_the_peak_and_falls(steps, warmup, initial, final):
    config = ScheduleConfig(
        name="one_cycle", warmup_fraction=warmup, initial_fraction=initial, final_fraction=final
    )
    rates = np.array(learning_rates(config, 1.0, steps))
    assert len(rates) == steps
    top = int(rates.argmax())
    # float64 rounding of cos near its extremes
    assert (np.diff(rates[: top + 1]) >= -1e-15).all()
    assert (np.diff(rates[top:]) <= 1e-15).all()
    assert rates[0] == pytest.approx(initial, abs=1e-15)
    assert rates.max() <= 1.0
    if steps > 2 and warmup * (steps - 1) <= steps - 2:
        assert rates[-1] == pytest.approx(final, abs=1e-15)
