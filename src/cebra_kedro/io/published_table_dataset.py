"""A published table (CSV) that a user places by hand; its columns mean what ``sources`` says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cebra_kedro.io.placed_dataset import PlacedDataset, md5_of


class PublishedTableDataset(PlacedDataset):
    """Loads a CSV table with its provenance; read-only.

    Unlike with :class:`~cebra_kedro.io.CsvDataset`, a missing file is named, with where to get it,
    before a run starts, and the checksum of the file goes with the table.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            allen.calcium_summary:
              type: cebra_kedro.io.PublishedTableDataset
              filepath: ${raw_dir:}/allen/data_summary.csv
              obtain_from: https://figshare.com/s/60adb075234c2cc51fa3
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the ``.csv`` file, on this machine.
        obtain_from: page from which a user can get it; only shown, never fetched.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "table (CSV)"

    def _read(self, path: Path) -> tuple[pd.DataFrame, str]:
        # As in CsvDataset, only an empty field is a missing value.
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8")
        return table, md5_of(path)
