"""A grid's cells are all combinations, each with a name of its own and its values in place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.sweep import cell_key, cells_of, code_digest, drawn_cells, with_values

GRID = {"training.steps": [1, 2, 3], "training.rate": [0.1, 0.2], "variant": ["a", "b"]}


def test_cells_are_all_combinations_the_last_changing_fastest():
    cells = cells_of(GRID)
    assert len(cells) == 12
    assert cells[0] == {"training.steps": 1, "training.rate": 0.1, "variant": "a"}
    assert cells[1] == {"training.steps": 1, "training.rate": 0.1, "variant": "b"}
    assert len({cell_key(cell) for cell in cells}) == 12
    assert cells_of({}) == []


OVER = {"training.rate": (1e-4, 1e-1, True), "steps": (10, 1000, True), "law": ["time", "delta"]}


def test_draws_are_those_of_their_seed_and_in_their_range():
    cells = drawn_cells(OVER, 200, seed=1)
    assert cells == drawn_cells(OVER, 200, seed=1) != drawn_cells(OVER, 200, seed=2)
    assert len(cells) == 200
    rates = np.array([cell["training.rate"] for cell in cells])
    assert (rates >= 1e-4).all() and (rates <= 1e-1).all()
    assert 0.3 < (rates < 10**-2.5).mean() < 0.7  # orders of magnitude alike
    assert {type(cell["steps"]) for cell in cells} == {int}
    assert {cell["law"] for cell in cells} == {"time", "delta"}


def test_draws_of_a_parameter_do_not_depend_on_the_others():
    alone = drawn_cells({"training.rate": OVER["training.rate"]}, 10, seed=1)
    assert [{"training.rate": cell["training.rate"]} for cell in drawn_cells(OVER, 10, 1)] == alone


def test_equal_draws_are_given_once():
    assert len(drawn_cells({"law": ["time", "delta"]}, 50, seed=0)) == 2


def test_a_key_does_not_depend_on_the_order_of_names():
    cell = cells_of(GRID)[7]
    assert cell_key(dict(reversed(cell.items()))) == cell_key(cell)


def test_changed_code_changes_the_digest(tmp_path):
    (tmp_path / "one.py").write_text("X = 1\n")
    (tmp_path / "notes.txt").write_text("no code")
    before = code_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("other notes")
    assert code_digest(tmp_path) == before == code_digest(tmp_path / "one.py")
    (tmp_path / "one.py").write_text("X = 2\n")
    assert code_digest(tmp_path) != before


@given(
    steps=st.integers(1, 100),
    rate=st.floats(0, 1),
    name=st.sampled_from(["training.steps", "training.optimizer.rate"]),
)
def test_only_the_named_value_changes_and_the_original_stays(steps, rate, name):
    parameters = {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    value = steps if name == "training.steps" else rate
    changed = with_values(parameters, {name: value})
    assert parameters == {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    expected = {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    if name == "training.steps":
        expected["training"]["steps"] = value
    else:
        expected["training"]["optimizer"]["rate"] = value
    assert changed == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("training.step", "the sweep names training.step, but training has no step; it has steps"),
        ("trained.steps", "but the experiment has no trained; it has training"),
        ("training.steps.x", "but training.steps has no x; it has no parameters"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        with_values({"training": {"steps": 1}}, {name: 2})
