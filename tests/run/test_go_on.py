"""The command after a failure runs what has not run, and all of it."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro_datasets.json import JSONDataset

from cebra_kedro.run.go_on import how_to_go_on

PIPELINE = Pipeline(
    [
        node(len, "raw", "recordings", name="read"),
        node(len, "recordings", "models", name="train"),
        node(len, "models", "scores", name="decode"),
        node(len, "models", "picture", name="draw"),
        node(lambda *_: 0, ["scores", "picture"], "page", name="report"),
    ]
)
COMMAND = ["/venv/bin/kedro", "run", "--pipelines", "rats"]


@pytest.fixture(scope="module")
def catalog():
    return DataCatalog({name: JSONDataset(filepath=f"{name}.json") for name in PIPELINE.datasets()})


def going_on(catalog, finished, argv=COMMAND, pipeline=PIPELINE):
    return how_to_go_on(argv, pipeline, finished, catalog)


def test_the_failed_node_is_named(catalog):
    note = going_on(catalog, {"read"})
    assert note == "Go on with: kedro run --pipelines rats --from-nodes=train"


def test_nodes_that_had_not_run_and_do_not_follow_from_it_are_named_too(catalog):
    note = going_on(catalog, {"read", "train"})
    assert note.endswith(" --from-nodes=decode,draw")


@given(finished=st.sets(st.sampled_from([n.name for n in PIPELINE.nodes]), max_size=4))
def test_exactly_what_has_not_finished_is_run(catalog, finished):
    """Whatever had run: nodes have, once what they follow from has."""
    finished = {
        n.name
        for n in PIPELINE.nodes
        if n.name in finished and {a.name for a in PIPELINE.to_nodes(n.name).nodes} <= finished
    }
    words = shlex.split(going_on(catalog, finished))
    named = [w.removeprefix("--from-nodes=") for w in words if w.startswith("--from-nodes=")]
    again = PIPELINE.filter(from_nodes=named[0].split(",")) if named else PIPELINE
    assert {n.name for n in again.nodes} == {n.name for n in PIPELINE.nodes} - finished


def test_where_nothing_had_run_the_command_stays_as_it_was(catalog):
    assert going_on(catalog, set()) == "Go on with: kedro run --pipelines rats"


def test_what_was_only_in_memory_is_made_again(catalog):
    mixed = DataCatalog(
        {name: JSONDataset(filepath=f"{name}.json") for name in PIPELINE.datasets()}
        | {"models": MemoryDataset()}
    )
    assert "--from-nodes" not in going_on(mixed, {"read", "train"})
    assert "--from-nodes=train" in going_on(mixed, {"read"})


def test_a_long_list_of_nodes_is_not_given(catalog):
    many = Pipeline(
        [
            node(len, "raw", "recordings", name="read"),
            *(node(len, "recordings", f"m{n}", name=f"training.rats.{n}.train") for n in range(9)),
        ]
    )
    assert going_on(catalog, {"read"}, pipeline=many) == "Go on with: kedro run --pipelines rats"


def test_words_with_spaces_are_quoted(catalog):
    argv = ["kedro", "run", "--params", "rats.sessions=[a, b]"]
    note = going_on(catalog, {"read"}, argv)
    assert shlex.split(note)[3:] == [*argv, "--from-nodes=train"]


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("/x/kedro/__main__.py", "kedro"),
        ("/x/bin/kedro.exe", "kedro"),
        ("python -m kedro", "python -m kedro"),
        ("/x/bin/cebra-kedro", "cebra-kedro"),
    ],
)
def test_the_program_is_named_as_it_is_typed(catalog, program, name):
    note = going_on(catalog, {"read"}, [program, "run"])
    assert note == f"Go on with: {name} run --from-nodes=train"


def test_a_run_that_no_command_has_begun_has_none(catalog):
    assert going_on(catalog, {"read"}, ["ipykernel_launcher.py", "-f", "x.json"]) is None
