"""Notebooks are stored bare, and run on what one rat's run leaves, with and without Kedro's kernel.

Nothing here needs Jupyter itself: ``nbclient`` drives the kernel as Jupyter would.
"""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import matplotlib.image
import nbclient
import nbformat
import pytest

from kedro_command import kedro
from kedro_project import PROJECT

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
KEDRO_KERNEL = "kedro_cebra_kedro"


@pytest.fixture
def finished(one_rat, tmp_path, monkeypatch) -> Path:
    """A project with results and notebooks; kernels installed on this machine are out of sight."""
    monkeypatch.setenv("KEDRO_ENV", "test")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter_data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter_runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    project = shutil.copytree(one_rat, tmp_path / "project")
    shutil.copytree(PROJECT / "notebooks", project / "notebooks")
    return project


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs_and_names_the_kedro_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    code = _code_cells(notebook)
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert [cell.execution_count for cell in code] == [None] * len(code)
    assert notebook.metadata.kernelspec.name == KEDRO_KERNEL


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_a_figure_for_each_plot(finished, path):
    notebook = _execute(nbformat.read(path, as_version=4), finished, "python3")
    plots = [cell for cell in _code_cells(notebook) if "\nplot_" in cell.source]
    assert plots
    for cell in plots:
        (picture,) = _pictures(cell)
        # One colour all over would be an empty canvas.
        assert picture.std() > 0, cell.source


def test_kernel_that_kedro_installs_has_the_catalog(finished):
    kedro("jupyter", "setup", project=finished)
    question = (
        'print(catalog.load("hippocampus.recordings")["buddy"].name, sorted(pipelines)[0], '
        'catalog.load("hippocampus.time.embeddings")["buddy/fold0_seed1"]["embedding"].shape)'
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(question)])
    (cell,) = _execute(notebook, finished, KEDRO_KERNEL).cells
    printed = [output.text for output in cell.outputs if output.get("name") == "stdout"]
    assert printed == ["buddy __default__ (1280, 3)\n"]


def _execute(notebook: Any, project: Path, kernel: str) -> Any:
    client = nbclient.NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=300,
        # Jupyter starts a kernel in the folder of its notebook.
        resources={"metadata": {"path": str(project / "notebooks")}},
    )
    return client.execute()


def _code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _pictures(cell: Any) -> list[Any]:
    encoded = [output.data["image/png"] for output in cell.outputs if "image/png" in _data(output)]
    return [matplotlib.image.imread(io.BytesIO(base64.b64decode(text))) for text in encoded]


def _data(output: Any) -> dict[str, Any]:
    return output.get("data", {})
