"""What the stages share: names filled in, sessions of a run, keys in order."""

import inspect
import pickle
from multiprocessing.reduction import ForkingPickler
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_experiments import experiment

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind, chosen_sessions, fold_and_seed
from cebra_kedro.pipelines.consistency.nodes import compare
from cebra_kedro.pipelines.decoding.nodes import decode, score, sweep
from cebra_kedro.pipelines.ingestion.nodes import read_recordings, split_recordings
from cebra_kedro.pipelines.reporting.nodes import draw
from cebra_kedro.pipelines.training.nodes import embed, embed_baseline, train_encoder


def greet(greeting: str, name: str) -> str:
    return f"{greeting} {name}"


def test_a_bound_function_has_its_names_filled_in_and_keeps_its_own():
    bound = bind(greet, name="buddy")
    assert bound("hello") == "hello buddy"
    assert bound.__name__ == "greet"


def test_the_name_survives_the_way_to_another_process():
    bound = bind(greet, name="buddy")
    # What multiprocessing sends; a plain partial loses its name here, and Kedro warns of it.
    arrived = pickle.loads(ForkingPickler.dumps(bound))
    assert arrived.__name__ == "greet"
    assert arrived("hello") == "hello buddy"


def sessions_of(experiment: Experiment, name: str) -> tuple[str, ...]:
    return experiment.sessions


def test_a_node_of_the_default_run_sees_that_part_of_the_parameters():
    whole = experiment(default_run={"sessions": ["cicero"]})
    bound = bind(sessions_of, whole.for_default_run(), name="rats")
    arrived = pickle.loads(ForkingPickler.dumps(bound))
    assert bound(experiment=whole) == arrived(experiment=whole) == ("cicero",)
    assert bind(sessions_of, whole, name="rats")(experiment=whole) == whole.sessions
    assert bound.__name__ == "sessions_of"
    assert get_type_hints(bound)["experiment"] is Experiment


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (read_recordings, {}),
        (split_recordings, {}),
        (train_encoder, {"encoder": "time"}),
        (embed, {"encoder": "time"}),
        (embed_baseline, {"baseline": "pca"}),
        (decode, {}),
        (score, {}),
        (sweep, {}),
        (compare, {}),
        (draw, {"figure": "loss"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_kedro_still_sees_that_a_node_asks_for_a_description(function, names):
    bound = bind(function, name="rats", **names)
    assert get_type_hints(bound)["experiment"] is Experiment
    assert "experiment" in inspect.signature(bound, follow_wrapped=False).parameters


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 200)), unique=True))
def test_keys_are_read_and_sorted_by_number(pairs):
    keys = [f"fold{fold}_seed{seed}" for fold, seed in pairs]
    assert [fold_and_seed(key) for key in keys] == pairs
    assert [fold_and_seed(key) for key in sorted(keys, key=fold_and_seed)] == sorted(pairs)


def test_what_does_not_depend_on_the_fold_has_fold_minus_one_and_comes_first():
    assert fold_and_seed("time_seed/buddy/all_seed10") == (-1, 10)
    keys = ["a/fold0_seed0", "a/all_seed3"]
    assert sorted(keys, key=fold_and_seed) == keys[::-1]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (None, ("buddy", "cicero")),
        (["cicero", "buddy"], ("buddy", "cicero")),
        (["cicero"], ("cicero",)),
        ("cicero", ("cicero",)),
        ("cicero,buddy", ("buddy", "cicero")),
        (" buddy  cicero ", ("buddy", "cicero")),
        (["VISp", "buddy"], ("buddy",)),
        ("VISp", ()),
        ([], ()),
        ("budd", ()),
    ],
)
def test_sessions_of_a_run_are_those_named_in_the_order_of_the_experiment(only, expected):
    assert chosen_sessions(experiment(), only) == expected
