"""Simulated recordings stand in for published files and say that they are simulated."""

import sys
from types import ModuleType

import numpy as np
import pytest
from kedro.io import DatasetError

from cebra_kedro.io import SimulatedDataset
from cebra_kedro.io.simulated_dataset import _sha256_of

MODULE = "cebra_kedro.simulate.made_for_this_test"


def simulate(*, seed, n_bins=4, names=()):
    if n_bins < 1:
        raise ValueError("n_bins must be at least 1")
    spikes = np.random.default_rng(seed).poisson(2, (n_bins, 3))
    return {"spikes": spikes, "names": list(names), "nested": {"rate": 0.5}}


def simulate_a_list(*, seed):
    return [seed]


def simulate_objects(*, seed):
    return {"spikes": object()}


@pytest.fixture(autouse=True)
def generators(monkeypatch):
    """A module of generators in the simulate room."""
    module = ModuleType(MODULE)
    for function in (simulate, simulate_a_list, simulate_objects):
        monkeypatch.setattr(function, "__module__", MODULE)
        setattr(module, function.__name__, function)
    module.a_number = 3
    module.array_equal = np.array_equal
    monkeypatch.setitem(sys.modules, MODULE, module)


def dataset(generator="simulate", **arguments):
    return SimulatedDataset(generator=f"{MODULE}.{generator}", arguments=arguments)


def test_loads_what_the_generator_makes_and_says_so():
    published = dataset(seed=3, n_bins=5).load()
    np.testing.assert_array_equal(published.content["spikes"], simulate(seed=3, n_bins=5)["spikes"])
    assert published.checksum_status == "simulated"
    assert published.source == f"{MODULE}.simulate(seed=3, n_bins=5)"


def test_the_checksum_tells_contents_apart_and_only_those():
    checksum = dataset(seed=3).load().checksum
    assert len(checksum) == 64
    assert dataset(seed=3).load().checksum == checksum
    assert dataset(seed=4).load().checksum != checksum
    assert dataset(seed=3, names=["a"]).load().checksum != checksum


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": np.zeros(4)}, {"a": np.zeros((2, 2))}),
        ({"a": np.zeros(4, np.int64)}, {"a": np.zeros(4, np.float64)}),
        ({"a": np.zeros(4)}, {"b": np.zeros(4)}),
        ({"a": [1, 2], "b": [3]}, {"a": [1], "b": [2, 3]}),
        ({"a": "1"}, {"a": 1}),
        ({"a": {}}, {"a": None}),
    ],
)
def test_the_checksum_sees_shape_type_and_place(one, other):
    assert _sha256_of(one) != _sha256_of(other)


def test_the_checksum_ignores_the_order_of_keys_and_the_layout_in_memory():
    array = np.arange(6.0).reshape(2, 3)
    one = {"a": array, "b": 1}
    other = {"b": 1, "a": np.asfortranarray(array)}
    assert _sha256_of(one) == _sha256_of(other)


def test_the_arguments_of_the_catalog_are_not_shared_with_the_generator():
    arguments = {"seed": 0, "names": ["a"]}
    simulated = SimulatedDataset(generator=f"{MODULE}.simulate", arguments=arguments)
    simulated.load().content["names"].append("b")
    arguments["names"].append("c")
    assert simulated.load().content["names"] == ["a"]


@pytest.mark.parametrize(
    "generator",
    [
        "os.system",
        "cebra_kedro.simulate",
        "cebra_kedro.simulate.",
        "cebra_kedro.simulate..simulate",
        "cebra_kedro.simulated.simulate",
        "cebra_kedro.simulate.hippocampus._private",
        "cebra_kedro.simulate.hippocampus.__builtins__",
        "cebra_kedro.recording.Recording",
    ],
)
def test_a_path_outside_the_simulate_room_is_refused_at_construction(generator):
    with pytest.raises(DatasetError, match=r"public function in cebra_kedro\.simulate"):
        SimulatedDataset(generator=generator, arguments={"seed": 0})


@pytest.mark.parametrize("arguments", [{}, {"seed": None}, {"seed": True}, {"seed": -1}, None])
def test_a_seed_is_required_at_construction(arguments):
    with pytest.raises(DatasetError, match="must hold a seed that is a non-negative integer"):
        SimulatedDataset(generator=f"{MODULE}.simulate", arguments=arguments)


@pytest.mark.parametrize(
    ("generator", "arguments", "message"),
    [
        ("simulate_nothing", {}, r"simulate_nothing does not exist"),
        ("a_number", {}, "a_number is not a function of"),
        ("array_equal", {}, "array_equal is not a function of"),
        ("simulate", {"n_bin": 5}, "unexpected .*'n_bin'.*it takes seed, n_bins, names"),
        ("simulate", {"n_bins": 0}, r"simulate\(seed=0, n_bins=0\) failed .*at least 1"),
        ("simulate_a_list", {}, "simulate_a_list returned a list, expected what"),
        ("simulate_objects", {}, "holds a object, expected arrays"),
    ],
)
def test_a_wrong_generator_or_argument_is_named_on_load(generator, arguments, message):
    with pytest.raises(DatasetError, match=message):
        dataset(generator, seed=0, **arguments).load()


def test_a_module_that_does_not_exist_is_named_on_load():
    wrong = SimulatedDataset(
        generator="cebra_kedro.simulate.no_such_module.simulate", arguments={"seed": 0}
    )
    with pytest.raises(DatasetError, match="no_such_module"):
        wrong.load()


def test_saving_is_refused_and_it_always_exists():
    simulated = dataset(seed=0)
    assert simulated.exists()
    with pytest.raises(DatasetError, match="SimulatedDataset is read-only"):
        simulated.save({})


def test_the_generator_of_rats_works_through_the_dataset():
    pytest.importorskip("cebra_kedro.simulate.hippocampus")
    published = SimulatedDataset(
        generator="cebra_kedro.simulate.hippocampus.simulate_rat",
        arguments={"seed": 2, "n_trials": 2, "n_units": 3},
    ).load()
    assert published.content["spikes"].shape[1] == 3
