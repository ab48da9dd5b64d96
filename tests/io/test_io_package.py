"""What a catalog sees of the room: cheap names, and docstring examples that are true."""

import inspect
import subprocess
import sys
import textwrap

import pytest
import yaml
from kedro.io import AbstractDataset, DataCatalog

import cebra_kedro.io as room


@pytest.mark.parametrize("name", room.__all__)
def test_the_yaml_entry_of_the_docstring_makes_a_dataset_with_its_viz_layer(name):
    docstring = inspect.cleandoc(getattr(room, name).__doc__)
    block = docstring.split(".. code-block:: yaml\n")[1].split("\nArgs:")[0]
    example = block.split("\n    Without this package")[0]
    entries = yaml.safe_load(textwrap.dedent(example))
    assert len(entries) == 1
    for entry, config in entries.items():
        dataset = AbstractDataset.from_config(entry, config)
        assert type(dataset) is getattr(room, name)
        assert "layer" in dataset.metadata["kedro-viz"]
        assert name in repr(dataset)


def test_patterns_in_a_catalog_resolve_to_the_classes(tmp_path):
    catalog = DataCatalog.from_config(
        {
            "{subject}.embedding": {
                "type": "cebra_kedro.io.NpzDataset",
                "filepath": f"{tmp_path}/{{subject}}.npz",
            }
        }
    )
    assert isinstance(catalog["buddy.embedding"], room.NpzDataset)


def test_importing_every_dataset_class_loads_no_heavy_library():
    program = """
import sys
import cebra_kedro.atomic
import cebra_kedro.io as room
for name in room.__all__:
    getattr(room, name)
heavy = {"torch", "cebra", "sklearn", "matplotlib", "pooch", "joblib"} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or None)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_room_loads_no_format_library():
    program = "import sys, cebra_kedro.io; sys.exit('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_name_is_an_attribute_error_and_all_names_are_listed():
    with pytest.raises(AttributeError, match="NoSuchDataset"):
        _ = room.NoSuchDataset
    assert set(room.__all__) <= set(dir(room))
