"""Tables as CSV, written atomically; everything else is kedro-datasets' CSVDataset."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from kedro_datasets.pandas import CSVDataset

from cebra_kedro.atomic import atomic_path


class CsvDataset(CSVDataset):
    """A table of results without its index, on the local disk.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.metrics":
              type: cebra_kedro.io.CsvDataset
              filepath: data/08_reporting/{experiment}/{subject}/metrics.csv

    The arguments are those of ``kedro_datasets.pandas.CSVDataset``.
    """

    def save(self, data: pd.DataFrame) -> None:
        """Write the table to a temporary file, then move it to its place."""
        with atomic_path(Path(self._get_save_path())) as temporary:
            data.to_csv(temporary, **{"index": False, **self._save_args})
        self._invalidate_cache()
