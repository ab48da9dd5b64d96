"""The pages of ``docs/`` do what they say: their examples are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from kedro_project import copy_project, reporting, run_command

PAGE = Path(__file__).parents[1] / "docs" / "your_own_recording.md"


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.S | re.M)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Path:
    """A project in which a person has done all that the page says, from top to bottom."""
    project = copy_project(tmp_path_factory.mktemp("docs"))
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        for language, text in blocks():
            if language == "python":
                exec(compile(text, str(PAGE), "exec"), names)
            elif language == "yaml" and (file := re.match(r"# (conf/local/\S+)", text)):
                Path(file[1]).write_text(text)
            elif language == "bash":
                for command in filter(None, text.splitlines()):
                    program, run, *arguments = shlex.split(command)
                    assert (program, run) == ("kedro", "run")
                    result = run_command(project, *arguments, "--env", "test")
                    assert result.exit_code == 0, result.output
    return project


def test_the_walk_is_decoded_from_its_embedding(followed):
    import pandas as pd

    table = pd.read_csv(reporting(followed) / "walk" / "metrics.csv")
    of = table.groupby(["variant", "metric"])["value"].mean()
    # of a track of 1 m
    assert of["behaviour", "position_error_median"] < 0.15
    assert of["shuffled", "position_error_median"] > of["behaviour", "position_error_median"] + 0.1
    assert of["behaviour", "direction_balanced_accuracy"] > 60
