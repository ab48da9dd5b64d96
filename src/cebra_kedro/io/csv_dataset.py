"""Tables as CSV that come back as they were saved; what the columns mean is left to the nodes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from kedro.io.core import DatasetError
from kedro_datasets._typing import TablePreview

from cebra_kedro.io.local_file_dataset import LocalFileDataset


class CsvDataset(LocalFileDataset[pd.DataFrame]):
    """Saves and loads a table without its index.

    Unlike with ``kedro_datasets.pandas.CSVDataset``, floats come back to the last bit, only an
    empty field is a missing value (a subject may be called ``NA``), and a file is written wholly
    or not at all. Numbers in a column of text come back as numbers, as CSV has no types.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.metrics":
              type: cebra_kedro.io.CsvDataset
              filepath: data/08_reporting/{experiment}/{subject}/metrics.csv
              metadata:
                kedro-viz: {layer: reporting, preview_args: {nrows: 8}}

    Args:
        filepath: the ``.csv`` file, on this machine.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "table (CSV)"

    def _read(self, path: Path, nrows: int | None = None) -> pd.DataFrame:
        return pd.read_csv(
            path,
            nrows=nrows,
            # pandas 3.1 reads floats exactly by itself and warns of being told to.
            float_precision="round_trip" if _pandas_version() < (3, 1) else None,
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8",
        )

    def _write(self, path: Path, data: pd.DataFrame) -> None:
        if not isinstance(data, pd.DataFrame) or data.columns.empty:
            raise DatasetError(
                f"CsvDataset saves a pandas DataFrame with columns, got {type(data).__name__}; "
                "return a table from the node"
            )
        data.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz.

        Args:
            nrows: number of rows to show.

        Returns:
            Table with ``index``, ``columns`` and ``data``.
        """
        table = self._read(Path(self._get_load_path()), nrows)
        return TablePreview(table.astype(object).where(table.notna(), None).to_dict("split"))


def _pandas_version() -> tuple[int, ...]:
    return tuple(int(part) for part in pd.__version__.split(".")[:2])
