"""The page on models that cebra trained does what it says, followed on one session."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from doc_pages import DOCS, blocks
from kedro_project import copy_project, manifest, reporting, run_command

PAGE, BY_HAND = DOCS / "cebra_models.md", DOCS / "experiment_by_hand.md"


def texts(page: Path, language: str, begins: str) -> str:
    [text] = [text for kind, text in blocks(page) if kind == language and text.startswith(begins)]
    return text


def description() -> dict:
    """That of the experiment by hand with the encoder of the page; one session, few trainings."""
    described = yaml.safe_load(texts(BY_HAND, "yaml", "# conf/local/parameters_mine.yml"))["mine"]
    theirs = yaml.safe_load(texts(PAGE, "yaml", "# conf/local/parameters_mine.yml"))
    described["encoders"] = {"behaviour": described["encoders"]["behaviour"], **theirs}
    described["training"] |= {"steps": 20, "seeds": [3], "processes": 1}
    return described | {"sessions": ["monday"], "compare": {"encoders": True}}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("theirs"))
    local = project / "conf" / "local"
    catalog = texts(BY_HAND, "yaml", "# conf/local/catalog_mine.yml")
    (local / "catalog_mine.yml").write_text(catalog)
    (local / "parameters_mine.yml").write_text(yaml.safe_dump({"mine": description()}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        make = texts(BY_HAND, "python", "# python make_mine.py")
        train = texts(PAGE, "python", "# train_theirs.py")
        train = re.sub(r"max_iterations=\d+", 'max_iterations=5, device="cpu"', train)
        for text in (make, train):
            exec(compile(text, "page", "exec"), {})
    result = run_command(project, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 0, result.output
    return project


def test_it_is_scored_in_every_fold_under_a_name_that_warns(project):
    table = pd.read_csv(reporting(project) / "mine" / "metrics.csv")
    theirs = table[table["variant"] == "theirs_unknown_split"]
    assert {"position_r2", "choice_accuracy", "goodness_of_fit"} <= set(theirs["metric"])
    assert set(theirs["fold"]) == {0, 1, 2} and set(theirs["seed"]) == {0}
    assert set(table["variant"]) >= {"behaviour", "raw", "pca"}
    assert "theirs" not in set(table["variant"])


def test_it_is_compared_with_other_encoders(project):
    table = pd.read_csv(reporting(project) / "mine" / "consistency.csv")
    assert table["source"].str.contains("theirs_unknown_split").any()


def test_the_report_warns(project):
    page = (reporting(project) / "report.html").read_text()
    assert "read from a file that does not say which trials it was trained on" in page
    assert "theirs ‡" in page


def test_figures_explain_the_mark(project):
    picture = (reporting(project) / "mine" / "monday" / "scores.svg").read_text()
    assert "‡" in picture


def test_what_is_read_is_not_read_again(project):
    result = run_command(project, "--pipelines", "mine", "--env", "test")
    assert result.exit_code == 0, result.output
    pieces = manifest(project)["node_pieces"]["training.mine.theirs.open"]
    assert pieces == [0, 1]


def test_a_file_of_other_neurons_stops_the_run_before_anything_is_trained(project):
    file = project / "conf" / "local" / "parameters_mine.yml"
    told = file.read_text()
    own = description() | {"sessions": ["tuesday"]}
    own["encoders"]["theirs"]["sessions"] = ["tuesday"]
    file.write_text(yaml.safe_dump({"mine": own}))
    result = run_command(project, "--pipelines", "mine", "--env", "test")
    file.write_text(told)
    assert result.exit_code != 0
    assert re.search(r"theirs\.pt was trained on 30 neurons, but tuesday has 40", result.output)
    assert not list((project / "data" / "06_models").rglob("tuesday*"))
