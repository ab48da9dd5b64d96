"""Encoders with several objectives: what their blocks may say, and how their parts are called."""

from __future__ import annotations

import numpy as np
import pytest
from described import DELTA, NETWORK, POSITION, TIME, areas, encoders, rats

from cebra_kedro.experiment import Experiment
from cebra_kedro.experiment.about import about

EIGHT = {"encoder": NETWORK | {"output_dimension": 8}}
BEHAVIOUR = POSITION | {"dimensions": [0, 2]}
OBJECTIVES = {"behaviour": BEHAVIOUR, "time": {"pairs": TIME, "dimensions": [0, 7], "weight": 0.5}}
PARTS = EIGHT | {"objectives": OBJECTIVES}
APART = {"behaviour": BEHAVIOUR, "time": {"pairs": TIME, "dimensions": [3, 7]}}


def described(block=PARTS, **more):
    return rats(encoders=encoders(parts=block, **more))


def rows(experiment):
    return {one.name: one.dimensions for one in experiment.readouts if one.source == "parts"}


def test_a_part_is_read_out_beside_the_whole_unless_it_is_the_whole():
    assert rows(described()) == {"parts": None, "parts_behaviour": (0, 2)}
    apart = described(EIGHT | {"objectives": APART})
    assert rows(apart) == {"parts": None, "parts_behaviour": (0, 2), "parts_time": (3, 7)}
    embedding = np.arange(16).reshape(2, 8)
    of_time = next(one for one in apart.readouts if one.objective == "time")
    assert of_time.of(embedding).tolist() == [[3, 4, 5, 6, 7], [11, 12, 13, 14, 15]]


def test_each_population_has_its_parts():
    parts = {"objectives": {"behaviour": BEHAVIOUR, "other": POSITION | {"dimensions": [3, 7]}}}
    both = areas(
        encoders={"joint": EIGHT | parts | {"populations": ["ca", "neuropixels"]}}, baselines={}
    )
    assert [one.name for one in both.readouts] == [
        f"joint_{population}{part}"
        for population in ("ca", "neuropixels")
        for part in ("", "_behaviour", "_other")
    ]


def test_the_configuration_has_the_objectives_without_their_labels():
    config = described().training_config("parts", seed=3, session="ann")
    assert list(config.objectives) == ["behaviour", "time"]
    assert [law.law for law in config.laws] == ["time_delta", "time"]
    assert config.objectives["time"].weight == 0.5
    assert config.pieces == (3, 5)
    assert "labels" not in config.model_dump()["objectives"]["behaviour"]


def test_an_encoder_of_cebras_hybrid_has_one_norm():
    config = described(PARTS | {"renormalise": False}).training_config("parts", seed=0)
    assert config.pieces == ()


def test_the_description_survives_its_plain_form():
    one = described(shuffled={"like": "parts", "shuffle_labels": True})
    assert Experiment.model_validate(one.model_dump()) == one
    assert Experiment.model_validate(one.model_dump(mode="json", exclude_defaults=True)) == one
    heavier = one.varied({"encoders.parts.objectives.time.weight": 2.0})
    assert heavier.encoders["parts"].objectives["time"].weight == 2.0


def test_all_labels_of_its_objectives_guide_it():
    two = OBJECTIVES | {"time": POSITION | {"labels": ["speed"], "dimensions": [0, 7]}}
    block = described(PARTS | {"objectives": two}).encoders["parts"]
    assert block.all_labels == ("position", "speed")
    assert block.is_guided


def test_the_control_of_a_part_is_the_same_part_and_time_has_none():
    apart = EIGHT | {"objectives": APART}
    facts = about(described(apart, shuffled={"like": "parts", "shuffle_labels": True}), {})
    found = {one["name"]: one.get("control_of") for one in facts["variants"]}
    assert found["shuffled"] == "parts"
    assert found["shuffled_behaviour"] == "parts_behaviour"
    assert found["shuffled_time"] == ""
    guided = {one["name"]: one.get("guided") for one in facts["variants"]}
    assert (guided["parts_behaviour"], guided["parts_time"]) == (True, False)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (PARTS | {"labels": ["position"]}, "objectives have their own labels"),
        (PARTS | {"pairs": TIME}, "objectives have their own pairs"),
        ({"objectives": OBJECTIVES}, "does not fit training.*in 0 … 2"),
        (EIGHT | {"objectives": {"behaviour": BEHAVIOUR}}, "no objective has the dimensions 3,"),
        (EIGHT | {"objectives": {"b": {"pairs": DELTA, "dimensions": [0, 7]}}}, "needs labels"),
        (PARTS | {"sessions": "joint"}, "but the time law pairs bins of one recording"),
        (PARTS | {"objectives": {"a/b": BEHAVIOUR}}, "objectives has the name 'a/b'"),
        (PARTS | {"fit_on": "all"}, "would train on the labels of test trials"),
        (
            EIGHT
            | {
                "objectives": {"a": {"pairs": TIME, "dimensions": [0, 7]}},
                "shuffle_labels": True,
            },
            "no labels to shuffle",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_a_run(block, message):
    with pytest.raises(ValueError, match=message):
        described(block)


def test_other_labels_of_a_session_do_not_reach_into_objectives():
    elsewhere = {"cat": POSITION}
    with pytest.raises(ValueError, match=r"guidance\.cat replaces .* encoders\.parts has objectiv"):
        rats(encoders=encoders(parts=PARTS), guidance=elsewhere)
    rats(encoders=encoders(parts=PARTS | {"sessions": ["ann"]}), guidance=elsewhere)


def test_a_part_may_not_be_called_like_an_encoder():
    with pytest.raises(ValueError, match="several encoders or baselines are called parts_behaviou"):
        described(parts_behaviour=POSITION)
