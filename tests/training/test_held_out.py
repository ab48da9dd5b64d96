"""The goodness of fit on rows that were not trained on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_training import LAWS, tiny_config, tiny_data

from cebra_kedro.training.data import Guide
from cebra_kedro.training.fingerprint import _WITHOUT_EFFECT
from cebra_kedro.training.held_out import held_out_bits
from cebra_kedro.training.loop import train

STEPS, BATCH = 200, 64


def parts(n_time=900, n_trials=6, **more):
    """The same neurons in training trials and in others."""
    data = tiny_data(n_time, n_trials=n_trials, **more)
    cut = 2 * n_time // 3
    return tuple(
        dataclasses.replace(
            data,
            neural=data.neural[rows],
            segment=data.segment[rows],
            labels=data.labels[rows],
            classes=data.classes[rows],
        )
        for rows in (slice(cut), slice(cut, None))
    )


def config(law="time_delta", **changes):
    settings = {"optimizer": {"learning_rate": 1e-2}, "steps": STEPS, "batch_size": BATCH}
    return tiny_config(pairs=LAWS[law], **(settings | changes))


def guided(data, settings):
    guides = [
        Guide(data.labels if law.uses_labels else None, data.classes if law.uses_classes else None)
        for law in settings.laws
    ]
    return dataclasses.replace(data, labels=None, classes=None, guides=tuple(guides))


@pytest.mark.parametrize("law", LAWS)
def test_on_the_rows_of_training_it_is_that_of_the_last_steps(law):
    fitted, _ = parts()
    model = train(fitted, config(law), name=None)
    last = model.history()["goodness_of_fit_bits"][-STEPS // 10 :].mean()
    # 10 and 20 batches of 64 references: means of each are within some 0.05 bits
    assert held_out_bits(model, [fitted])[""] == pytest.approx(last, abs=0.15)


def test_a_learnt_temperature_is_kept():
    fitted, _ = parts()
    loss = {"learnable_temperature": True, "temperature": 1.0, "min_temperature": 0.05}
    model = train(fitted, config(loss=loss, steps=400), name=None)
    assert model.temperature < 0.9
    last = model.history()["goodness_of_fit_bits"][-20:].mean()
    assert held_out_bits(model, [fitted])[""] == pytest.approx(last, abs=0.15)


def test_labels_that_neurons_tell_fit_other_trials_and_permuted_ones_do_not():
    fitted, held_out = parts()
    rng = np.random.default_rng(0)

    def permuted(data):
        return dataclasses.replace(data, labels=rng.permutation(data.labels))

    true = train(fitted, config(), name=None)
    shuffled = train(permuted(fitted), config(), name=None)
    assert held_out_bits(true, [held_out])[""] > 0.3
    assert held_out_bits(shuffled, [permuted(held_out)])[""] < 0.1


def test_several_sessions_have_one():
    both = [parts(seed=seed) for seed in (0, 1)]
    fitted, held_out = zip(*both, strict=True)
    model = train(fitted, config(), name=None)
    last = model.history()["goodness_of_fit_bits"][-20:].mean()
    assert held_out_bits(model, fitted)[""] == pytest.approx(last, abs=0.15)
    assert held_out_bits(model, held_out)[""] > 0.1


def test_each_objective_has_its_own():
    fitted, held_out = parts()
    objectives = {
        "circle": {"dimensions": [0, 2], "pairs": LAWS["time_delta"]},
        "flow": {"dimensions": [0, 5], "pairs": LAWS["time"]},
    }
    settings = config(encoder={"output_dimension": 6}, objectives=objectives)
    model = train(guided(fitted, settings), settings, name=None)
    found = held_out_bits(model, [guided(held_out, settings)])
    assert set(found) == {"", "circle", "flow"}
    assert found[""] == pytest.approx((found["circle"] + found["flow"]) / 2, abs=1e-5)


def test_the_same_seed_draws_the_same():
    fitted, held_out = parts()
    model = train(fitted, config(), name=None)
    assert held_out_bits(model, [held_out]) == held_out_bits(model, [held_out])


def test_rows_without_pairs_are_an_error():
    fitted, held_out = parts()
    model = train(fitted, config("time"), name=None)
    alone = dataclasses.replace(held_out, segment=np.arange(len(held_out.segment)))
    with pytest.raises(ValueError, match=r"window|trial"):
        held_out_bits(model, [alone])


def test_how_it_is_measured_retrains_nothing():
    assert "held_out.py" in _WITHOUT_EFFECT
