"""Training stops when the validation loss no longer falls, and keeps the best weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, tiny_data

from cebra_kedro.training.loop import train

LOOKS = {"every_steps": 3, "patience": 2, "draws": 4}
CHANGES = {
    "steps": 120,
    "batch_size": 100,
    "optimizer": {"learning_rate": 2e-2},
    "loss": {"learnable_temperature": True, "temperature": 0.3, "min_temperature": 0.01},
}


@pytest.fixture(scope="module")
def stopped():
    config = tiny_config(early_stop=LOOKS, **CHANGES)
    return train(tiny_data(), config, validation=tiny_data(seed=5), name=None)


def test_training_stops_early(stopped):
    assert len(stopped.loss) == len(stopped.learning_rate) < 120
    assert len(stopped.loss) % LOOKS["every_steps"] == 0
    assert np.isfinite(stopped.loss).all()


def test_the_weights_are_those_of_the_best_look(stopped):
    best = len(stopped.loss) - LOOKS["patience"] * LOOKS["every_steps"]
    assert best > LOOKS["every_steps"]  # else untrained weights would be the best
    # the schedule is constant: the same steps without early stopping
    expected = train(tiny_data(), tiny_config(**CHANGES | {"steps": best}), name=None)
    for key, weights in expected.state.items():
        assert torch.equal(stopped.state[key], weights)
    assert stopped.temperature == expected.temperature
    np.testing.assert_array_equal(stopped.loss[:best], expected.loss)


def test_looking_changes_nothing_in_the_training(stopped):
    patient = tiny_config(early_stop=LOOKS | {"patience": 100}, **CHANGES)
    looked = train(tiny_data(), patient, validation=tiny_data(seed=5), name=None)
    unwatched = train(tiny_data(), tiny_config(**CHANGES), name=None)
    np.testing.assert_array_equal(looked.loss, unwatched.loss)
    assert len(looked.loss) == 120


def test_dropout_is_off_while_looking_and_on_again_after(monkeypatch):
    calls = []
    dropout = torch.nn.functional.dropout2d

    def watched(inputs, p, training):
        calls.append((torch.is_grad_enabled(), training))
        return dropout(inputs, p, training)

    monkeypatch.setattr(torch.nn.functional, "dropout2d", watched)
    config = tiny_config(encoder={"architecture": "offset36-model-dropout"}, early_stop=LOOKS)
    data = tiny_data(n_trials=1)
    train(data, config, validation=data, name=None)
    # one layer: 3 steps, then 4 draws of the first look, and so on
    assert calls[:10] == [(True, True)] * 3 + [(False, False)] * 4 + [(True, True)] * 3


@pytest.mark.parametrize("early_stop", [None, LOOKS])
def test_validation_data_and_early_stopping_need_each_other(early_stop):
    validation = tiny_data() if early_stop is None else None
    with pytest.raises(ValueError, match="early_stop and validation data go together"):
        train(tiny_data(), tiny_config(early_stop=early_stop), validation=validation, name=None)
