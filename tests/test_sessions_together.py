"""The pages about several sessions do what they say, on rats that take seconds."""

import re

import pandas as pd
import pytest
import yaml

from cebra_kedro.experiment import Experiment
from doc_pages import DOCS, blocks
from kedro_project import base_parameters, copy_project, reporting, run_command

RATS = ["buddy", "gatsby"]
TOGETHER = {"together": {"joint": RATS}, "by_phase": {"joint": RATS}}


def page(name):
    """What a page adds to the description of the rats."""
    (text,) = [text for language, text in blocks(DOCS / name) if language == "yaml"]
    assert re.match("# conf/local/parameters_hippocampus.yml", text)
    return yaml.safe_load(text)["hippocampus"]


def added(described, more):
    """Nested blocks, as Kedro merges those of two environments."""
    merged = dict(described)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = added(merged[key], value) if both else value
    return merged


@pytest.mark.parametrize(
    "name", ["sessions_by_time.md", "across_animals.md", "adapt.md", "objectives.md"]
)
def test_the_page_describes_what_may_be_written(name):
    Experiment.model_validate(added(base_parameters()["hippocampus"], page(name)))


def ran(folder, described, rats):
    """The scores of one fold of simulated rats with fewer trials, on rats other than their own."""
    described |= {
        "sessions": rats,
        "split": {"by": "block"},
        "training": described["training"] | {"steps": 150, "device": "cpu", "processes": 1},
        "baselines": {"pca": {"components": 3}},
        "compare": {"seeds": False},
        "figures": {"across": described["figures"]["across"]},
        "attribution": None,
        "default_run": None,
    }
    project = copy_project(folder)
    raw = yaml.safe_load((project / "conf/base/catalog_hippocampus.yml").read_text())
    raw = raw["hippocampus.raw"] | {
        "sessions": {rat: raw["hippocampus.raw"]["sessions"][rat] for rat in rats}
    }
    raw["each"]["arguments"]["n_trials"] = 16
    local = project / "conf/local"
    (local / "catalog_pair.yml").write_text(yaml.safe_dump({"pair.raw": raw}))
    (local / "parameters_pair.yml").write_text(yaml.safe_dump({"pair": described}))
    result = run_command(project, "--pipelines", "pair", "--env", "test")
    assert result.exit_code == 0, result.output
    assert (reporting(project) / "pair" / "across.png").exists()
    table = pd.read_csv(reporting(project) / "pair" / "across.csv")
    between = table[table["source"] != table["target"]]
    return between.groupby(["variant", "metric"])["value"].mean()


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Both pages for two rats."""
    pages = added(page("sessions_by_time.md"), page("across_animals.md"))
    described = added(base_parameters()["hippocampus"], pages)
    names = [*pages["encoders"], "position", "time", "together", "shuffled"]
    described["encoders"] = {name: described["encoders"][name] for name in names}
    for name, sessions in TOGETHER.items():
        described["encoders"][name]["sessions"] = sessions
    described["across"]["variants"] += ["by_phase", "by_phase_shuffled"]
    return ran(tmp_path_factory.mktemp("together"), described, RATS)


@pytest.mark.slow
def test_decoders_of_old_rats_read_one_that_the_encoder_is_adapted_to(tmp_path):
    described = added(base_parameters()["hippocampus"], page("adapt.md"))
    names = [*page("adapt.md")["encoders"], "together"]
    described["encoders"] = {name: described["encoders"][name] for name in names}
    described["encoders"]["old"]["sessions"] = {"joint": ["buddy", "cicero"]}
    described["encoders"]["adapted"]["steps"] = 150
    found = ran(tmp_path, described, ["buddy", "cicero", "gatsby"])
    error = found[:, "position_error_median"]
    # of a track of 1.6 m, where chance is about 0.4 m
    assert error["adapted"] < 0.6 * found["adapted", "chance_position_error_median"]
    assert error["adapted"] < 0.6 * error["adapted_shuffled"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "control"),
    [
        ("position", "shuffled"),
        ("time", "shuffled"),
        ("together", "together_shuffled"),
        ("by_phase", "by_phase_shuffled"),
    ],
)
def test_decoders_carried_to_another_rat_beat_chance_and_their_control(scores, variant, control):
    error = scores[:, "position_error_median"]
    # of a track of 1.6 m, where chance is about 0.4 m
    assert error[variant] < 0.8 * scores[variant, "chance_position_error_median"]
    assert error[variant] < 0.8 * error[control]
