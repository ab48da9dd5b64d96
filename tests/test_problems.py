"""Everything that is wrong is said in one message."""

import pytest

from cebra_kedro.problems import Problems


def test_one_problem_is_said_as_it_is():
    problems = Problems("monday")
    problems.raise_any(ValueError)  # none
    assert not problems
    problems.add("monday: the clock goes back")
    with pytest.raises(ValueError, match=r"^monday: the clock goes back$"):
        problems.raise_any(ValueError)


def test_several_are_numbered_and_none_is_said_twice():
    problems = Problems("monday")
    for text in ("a", "b", "a"):
        with problems.collected():
            raise ValueError(f"monday: {text}")
    with pytest.raises(ValueError, match=r"^monday has 2 problems: \(1\) a; \(2\) b$"):
        problems.raise_any(ValueError)


def test_other_errors_are_not_collected():
    with pytest.raises(KeyError), Problems("monday").collected():
        raise KeyError("x")
