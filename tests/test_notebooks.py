"""Notebooks are stored bare, and run on what one rat's run leaves, with and without Kedro's kernel.

Nothing here needs Jupyter itself: ``nbclient`` drives the kernel as Jupyter would.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import textwrap
from collections.abc import Iterator
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


CLAIMS = {
    # The same numbers through the same code; only a file of text lies between them.
    "explore_embeddings": """
        table = scores.set_index("metric")["value"]
        assert decoded.scores
        assert all(abs(table[name] - one) < 1e-9 for name, one in decoded.scores.items())""",
    # Simulated neurons with place fields: a decoder of permuted labels is at chance, 0.25 m.
    "your_own_recording": """
        error = table["position_error_median"].unstack("subject")
        assert list(error.columns) == ["monday", "tuesday"]
        assert (error.loc["behaviour"] < 0.5 * error.loc["shuffled"]).all()""",
    "compare_decoders": """
        stored = catalog.load("hippocampus.pca.embeddings")[f"{rat}/fold0_seed0"]["embedding"]
        assert abs(stored - features_of(0)["pca"]).max() < 1e-5  # float32
        assert list(table.index) == ["position", "shuffled", "raw_window", "pca", "chance"]
        assert list(table.columns) == ["knn", "ridge"] and (table > 0).all(axis=None)
        assert all(low < mean < high for mean, low, high in rows.values())""",
}
"""What must hold after the last cell of a notebook."""


@pytest.fixture(scope="module")
def finished(one_rat, tmp_path_factory) -> Iterator[Path]:
    """A project with results and notebooks; kernels installed on this machine are out of sight."""
    folder = tmp_path_factory.mktemp("notebooks")
    project = shutil.copytree(one_rat, folder / "project")
    shutil.copytree(PROJECT / "notebooks", project / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEDRO_ENV", "test")
        patch.setenv("JUPYTER_DATA_DIR", str(folder / "jupyter_data"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "jupyter_runtime"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield project


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs_and_names_the_kedro_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    code = _code_cells(notebook)
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert [cell.execution_count for cell in code] == [None] * len(code)
    assert notebook.metadata.kernelspec.name == KEDRO_KERNEL


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_short_and_says_first_what_must_have_run(path):
    cells = nbformat.read(path, as_version=4).cells
    assert len(_code_cells(nbformat.read(path, as_version=4))) <= 12
    assert cells[0].cell_type == "markdown"
    assert "kedro jupyter lab" in cells[0].source


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_what_its_cells_draw(finished, path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(CLAIMS[path.stem])))
    cells = _code_cells(_execute(notebook, finished, "python3"))
    drawn = [cell for cell in cells if re.search("^plot_", cell.source, re.M)]
    explored = [cell for cell in cells if re.search("^explore\\(", cell.source, re.M)]
    assert drawn or explored
    for cell in drawn:
        (picture,) = _pictures(cell)
        # One colour all over would be an empty canvas.
        assert picture.std() > 0, cell.source
    for cell in explored:
        # Another output is what Kedro's own display says of the object.
        frames = [data["text/html"] for data in map(_data, cell.outputs) if "text/html" in data]
        assert any(text.startswith("<iframe ") for text in frames), cell.source


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
