"""What a catalog sees of the room: cheap names, and docstring examples that are true."""

import inspect
import subprocess
import sys
import textwrap
from itertools import takewhile

import numpy as np
import pytest
import yaml
from kedro.io import AbstractDataset, DataCatalog

import cebra_kedro.io as room


@pytest.mark.parametrize("name", room.__all__)
def test_the_yaml_entry_of_the_docstring_makes_a_dataset(name):
    docstring = inspect.cleandoc(getattr(room, name).__doc__)
    block = docstring.split(".. code-block:: yaml\n\n")[1]
    lines = takewhile(lambda line: line.startswith("        "), block.splitlines())
    entries = yaml.safe_load(textwrap.dedent("\n".join(lines)))
    assert len(entries) == 1
    for entry, config in entries.items():
        dataset = AbstractDataset.from_config(entry, config)
        assert type(dataset) is getattr(room, name)
        assert dataset.metadata == config.get("metadata")
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


def test_a_folder_of_npz_files_is_a_partitioned_dataset(tmp_path):
    config = {
        "type": "partitions.PartitionedDataset",
        "path": str(tmp_path / "embeddings"),
        "filename_suffix": ".npz",
        "dataset": {"type": "cebra_kedro.io.NpzDataset"},
    }
    dataset = AbstractDataset.from_config("embeddings", config)
    dataset.save({"fold0_seed1": {"embedding": np.eye(2)}})
    loaded = dataset.load()
    assert list(loaded) == ["fold0_seed1"]
    np.testing.assert_array_equal(loaded["fold0_seed1"]()["embedding"], np.eye(2))


def test_importing_the_dataset_classes_loads_no_heavy_library():
    """Except matplotlib for the one whose format it is."""
    program = """
import sys
import cebra_kedro.atomic
import cebra_kedro.io as room
for name in set(room.__all__) - {"FigureDataset"}:
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
