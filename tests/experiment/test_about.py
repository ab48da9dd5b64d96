"""Who is who in the tables, as a report has to know it."""

import json

import pytest
from described import AREAS, DELTA, POSITION, RATS, encoders, rats

from cebra_kedro.experiment import Experiment
from cebra_kedro.experiment.about import about
from cebra_kedro.training.config import EncoderConfig, PairsConfig, TrainingConfig
from kedro_project import shipped_experiments


def variants(experiment, bins=None):
    return {one["name"]: one for one in about(experiment, bins or {})["variants"]}


def test_every_row_of_the_tables_is_known_in_their_order():
    experiment = rats()
    assert [one["name"] for one in about(experiment, {})["variants"]] == [
        readout.name for readout in experiment.readouts
    ]


def test_labels_guidance_and_joint_encoders_are_said():
    found = variants(rats(encoders=encoders(together={"like": "position", "sessions": "joint"})))
    assert (found["position"]["guided"], found["time"]["guided"]) == (True, False)
    assert found["position"]["labels"] == ["position"]
    assert [found[name]["joint"] for name in ("position", "together")] == [False, True]


@pytest.mark.parametrize(
    ("shuffled", "permuted"), [("encoder", False), ("encoder_and_decoder", True)]
)
def test_a_control_is_of_the_encoder_with_the_same_settings(shuffled, permuted):
    control = {"like": "position", "shuffle_labels": shuffled}
    other = {"like": "position", "shuffle_labels": shuffled, "steps": 7}
    found = variants(rats(encoders=encoders(control=control, other=other)))
    assert found["control"]["control_of"] == "position"
    assert found["control"]["decoder_permuted"] is permuted
    assert found["other"]["control_of"] == "", "trained for other steps"


def test_windows_are_those_of_networks_sums_and_of_what_is_decoded_as_one():
    ten = {"architecture": "offset10-model", "hidden_units": 4, "output_dimension": 3}
    wide = POSITION | {"encoder": ten}
    found = variants(
        rats(
            encoders={"position": POSITION, "wide": wide},
            baselines={"raw": {}, "sum": {"name": "raw_window", "bins": 20}},
        )
    )
    windows = {name: one["window_bins"] for name, one in found.items()}
    assert windows == {"position": 1, "wide": 10, "raw": 1, "sum": 20}
    assert found["sum"]["method"] == "raw_window"
    areas = variants(Experiment.model_validate(AREAS), {"ca": 1, "neuropixels": 4})
    assert [areas[name]["window_bins"] for name in ("joint_ca", "joint_neuropixels")] == [1, 4]


@pytest.mark.parametrize(
    ("architecture", "bins"),
    [
        ("offset1-model-mse", 1),
        ("offset36-model-dropout", 36),
        ("resample-model", 40),
        ("resample1-model", 4),
        ("supervised10-model", 10),
        ("something", None),
    ],
)
def test_the_name_of_a_network_tells_its_window(architecture, bins):
    assert EncoderConfig(architecture=architecture).window_bins == bins


def test_windows_are_those_that_cebra_has():
    import cebra.models

    for name in ("resample-model", "resample5-model", "resample1-model", "offset10-model"):
        network = cebra.models.init(name, num_neurons=2, num_units=4, num_output=2)
        assert EncoderConfig(architecture=name).window_bins == len(network.get_offset())


def test_the_facts_are_json_and_hold_the_settings():
    for block in shipped_experiments().values():
        experiment = Experiment.model_validate(block)
        read = json.loads(json.dumps(about(experiment, {})))
        assert Experiment.model_validate(read["settings"]) == experiment
    assert about(rats(), {})["sessions"] == RATS["sessions"]


def test_of_an_encoder_from_a_file_the_file_says_what_the_description_cannot():
    described = rats(
        encoders=encoders(
            theirs={"from_file": "theirs.pt", "sessions": ["ann"]},
            declared={"from_file": "theirs.pt", "sessions": ["ann"], "fit_on": "train"},
        )
    )
    trained = TrainingConfig(encoder=EncoderConfig(), pairs=PairsConfig(**DELTA), steps=1)
    files = {"theirs": trained, "declared": trained}
    found = {one["name"]: one for one in about(described, {}, files)["variants"]}
    theirs, declared = found["theirs_unknown_split"], found["declared"]
    assert (theirs["guided"], theirs["window_bins"]) == (True, 10)
    assert [one["transductive"] for one in (theirs, declared)] == [True, False]
    assert [one["unknown_split"] for one in (theirs, declared)] == [True, False]
    assert "from_file" not in found["position"]
    settings = about(described, {})["settings"]["encoders"]["declared"]
    assert settings == {"from_file": "theirs.pt", "sessions": ["ann"], "fit_on": "train"}


def test_an_adapted_encoder_says_so():
    new = {"adapt": {"encoder": "position", "session": "ann"}, "sessions": ["cat"]}
    described = rats(encoders=encoders(new=new))
    found = {one["name"]: one for one in about(described, {})["variants"]}
    assert found["new"]["adapted"] and "adapted" not in found["position"]
    assert found["new"]["labels"] == ["position"] and not found["new"]["joint"]
    read = json.loads(json.dumps(about(described, {})))["settings"]
    assert Experiment.model_validate(read) == described
