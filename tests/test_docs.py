"""The pages of ``docs/`` do what they say: their examples are run as they stand.

Their commands are looked at in ``test_docs_commands``.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io.core import AbstractDataset

from cebra_kedro.experiment import Experiment
from cebra_kedro.recording import Recording
from cebra_kedro.sources.registry import source, typed_options
from doc_pages import DOCS, PAGES, blocks
from kedro_project import PROJECT, base_parameters, copy_project, reporting, run_command

WALK = DOCS / "your_own_recording.md"
BY_HAND = DOCS / "experiment_by_hand.md"


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


def run_block(project: Path, text: str) -> None:
    """The commands of a block, which are all runs of Kedro."""
    for command in text.splitlines():
        program, run, *arguments = shlex.split(command)
        assert (program, run) == ("kedro", "run")
        result = run_command(project, *arguments, "--env", "test")
        assert result.exit_code == 0, result.output


# --- your own recording ---------------------------------------------------------------------------
@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Followed:
    followed = Followed(copy_project(tmp_path_factory.mktemp("docs")))
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(followed.project)
        for language, text in blocks(WALK):
            if language == "python":
                exec(compile(text, str(WALK), "exec"), names)
            elif file := re.match(r"# (conf/local/\S+)", text):
                Path(file[1]).write_text(text)
            elif text.startswith("# of the source"):
                followed.read(yaml.safe_load(text))
            elif language == "bash":
                followed.read({})
                run_block(followed.project, text)
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


# --- an experiment by hand ------------------------------------------------------------------------
@pytest.fixture(scope="module")
def by_hand(tmp_path_factory) -> Path:
    """A project in which the page was followed: its files as they stand, its run at the end."""
    project = copy_project(tmp_path_factory.mktemp("by_hand"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        runs = []
        for language, text in blocks(BY_HAND):
            if language == "python":
                exec(compile(text, str(BY_HAND), "exec"), {})
            elif file := re.match(r"# (conf/local/[\w.]+)", text):
                Path(file[1]).write_text(text.replace("seeds: [0, 1]", "seeds: [0]"))
            elif text.startswith("# below mine:"):
                with Path("conf/local/parameters_mine.yml").open("a") as written:
                    written.write(text.replace("trials: 40", "trials: 3"))
            elif text.startswith("# below sweep:, in place of grid:"):
                other_sweep(Path("conf/local/parameters_mine.yml"), text)
            else:
                assert language == "bash"
                runs.append(text)
        for text in runs:  # once, with the sweep that the page adds
            run_block(project, text)
    return project


def other_sweep(file: Path, text: str) -> None:
    """The description with another kind of sweep is one that may be written."""
    described = yaml.safe_load(file.read_text())["mine"]
    described["sweep"] = {"encoders": described["sweep"]["encoders"], **yaml.safe_load(text)}
    assert len(Experiment.model_validate(described).sweep.cells) == 30


@pytest.mark.slow
def test_the_experiment_by_hand_decodes_both_labels(by_hand):
    table = pd.read_csv(reporting(by_hand) / "mine" / "metrics.csv")
    assert set(table["subject"]) == {"monday", "tuesday"}
    of = table[table["decoder"] == "knn"].groupby(["variant", "metric"])["value"].mean()
    for variant in ("behaviour", "together"):
        assert (
            of[variant, "position_error_median"]
            < 0.5 * of["behaviour", "chance_position_error_median"]
        )
        assert of[variant, "choice_balanced_accuracy"] > 60  # of two classes
    assert {"knn", "logistic"} <= set(table["decoder"])


@pytest.mark.slow
def test_the_sweep_by_hand_has_every_combination(by_hand):
    table = pd.read_csv(reporting(by_hand) / "mine" / "sweep.csv")
    swept = table[["training.steps", "encoders.behaviour.pairs.time_offset_bins"]]
    assert {*map(tuple, swept.to_numpy().tolist())} == {(50, 5), (50, 20), (100, 5), (100, 20)}


@pytest.mark.slow
def test_the_search_by_hand_tries_and_chooses(by_hand):
    table = pd.read_csv(reporting(by_hand) / "mine" / "search.csv")
    tried = table[table["scored_on"] == "valid"]
    assert tried["trial"].nunique() == 3
    assert table.loc[table["scored_on"] == "test", "trial"].nunique() == 1


# --- Python ---------------------------------------------------------------------------------------
def test_the_example_of_the_library_decodes_a_position():
    ((language, text),) = blocks(DOCS / "api" / "index.md")
    assert language == "python"
    names: dict[str, Any] = {}
    exec(compile(text, "api/index.md", "exec"), names)
    scores = names["decoded"].scores
    assert scores["position_error_median"] < 0.3 * scores["chance_position_error_median"]


def test_results_are_opened_as_the_page_says(one_rat):
    texts = [text for language, text in blocks(DOCS / "results.md") if language == "python"]
    text = "\n".join(texts)
    show = "print(embedding.shape, position.shape, sorted(set(scores['subject'])))"
    done = subprocess.run(
        [sys.executable, "-c", f"{text}\n{show}"],
        cwd=one_rat,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "(1280, 3) (1280,) ['buddy']"


def test_settings_of_the_user_s_own_are_described_as_they_may_be(project):
    (text,) = [t for language, t in blocks(DOCS / "choose_what_runs.md") if language == "yaml"]
    file = re.match(r"# (conf/local/\S+)", text)[1]
    (project / file).write_text(text)
    own = yaml.safe_load(text)["hippocampus"]["training"]
    described = base_parameters()["hippocampus"]
    merged = Experiment.model_validate(described | {"training": described["training"] | own})
    assert (merged.training.steps, merged.training.seeds) == (800, (0, 1, 2, 3))


# --- what is written about the code ---------------------------------------------------------------
def test_every_key_of_a_description_is_in_the_reference(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import settings_reference

    page = settings_reference.filled((DOCS / settings_reference.PAGE).read_text())
    anchors = {*re.findall(r"\{#([\w-]+)\}", page)}
    assert {*re.findall(r"\]\(#([\w-]+)\)", page)} <= anchors
    assert len(anchors) == len(re.findall(r"\{#[\w-]+\}", page))
    for key in Experiment.model_fields:
        assert f"| `{key}` |" in page
    # one key of each depth, with its default and what its docstring says
    assert "| `clip_norm` | number, > 0 | `null` | the gradient's norm is clipped" in page
    assert "| `lowest_rate_hz` | number, ≥ 0 | `0.0` | units that fire less" in page


def test_a_key_without_a_meaning_stops_the_reference(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import settings_reference

    from cebra_kedro.parameter_block import Settings

    class Silent(Settings):
        """A block.

        Attributes:
            told: something.
        """

        told: int = 1
        untold: int = 2

    with pytest.raises(ValueError, match="Silent: untold is described nowhere"):
        settings_reference.Sections("test").add("", Silent)


def test_messages_of_the_page_on_troubles_are_those_of_the_code():
    page = (DOCS / "troubleshooting.md").read_text().split("## Results look wrong")[0]
    messages = re.findall(r"^\| (?!message|---)(.*?) \|", page, re.M)
    said = list(_texts_of_the_code())
    assert len(messages) > 20
    for message in messages:
        parts = [part.strip(" ();,") for part in message.split("…")]
        parts = [part for part in parts if part]
        assert any(all(part in text for part in parts) for text in said), message


def test_links_of_the_front_page_lead_somewhere():
    text = (PROJECT / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert len(links) > 15
    for link in links:
        file, _, anchor = link.partition("#")
        assert (PROJECT / file).is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", (PROJECT / file).read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_is_in_the_navigation():
    """Of the site, which itself is built in ``.ci/run``; here for those who have no MkDocs."""
    text = (PROJECT / "mkdocs.yml").read_text()
    for page in PAGES[1:]:
        assert page.relative_to(DOCS).as_posix() in text


def _texts_of_the_code() -> Iterator[str]:
    """Every text in the code; ``…`` where something is put in."""
    for file in (PROJECT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr | ast.Constant | ast.BinOp):
                yield _text_of(node)


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text_of(node.left) + _text_of(node.right)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "…"
