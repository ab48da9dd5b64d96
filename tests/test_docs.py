"""The pages of ``docs/`` do what they say: their examples are run as they stand."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io.core import AbstractDataset

from cebra_kedro.recording import Recording
from cebra_kedro.sources.registry import source, typed_options
from kedro_project import copy_project, reporting, run_command

PAGE = Path(__file__).parents[1] / "docs" / "your_own_recording.md"


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.S | re.M)


@dataclass
class Followed:
    """A project in which a person has done all that the page says, from top to bottom."""

    project: Path
    recordings: dict[str, Recording] = field(default_factory=dict)

    def read(self, options: dict[str, Any]) -> None:
        """The session of the catalog entry that the page shows, by the options of its source."""
        local = self.project / "conf/local"
        entry = yaml.safe_load((local / "catalog_walk.yml").read_text())["walk.raw"]
        described = yaml.safe_load((local / "parameters_walk.yml").read_text())["walk"]["source"]
        raw = AbstractDataset.from_config("walk.raw", entry).load()["monday"]
        name = described.pop("name")
        typed = typed_options(name, described | options)
        kind = re.search(r"cebra_kedro\.io\.(\w+)", str(entry["sessions"]))[1]
        self.recordings[kind] = source(name)(raw, session="monday", **typed)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Followed:
    followed = Followed(copy_project(tmp_path_factory.mktemp("docs")))
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(followed.project)
        for language, text in blocks():
            if language == "python":
                exec(compile(text, str(PAGE), "exec"), names)
            elif file := re.match(r"# (conf/local/\S+)", text):
                Path(file[1]).write_text(text)
            elif text.startswith("# of the source"):
                followed.read(yaml.safe_load(text))
            elif language == "bash":
                followed.read({})
                for command in text.splitlines():
                    program, run, *arguments = shlex.split(command)
                    assert (program, run) == ("kedro", "run")
                    result = run_command(followed.project, *arguments, "--env", "test")
                    assert result.exit_code == 0, result.output
    return followed


def test_every_format_gives_the_same_recording(followed):
    expected = followed.recordings.pop("NpzDataset")
    assert set(followed.recordings) == {"Hdf5Dataset", "MatDataset", "NwbDataset", "TableDataset"}
    for recording in followed.recordings.values():
        assert np.array_equal(recording.neural, expected.neural)
        assert np.array_equal(recording.trial, expected.trial)
        for name, label in expected.labels.items():
            assert np.array_equal(recording.label(name).values, label.values)


def test_the_walk_is_decoded_from_its_embedding(followed):
    table = pd.read_csv(reporting(followed.project) / "walk" / "metrics.csv")
    of = table.groupby(["variant", "metric"])["value"].mean()
    # of a track of 1 m
    assert of["behaviour", "position_error_median"] < 0.15
    assert of["shuffled", "position_error_median"] > of["behaviour", "position_error_median"] + 0.1
    assert of["behaviour", "direction_balanced_accuracy"] > 60
