"""The pipelines there are: cheap to list, every dataset in the catalog, every node with a name."""

import subprocess
import sys

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog, MemoryDataset

from cebra_kedro.experiments import EXPERIMENTS
from cebra_kedro.pipeline_registry import register_pipelines
from cebra_kedro.settings import CONFIG_LOADER_ARGS
from kedro_project import PROJECT

STAGES = ("ingestion", "training", "decoding", "consistency", "reporting")


@pytest.fixture(scope="module")
def pipelines():
    return register_pipelines()


def test_there_is_a_pipeline_for_each_stage_and_each_experiment(pipelines):
    experiments = {e.pipeline or e.name for e in EXPERIMENTS}
    assert set(pipelines) == {*STAGES, *experiments, "paper_figures", "__default__"}


@pytest.mark.parametrize("names", [STAGES, [e.pipeline or e.name for e in EXPERIMENTS]])
def test_the_stages_and_the_experiments_make_up_the_default_pipeline(pipelines, names):
    parts = [set(pipelines[name].nodes) for name in names]
    assert set().union(*parts) == set(pipelines["__default__"].nodes)
    assert sum(map(len, parts)) == len(pipelines["__default__"].nodes)


def test_node_names_are_readable_and_unique(pipelines):
    names = [node.name for node in pipelines["__default__"].nodes]
    assert len(set(names)) == len(names)
    # Kedro appends a digest to the name of a node that was given none.
    assert not [name for name in names if "__" in name]


def test_every_subject_and_variant_has_a_namespace_of_its_own(pipelines):
    decoded = {node.namespace.split(".")[0] for node in pipelines["decoding"].nodes}
    assert decoded == {e.name for e in EXPERIMENTS} - {"allen_consistency"}
    for experiment in EXPERIMENTS:
        expected = {"embeddings", "scores", "predictions"}
        if experiment.name not in decoded:
            expected = {"embeddings"}
        for subject in experiment.subjects:
            for variant in experiment.variants:
                namespace = f"{experiment.name}.{subject}.{variant}"
                chosen = pipelines["__default__"].only_nodes_with_namespaces([namespace])
                outputs = {name.removeprefix(f"{namespace}.") for name in chosen.all_outputs()}
                assert expected <= outputs
                assert ("models" in outputs) is (variant in experiment.trained_variants)


def test_one_subject_runs_without_the_others(pipelines):
    for experiment in EXPERIMENTS:
        subject = f"{experiment.name}.{experiment.subjects[0]}"
        chosen = pipelines["__default__"].only_nodes_with_namespaces([subject])
        needed = {name for name in chosen.inputs() if not name.startswith("params:")}
        entries = {name.rpartition(".")[2].partition("_")[0] for name in needed}
        assert entries == {"raw", "model"}, needed  # raw files, and the store of encoders


@pytest.mark.parametrize("environment", ["base", "paper", "rehearsal", "test"])
def test_every_dataset_is_in_the_catalog_and_none_lives_in_memory(pipelines, environment):
    loader = OmegaConfigLoader(str(PROJECT / "conf"), env=environment, **CONFIG_LOADER_ARGS)
    catalog = DataCatalog.from_config(loader["catalog"])
    names = {name for pipeline in pipelines.values() for name in pipeline.datasets()}
    for name in sorted(name for name in names if not name.startswith("params:")):
        dataset = catalog.get(name, fallback_to_runtime_pattern=False)
        assert dataset is not None, name
        assert not isinstance(dataset, MemoryDataset), name
        # Viz sorts by layer.
        assert dataset.metadata["kedro-viz"]["layer"], name


def test_no_two_outputs_are_written_to_the_same_place(pipelines):
    loader = OmegaConfigLoader(str(PROJECT / "conf"), env="test", **CONFIG_LOADER_ARGS)
    catalog = DataCatalog.from_config(loader["catalog"])
    datasets = {name: catalog.get(name) for name in pipelines["__default__"].all_outputs()}
    places = [str(getattr(d, "_filepath", None) or d._path) for d in datasets.values()]
    assert len(set(places)) == len(places)


def test_listing_the_pipelines_loads_no_heavy_library():
    program = """
import sys
from cebra_kedro.pipeline_registry import register_pipelines
register_pipelines()
heavy = {"torch", "cebra", "sklearn", "h5py", "pooch", "joblib"} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or None)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
