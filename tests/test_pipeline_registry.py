"""The pipelines there are: cheap to list, every dataset in the catalog, every node with a name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset

from cebra_kedro import pipeline_registry
from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Descriptions
from cebra_kedro.io import StoreDataset
from cebra_kedro.pipeline_registry import STAGES, read_descriptions, register_pipelines
from kedro_project import copy_project

EXPERIMENTS = ("allen_consistency", "allen_decoding", "hippocampus", "monkey_reaching", "synthetic")
OWN = {"paper": ("linear_track",)}
"""Environment → experiments that it has besides."""


@pytest.fixture(scope="module", params=["base", "paper", "rehearsal", "test"])
def environment(request):
    return request.param


@pytest.fixture(scope="module")
def experiments(environment):
    return (*EXPERIMENTS, *OWN.get(environment, ()))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project without the developer's own experiments."""
    return copy_project(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="module")
def registered(environment, project):
    """Pipelines and descriptions, as a run in an environment finds them."""
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEDRO_ENV", environment)
        patch.chdir(project)
        found = register_pipelines(), read_descriptions()
    assert Path.cwd() == before
    return found


@pytest.fixture(scope="module")
def pipelines(registered):
    return registered[0]


@pytest.fixture(scope="module")
def descriptions(registered):
    return registered[1].experiments


@pytest.fixture(scope="module")
def catalog(environment, project):
    return DataCatalog.from_config(configuration(project / "conf", environment)["catalog"])


def entries(pipeline) -> set[str]:
    """What flows in a pipeline, without parameters."""
    return {name for name in pipeline.datasets() if not name.startswith("params:")}


def index_or_file(dataset) -> Path:
    """Where an entry says what it has: stores share folders, each with an index of its own."""
    if isinstance(dataset, StoreDataset):
        return dataset.index
    return Path(getattr(dataset, "_filepath", None) or dataset._path)


def test_there_is_a_pipeline_for_each_stage_and_each_experiment(pipelines, experiments, registered):
    assert registered[1].problems == {}
    others = {"everything", "paper_figures", "__default__"}
    assert set(pipelines) == {*STAGES, *experiments} | others


def test_the_stages_and_the_experiments_make_up_everything(pipelines, experiments):
    for names in (STAGES, experiments):
        parts = [set(pipelines[name].nodes) for name in names]
        assert set().union(*parts) == set(pipelines["everything"].nodes)
        assert sum(map(len, parts)) == len(pipelines["everything"].nodes)


def test_the_default_pipeline_is_a_part_of_everything_from_end_to_end(pipelines, descriptions):
    names = {node.name for node in pipelines["__default__"].nodes}
    assert names < {node.name for node in pipelines["everything"].nodes}
    parts = {name: one for name, one in descriptions.items() if one.default_run}
    assert pipelines["__default__"].outputs() == {f"{name}.results" for name in parts}
    for name, one in parts.items():
        trained = {n.split(".")[2] for n in names if n.startswith(f"training.{name}.")}
        assert set(one.default_run.encoders) == trained & set(one.encoders)


def test_without_a_part_of_any_experiment_everything_is_the_default(descriptions, monkeypatch):
    whole = {n: one.model_copy(update={"default_run": None}) for n, one in descriptions.items()}
    monkeypatch.setattr(pipeline_registry, "read_descriptions", lambda: Descriptions(whole))
    registered = pipeline_registry.register_pipelines()
    assert set(registered["__default__"].nodes) == set(registered["everything"].nodes)


def test_node_names_are_readable_and_unique(pipelines):
    nodes = [*pipelines["everything"].nodes, *pipelines["paper_figures"].nodes]
    names = [node.name for node in nodes]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    # Kedro appends a digest to the name of a node that was given none.
    assert [name for name in names if "__" in name] == []
    # ... and the name of its function, with brackets, to others
    assert [
        name for name in names if not name.replace(".", "_").replace("-", "_").isidentifier()
    ] == []


def test_namespaces_are_the_stage_the_experiment_and_the_encoder(pipelines, descriptions):
    for stage in STAGES:
        for node in pipelines[stage].nodes:
            first, experiment, *rest = node.namespace.split(".")
            assert (first, experiment in descriptions) == (stage, True)
            one = descriptions[experiment]
            boxes = {*one.encoders, *one.stored_baselines} if stage == "training" else set()
            assert rest == [] or (len(rest) == 1 and rest[0] in boxes), node.name


