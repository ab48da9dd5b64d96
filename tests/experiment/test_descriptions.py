"""Descriptions among the parameters: what is wrong is named with path, hint and file."""

import copy

import pytest
from described import AREAS, RATS, changed

from cebra_kedro.experiment import Descriptions, check_description
from cebra_kedro.experiment.rooms import check_rooms
from kedro_project import shipped_experiments

SHIPPED = shipped_experiments()


def refusal(block, name="rats"):
    with pytest.raises(ValueError, match=r".") as caught:
        check_rooms(name, check_description(name, block))
    message = str(caught.value)
    assert "\n" not in message
    return message


def blocks(value, path=()):
    """Every block of a description, with its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict):
        yield path
    for name, one in inner:
        if isinstance(one, dict | list):
            yield from blocks(one, (*path, name))


def at(value, path):
    for name in path:
        value = value[name]
    return value


@pytest.mark.parametrize("path", list(blocks(SHIPPED))[1:], ids=lambda p: ".".join(map(str, p)))
def test_a_misspelt_name_is_refused_in_every_block_with_its_path(path):
    parameters = copy.deepcopy(SHIPPED)
    at(parameters, path)["misspelt"] = 1
    message = refusal(parameters[path[0]], path[0])
    where = ".".join(map(str, path))
    assert where in message.replace(": ", ".")  # ``sweep: grid names misspelt``
    assert "misspelt" in message


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("encodres", "encoders"),
        ("training.stesp", "steps"),
        ("training.optimizer", None),
        ("split.fold", "folds"),
        ("encoders.time.pairs.delat", "delta"),
        ("encoders.time.lik", "like"),
        ("encoders.time.zzz", None),
    ],
)
def test_an_unknown_name_comes_with_one_that_is_alike(path, hint):
    block = changed(RATS, path, {"zzz": 1} if path == "training.optimizer" else 3)
    unknown = "training.optimizer.zzz" if path == "training.optimizer" else path
    expected = f"unknown parameter rats.{unknown}" + (f" (did you mean {hint}?)" if hint else "")
    assert refusal(block) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("sessions", "source", "split", "training", "encoders"),
        *("split.by", "training.steps", "encoders.time.pairs", "encoders.time.pairs.law"),
    ],
)
def test_what_is_missing_is_named(path):
    assert f"parameter rats.{path} is missing" in refusal(changed(RATS, path, ...))


def test_a_source_without_a_name_is_named():
    assert refusal(RATS | {"source": {"nmae": "recording"}}) == (
        "parameter rats.source.name is missing"
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("training.steps", 0, "rats.training.steps should be greater than or equal to 1, got 0"),
        ("training.steps", "many", "rats.training.steps should be a valid integer"),
        ("training.optimizer", "adam", "rats.training.optimizer should be"),
        (
            "encoders.time.fit_on",
            "test",
            "rats.encoders.time.fit_on should be 'train', 'train_and_valid', 'all' or 'unknown', "
            "got 'test'",
        ),
        (
            "encoders.time.encoder",
            {"hidden_units": 1},
            "rats.encoders.time.encoder.hidden_units should be greater than or equal to 2, got 1",
        ),
        ("encoders.time.sessions", ["bne"], "rats: encoders.time.sessions names bne, but there"),
        ("encoders.time.sessions", "ann", "rats.encoders.time.sessions should be a valid tuple"),
        ("encoders.time.like", "tiem", "rats.encoders: time: like names 'tiem', but the other"),
        ("encoders.time", None, "rats.encoders.time should be a valid dictionary"),
        ("encoders", ["time"], "rats.encoders should be a valid dictionary"),
        ("encoders", {}, "rats.encoders Dictionary should have at least 1 item"),
        ("sessions", "ann", "rats.sessions should be a valid tuple, got 'ann'"),
        ("sessions", [], "rats.sessions Tuple should have at least 1 item"),
        ("sessions", [1], "rats.sessions.0 should be a valid string, got 1"),
        ("source", 3, "rats.source should be a valid dictionary"),
        ("baselines", {"raw": 3}, "rats.baselines.raw should be a valid dictionary"),
        ("decode", {"position": 3}, "rats.decode.position should be a valid dictionary"),
        (
            "decoders",
            {"neighbours": [0]},
            "rats.decoders: neighbours must be positive and finite, got [0]",
        ),
        ("figures", "loss", "rats.figures should be a valid dictionary, got 'loss'"),
        ("figures", {"loss": 3}, "rats.figures.loss should be a valid dictionary, got 3"),
        ("split", {"by": "block", "folds": 4}, "rats.split: a split by block has no folds"),
    ],
)
def test_a_wrong_value_is_named_with_what_came_and_what_was_expected(path, value, message):
    assert refusal(changed(RATS, path, value)).startswith(message)


def test_a_wrong_network_of_a_population_is_named():
    block = changed(AREAS, "encoders.joint.encoder", {"ca": {"hiden_units": 3}, "neuropixels": {}})
    assert refusal(block, "areas") == (
        "unknown parameter areas.encoders.joint.encoder.ca.hiden_units (did you mean hidden_units?)"
    )


def test_everything_that_is_wrong_is_named_at_once():
    block = changed(changed(RATS, "training.steps", 0), "encoders.time.pairs", {"law": "tiem"})
    message = refusal(block | {"figurs": []})
    assert "rats.training.steps should be" in message
    assert "rats.encoders.time.pairs.law should be" in message
    assert "unknown parameter rats.figurs (did you mean figures?)" in message


def test_what_came_is_shortened():
    assert len(refusal(changed(RATS, "training.steps", "x" * 500))) < 250
    assert len(refusal("x" * 500)) < 250


def test_a_description_is_a_block_and_has_a_name_that_nodes_and_options_can_have():
    assert "rats must be the description of an experiment (sessions, source" in refusal(3)
    assert refusal(None).endswith("got None")
    assert refusal(RATS, "my-rats") == (
        "an experiment's name must be letters, digits and _, got 'my-rats'"
    )


# --- several descriptions -------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    """Three configuration folders; rats are in two of them."""
    for name in ("base", "test", "local"):
        (tmp_path / name).mkdir()
    (tmp_path / "base/parameters_rats.yml").write_text("rats:\n  sessions: [ann]\n")
    (tmp_path / "test/parameters.yaml").write_text("areas: {}\n# rats: no\nrats:\n  source: x\n")
    (tmp_path / "local/parameters_mice.yml").write_text("ratss:\n  rats: 3\n")
    return [tmp_path / name for name in ("base", "test", "local")]


WRONG = changed(RATS, "training.stesp", 3)


def test_a_wrong_description_stops_no_other(folders):
    found = Descriptions.of({"rats": WRONG, "areas": AREAS, "mice": RATS}, folders)
    assert list(found.experiments) == ["areas", "mice"]
    assert list(found.problems) == ["rats"]
    assert found.experiments["mice"] == check_description("mice", RATS)


def test_the_files_of_a_wrong_description_are_named(folders):
    (problem,) = Descriptions.of({"rats": WRONG}, folders).problems.values()
    base, test, _ = folders
    assert problem == (
        "unknown parameter rats.training.stesp (did you mean steps?). Correct "
        f"{base}/parameters_rats.yml or {test}/parameters.yaml or --params"
    )
    assert Descriptions.of({}, folders).file_of("rats") in problem


def test_one_that_stands_in_no_file_came_with_the_command(folders):
    for folder in (folders, ()):
        (problem,) = Descriptions.of({"mice": WRONG}, folder).problems.values()
        assert problem.endswith("Correct conf/*/parameters*.yml or --params")


def test_parameters_that_describe_no_experiment_are_left_out():
    parameters = {"only_sessions": ["ann"], "_networks": {"a": 1}, "rats": RATS}
    found = Descriptions.of(parameters)
    assert (list(found.experiments), found.problems) == (["rats"], {})
