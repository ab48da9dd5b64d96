"""From the same weights and the same pairs, many steps lead to cebra's weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cebra_twin import CebraTwin
from tiny_training import LAWS, tiny_config, tiny_counts, tiny_data

from cebra_kedro.training.loop import train

STEPS = 200
# architecture, loss, law, sessions, batch size
CASES = {
    "windows": ("offset10-model", {}, "time", 1, 20),
    "series": ("offset5-model", {"temperature": 0.1}, "time_delta", 1, 200),
    "one bin": ("offset1-model", {}, "discrete", 1, 50),
    "hybrid, learned temperature": (
        "offset5-model",
        {"learnable_temperature": True, "temperature": 0.5, "min_temperature": 0.48},
        "hybrid",
        1,
        50,
    ),
    "sessions": ("offset5-model", {"learnable_temperature": True}, "time_delta", 3, 20),
    "euclidean": ("offset10-model-mse", {"distance": "euclidean"}, "delta_normal", 1, 50),
}


@pytest.mark.parametrize("case", CASES)
def test_two_hundred_steps_lead_to_cebras_weights(case):
    assert_same_weights(CASES[case], tiny_data)


# not "one bin": most are silent then and embed alike, which makes rounding errors grow
@pytest.mark.parametrize("case", ["windows", "series", "hybrid, learned temperature", "sessions"])
@pytest.mark.usefixtures("sums_for_any_network")
def test_so_they_do_on_counts_of_which_few_are_not_zero(case):
    assert_same_weights(CASES[case], tiny_counts)


def assert_same_weights(case, make_data):
    architecture, loss, law, n_sessions, batch_size = case
    data = [make_data(seed=seed) for seed in range(n_sessions)]
    config = tiny_config(
        encoder={"architecture": architecture},
        loss=loss,
        pairs=LAWS[law],
        steps=STEPS,
        batch_size=batch_size,
        optimizer={"learning_rate": 1e-3},
    )
    twin = CebraTwin(data, config)
    start = [parameter.detach().clone() for parameter in twin.networks.parameters()]
    for step in range(STEPS):
        twin.solver.step(twin.cebra_batch(step))
    model = train(data, config, name=None)

    final = list(twin.solver.model.state_dict().values())
    moved = max(float((a - b).abs().max()) for a, b in zip(start, final, strict=True))
    assert moved > 0.02  # at 1e-3 a step, a weight moves up to 0.2
    ours = list(model.state.values())
    if "-mse" in architecture:
        # Distances do not see the last bias: its gradient is rounding error, which Adam scales up.
        ours, final = ours[:-1], final[:-1]
    for one, other in zip(ours, final, strict=True):
        # float32 rounding of about 1e-7 a step, summed up and somewhat amplified
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    # the same rounding in losses of size 1 to 10
    np.testing.assert_allclose(model.loss, twin.solver.history, atol=1e-5)
    assert model.temperature == pytest.approx(twin.solver.criterion.temperature, abs=1e-5)
