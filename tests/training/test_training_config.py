"""What a configuration refuses, so that no setting is accepted and ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_training import LAWS, TINY, tiny_config

from cebra_kedro.training import PairsConfig, ScheduleConfig, TrainingConfig


@pytest.mark.parametrize("law", LAWS)
def test_a_law_with_its_own_options_is_accepted(law):
    assert PairsConfig(**LAWS[law]).law == law


@pytest.mark.parametrize(
    ("law", "option"),
    [
        ("time", {"delta": 0.1}),
        ("time", {"ties": "uniform"}),
        ("time", {"prior": "uniform"}),
        ("time_delta", {"delta": 0.1}),
        ("time_delta", {"prior": "uniform"}),
        ("delta_normal", {"time_offset_bins": 3}),
        ("delta_normal", {"prior": "empirical"}),
        ("discrete", {"time_offset_bins": 3}),
        ("discrete", {"ties": "first"}),
        ("mixed", {"delta": 0.1}),
        ("hybrid", {"prior": "uniform"}),
    ],
)
def test_options_that_the_law_does_not_use_are_refused(law, option):
    with pytest.raises(ValidationError, match=f"the {law} law has no {next(iter(option))}"):
        PairsConfig(**LAWS[law], **option)


@pytest.mark.parametrize(
    ("law", "missing"),
    [
        ("time", "time_offset_bins"),
        ("time_delta", "time_offset_bins"),
        ("mixed", "time_offset_bins"),
        ("hybrid", "time_offset_bins"),
        ("delta_normal", "delta"),
    ],
)
def test_options_that_the_law_needs_are_asked_for(law, missing):
    with pytest.raises(ValidationError, match=f"the {law} law needs {missing}"):
        PairsConfig(law=law)


@pytest.mark.parametrize(
    ("schedule", "unused"),
    [
        ({"name": "constant", "warmup_fraction": 0.2}, "warmup_fraction"),
        ({"name": "constant", "final_fraction": 0.2}, "final_fraction"),
        ({"name": "cosine", "initial_fraction": 0.2}, "initial_fraction"),
    ],
)
def test_options_that_the_schedule_does_not_use_are_refused(schedule, unused):
    with pytest.raises(ValidationError, match=f"schedule has no {unused}; remove it"):
        ScheduleConfig(**schedule)


@pytest.mark.parametrize(
    "block", ["encoder", "pairs", "loss", "optimizer", "schedule", "early_stop", None]
)
def test_unknown_keys_are_refused_in_every_block(block):
    unknown = {"colour": "red"}
    settings = TINY | (unknown if block is None else {block: TINY.get(block, {}) | unknown})
    with pytest.raises(ValidationError, match=r"colour\n +Extra inputs are not permitted"):
        TrainingConfig.model_validate(settings)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"batch_size": 1},
        {"negatives": 0},
        {"seed": -1},
        {"threads": 0},
        {"device": "tpu"},
        {"precision": "float16"},
        {"encoder": {"output_dimension": 0}},
        {"encoder": {"hidden_units": 1}},
        {"loss": {"temperature": 0.0}},
        {"loss": {"distance": "manhattan"}},
        {"optimizer": {"learning_rate": 0.0}},
        {"optimizer": {"learning_rate": 1.5}},
        {"optimizer": {"betas": (0.9, 1.0)}},
        {"optimizer": {"clip_norm": 0.0}},
        {"schedule": {"name": "one_cycle", "warmup_fraction": 1.0}},
        {"early_stop": {"patience": 0}},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(changes):
    name, value = next(iter(changes.items()))
    place = rf"{name}\.{list(value)[-1]}" if isinstance(value, dict) else name
    with pytest.raises(ValidationError, match=rf"TrainingConfig\n{place}"):
        tiny_config(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": {"min_temperature": 0.1}}, "set learnable_temperature: true"),
        (
            {"loss": {"learnable_temperature": True, "temperature": 0.1, "min_temperature": 0.2}},
            r"min_temperature \(0.2\) must not exceed temperature \(0.1\)",
        ),
        ({"encoder": {"architecture": "offset10-model-mse"}}, "set loss.distance to euclidean"),
        ({"early_stop": {"every_steps": 13}}, r"every_steps \(13\) must be at most steps \(12\)"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        tiny_config(**changes)


def test_session_encoders_must_match_the_sessions():
    one = TINY["encoder"]
    with pytest.raises(ValueError, match=r"one entry for each of 3 sessions, got 2"):
        tiny_config(session_encoders=(one, one)).encoders(3)
    with pytest.raises(ValueError, match="the same output_dimension"):
        tiny_config(session_encoders=(one, one | {"output_dimension": 4})).encoders(2)
    assert tiny_config().encoders(2) == (tiny_config().encoder,) * 2


@given(
    law=st.sampled_from(sorted(LAWS)),
    learnable=st.booleans(),
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    rate=st.floats(1e-6, 1),
    negatives=st.none() | st.integers(1, 99),
)
def test_a_configuration_survives_its_own_json(law, learnable, schedule, rate, negatives):
    config = tiny_config(
        pairs=LAWS[law],
        loss={"learnable_temperature": learnable},
        schedule={"name": schedule},
        optimizer={"learning_rate": rate},
        negatives=negatives,
    )
    assert TrainingConfig.model_validate_json(config.model_dump_json()) == config
    assert config.n_negatives == (negatives or 16)
