"""MATLAB files as named arrays; the versions of the format are in the files beside this one."""

from __future__ import annotations

import logging
from pathlib import Path

from kedro.io.core import DatasetError

from cebra_kedro.io.mat4_file import is_version_4, read_version_4
from cebra_kedro.io.mat5_file import is_version_5, read_version_5
from cebra_kedro.io.mat73_file import read_version_7_3
from cebra_kedro.io.matlab_values import MatlabValue, NamedValues
from cebra_kedro.io.named_arrays_dataset import NamedArraysDataset, ReadBudget, listed
from cebra_kedro.sources.named_arrays import Values

logger = logging.getLogger(__name__)


class MatDataset(NamedArraysDataset):
    """Loads variables of a MATLAB file of any version (4 to 7.3) by name; read-only.

    All versions give the same arrays:

    * vectors (1 × n, n × 1), single numbers (1 × 1) and ``[]`` have one dimension, other arrays the
      shape that MATLAB shows, with MATLAB's class as dtype; logical is bool, sparse is dense;
    * text (char) is an array of no dimension; a char matrix, or a cell of texts, an array of text;
    * a struct becomes names: ``trial/start``; a struct array a list for each of its fields;
    * a cell of arrays becomes a list, empty ones included (a unit without spikes);
    * a cell of structs becomes a list for each field, without the empty cells;
    * cells in cells (a cell of units for each tetrode) become one list in their order. An empty
      array where others have a cell is left out.

    For the last two, and for a matrix of cells, ``name/path`` is text that tells where each
    element was, e.g. ``3,2`` for ``name{3}{2}``, or row 3, column 2. Order is MATLAB's, column
    after column.
    Tables, string objects, function handles and cells of mixed content are left out with a warning
    that names them, or refused if ``arrays`` asks for them. Nothing in the file is executed.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            rat7.raw:
              type: cebra_kedro.io.MatDataset
              filepath: data/01_raw/rat7.mat
              arrays:
                spike_times: spikes/time
                position: tracking/xy
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the file, or its URL.
        arrays: own name → name as above; the name of a struct or cell stands for all that begin
            with it. None reads everything.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "MATLAB file"

    def _read(self, path: Path) -> dict[str, Values]:
        wanted = None
        if self._arrays is not None:
            wanted = {where.strip("/").split("/")[0] for where in self._arrays.values()}
        named = NamedValues()
        variables = _variables(path, wanted, ReadBudget(path))
        for name, value in variables.items():
            if value is not None:
                named.add(name, value)
        if self._arrays is not None:
            return _chosen(named, self._arrays, list(variables), path)
        for name, reason in named.left_out.items():
            logger.warning("%s: %s is left out: %s", path, name, reason)
        if not named.arrays:
            what = f"only {listed(list(named.left_out))}" if named.left_out else "nothing"
            raise DatasetError(
                f"{path} holds no arrays of numbers or text, {what}; correct filepath, or save "
                "the numbers as variables of their own in MATLAB"
            )
        return named.arrays


def _variables(
    path: Path, wanted: set[str] | None, budget: ReadBudget
) -> dict[str, MatlabValue | None]:
    import h5py

    with path.open("rb") as file:
        beginning = file.read(128)
    if is_version_5(beginning):
        return read_version_5(path, wanted, budget)
    if h5py.is_hdf5(path):
        return read_version_7_3(path, wanted, budget)
    if is_version_4(path):
        return read_version_4(path, wanted, budget)
    raise DatasetError(
        f"{path} is not a readable MATLAB file: its beginning is of no version from 4 to 7.3; it "
        "is damaged, cut short or of another format: copy it again, or correct filepath or type"
    )


def _chosen(
    named: NamedValues, wanted: dict[str, str], variables: list[str], path: Path
) -> dict[str, Values]:
    """The arrays that are asked for, under one's own names."""
    arrays: dict[str, Values] = {}
    for name, where in wanted.items():
        key = where.strip("/")
        found = {
            name + there.removeprefix(key): values
            for there, values in named.arrays.items()
            if there == key or there.startswith(f"{key}/")
        }
        if not found and key in named.left_out:
            raise DatasetError(
                f"{path}: arrays: {name}: {key} is not read: {named.left_out[key]}; save its "
                "numbers as a variable of their own in MATLAB"
            )
        if not found:
            variable = key.split("/")[0]
            beside = [there for there in named.arrays if there.startswith(f"{variable}/")]
            raise DatasetError(
                f"{path}: arrays: {name}: there is no {key}; there are "
                f"{listed(beside or variables)}. Correct the name"
            )
        arrays |= found
    return arrays
