"""Figures as PNG, written atomically; everything else is kedro-datasets' MatplotlibDataset."""

from __future__ import annotations

from pathlib import Path

from kedro_datasets.matplotlib import MatplotlibDataset
from matplotlib.figure import Figure

from cebra_kedro.atomic import atomic_path


class FigureDataset(MatplotlibDataset):
    """One matplotlib figure, previewed by kedro-viz.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.{figure}_figure":
              type: cebra_kedro.io.FigureDataset
              filepath: data/08_reporting/{experiment}/{subject}/{figure}.png

    The arguments are those of ``kedro_datasets.matplotlib.MatplotlibDataset``.
    """

    def save(self, data: Figure) -> None:
        """Write the figure to a temporary file, then move it to its place."""
        target = Path(self._get_save_path())
        with atomic_path(target) as temporary:
            # No creation date and software version: the same figure gives the same bytes.
            metadata = {"Software": None} if target.suffix == ".png" else None
            data.savefig(
                temporary,
                **{"format": target.suffix[1:], "metadata": metadata, **self._save_args},
            )
        self._invalidate_cache()