def test_every_encoder_and_stored_baseline_has_a_box(pipelines, descriptions):
    for name, one in descriptions.items():
        for variant in (*one.encoders, *one.stored_baselines):
            chosen = pipelines["training"].only_nodes_with_namespaces(
                [f"training.{name}.{variant}"]
            )
            outputs = {f"{name}.{variant}.embeddings"}
            if variant in one.encoders:
                outputs.add(f"{name}.{variant}.models")
            assert chosen.all_outputs() == outputs


def test_every_figure_of_a_description_is_a_node(pipelines, descriptions):
    for name, one in descriptions.items():
        nodes = {node.name for node in pipelines[name].nodes}
        assert {f"reporting.{name}.{figure}" for figure in one.figures} <= nodes


def test_the_graph_does_not_grow_with_sessions_folds_and_seeds(pipelines, descriptions):
    """One node for each encoder, not for each of its trainings."""
    for name, one in descriptions.items():
        trainings = [node for node in pipelines[name].nodes if node.short_name == "train"]
        assert len(trainings) == len(one.encoders)
        names = " ".join(node.name for node in pipelines[name].nodes)
        assert not any(f".{session}." in names for session in one.sessions)
    assert len(pipelines["everything"].nodes) <= 260
    assert len(pipelines["__default__"].nodes) <= 100


def test_nothing_is_left_over_but_the_lists_of_results(pipelines, experiments):
    assert pipelines["everything"].outputs() == {f"{name}.results" for name in experiments}
    for name in experiments:
        assert pipelines[name].outputs() == {f"{name}.results"}
        needed = {entry for entry in pipelines[name].inputs() if not entry.startswith("params:")}
        assert needed == {f"{name}.raw"}


def test_an_experiment_shares_no_entry_with_another(pipelines, experiments):
    for name in experiments:
        assert {entry.split(".")[0] for entry in entries(pipelines[name])} == {name}


def test_few_entries_flow_from_one_stage_to_another(pipelines, experiments):
    for name in experiments:
        parts = {
            stage: pipelines[stage].only_nodes_with_namespaces([f"{stage}.{name}"])
            for stage in STAGES
            if any(node.namespace.split(".")[1] == name for node in pipelines[stage].nodes)
        }
        everywhere = {f"{name}.recordings", f"{name}.splits"}
        for (before, one), (after, other) in permutations(parts.items(), 2):
            flowing = one.all_outputs() & other.inputs()
            assert len(flowing - everywhere) <= 3, (before, after, flowing)


def test_every_dataset_is_in_the_catalog_and_none_lives_in_memory(pipelines, catalog):
    for name in sorted(set().union(*map(entries, pipelines.values()))):
        dataset = catalog.get(name, fallback_to_runtime_pattern=False)
        assert dataset is not None, name
        assert not isinstance(dataset, MemoryDataset), name


def test_no_two_outputs_are_written_to_the_same_place(pipelines, catalog):
    outputs = pipelines["everything"].all_outputs() | pipelines["paper_figures"].all_outputs()
    places = [index_or_file(catalog.get(name)).as_posix() for name in outputs]
    assert [place for place, count in Counter(places).items() if count > 1] == []


def test_every_output_lies_in_the_folder_of_its_experiment(pipelines, experiments, catalog):
    for name in experiments:
        for output in pipelines[name].all_outputs():
            place = index_or_file(catalog.get(output))
            assert place.parts[:1] == ("data",), output
            assert place.parts[2] == name, output


@pytest.mark.parametrize("environment", ["test"], indirect=True)
def test_listing_the_pipelines_loads_no_heavy_library(environment, project):
    program = """
import sys
from cebra_kedro.pipeline_registry import register_pipelines
assert len(register_pipelines()["everything"].nodes) > 100
heavy = {"torch", "cebra", "sklearn", "h5py", "pooch", "joblib", "matplotlib"} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or None)
"""
    command = [sys.executable, "-c", program]
    env = os.environ | {"KEDRO_ENV": environment}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=project, env=env
    )
    assert (done.returncode, done.stderr) == (0, "")
