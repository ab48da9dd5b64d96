"""What the stages share: names filled in, keys in order, entries of several members."""

import inspect
import pickle
from multiprocessing.reduction import ForkingPickler
from typing import get_type_hints

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.parameters import DecodingParameters, IngestionParameters
from cebra_kedro.pipelines import Entries, bind, fold_and_seed, stack_tables
from cebra_kedro.pipelines.decoding.hippocampus import decode_rat
from cebra_kedro.pipelines.ingestion.hippocampus import read_rat


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


@pytest.mark.parametrize(
    ("function", "names", "model"),
    [
        (read_rat, {"subject": "buddy"}, IngestionParameters),
        (
            decode_rat,
            {"experiment": "hippocampus", "subject": "buddy", "variant": "time"},
            DecodingParameters,
        ),
    ],
)
def test_kedro_still_sees_the_type_of_the_parameters(function, names, model):
    bound = bind(function, **names)
    assert get_type_hints(bound)["parameters"] is model
    free = inspect.signature(bound, follow_wrapped=False).bind(*["x"] * 2)
    assert "parameters" in free.arguments


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 200)), unique=True))
def test_keys_are_read_and_sorted_by_number(pairs):
    keys = [f"fold{fold}_seed{seed}" for fold, seed in pairs]
    assert [fold_and_seed(key) for key in keys] == pairs
    assert [fold_and_seed(key) for key in sorted(keys, key=fold_and_seed)] == sorted(pairs)


def test_entries_lead_from_argument_names_to_catalog_entries():
    entries = Entries("hippocampus.buddy", ("time", "pca"), "scores")
    assert {
        argument: entries.outside[inside] for argument, inside in entries.arguments.items()
    } == {
        "time": "hippocampus.buddy.time.scores",
        "pca": "hippocampus.buddy.pca.scores",
    }


def test_tables_are_stacked_in_the_order_given_with_a_fresh_index():
    first, second = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [3]})
    stacked = stack_tables(second=second, first=first)
    pd.testing.assert_frame_equal(stacked, pd.DataFrame({"a": [3, 1, 2]}))


def test_tables_without_rows_neither_disturb_types_nor_get_lost():
    empty, full = pd.DataFrame(columns=["a"]), pd.DataFrame({"a": [1, 2]})
    assert stack_tables(empty=empty, full=full)["a"].dtype == full["a"].dtype
    assert list(stack_tables(empty=empty).columns) == ["a"]
