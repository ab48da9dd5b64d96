"""Figures as PNG and SVG pictures, previewed by kedro-viz; drawing them is left to ``plots``."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io.core import DatasetError, Version
from kedro_datasets._typing import ImagePreview

from cebra_kedro.atomic import atomic_path
from cebra_kedro.io.local_file_dataset import LocalFileDataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureDataset(LocalFileDataset["Figure | bytes"]):
    """Saves one matplotlib figure as a PNG picture; loads the bytes of the picture.

    The same figure gives the same file: neither date nor software version is written.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.{figure}_figure":
              type: cebra_kedro.io.FigureDataset
              filepath: data/08_reporting/{experiment}/{subject}/{figure}.png
              metadata:
                kedro-viz: {layer: reporting}

    Args:
        filepath: the ``.png`` file, on this machine.
        dpi: dots per inch of the picture; None for those of the figure.
        svg: write the same figure as ``.svg`` beside the ``.png`` too; not with ``versioned``.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "picture (PNG)"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        dpi: float | None = None,
        svg: bool = False,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, version=version, metadata=metadata)
        # PartitionedDataset makes one without a name to describe itself.
        if self._filepath.name and self._filepath.suffix != ".png":
            raise DatasetError(f"filepath of FigureDataset must end in .png, got {filepath}")
        if dpi is not None and not (isinstance(dpi, int | float) and dpi > 0):
            raise DatasetError(f"dpi of FigureDataset must be a positive number, got {dpi!r}")
        if svg and version is not None:
            raise DatasetError("svg: true and versioned: true cannot be combined; drop one of them")
        self._dpi, self._svg = dpi, svg

    def _read(self, path: Path) -> bytes:
        return path.read_bytes()

    def _write(self, path: Path, data: Figure | bytes) -> None:
        from matplotlib.figure import Figure

        if not isinstance(data, Figure):
            raise DatasetError(
                f"FigureDataset saves one matplotlib Figure, got {type(data).__name__}; return "
                "the figure of the axes (ax.figure) from the node"
            )
        data.savefig(path, format="png", dpi=self._dpi or "figure", metadata={"Software": None})
        if self._svg:
            with atomic_path(Path(self._filepath.with_suffix(".svg"))) as temporary:
                _write_svg(data, temporary, self._dpi)

    def preview(self) -> ImagePreview:
        """The picture in base64, for kedro-viz."""
        picture = Path(self._get_load_path()).read_bytes()
        return ImagePreview(base64.b64encode(picture).decode("ascii"))


def _write_svg(figure: Figure, path: Path, dpi: float | None) -> None:
    import matplotlib

    # Without the salt, the names of marks inside the file are random.
    with matplotlib.rc_context({"svg.hashsalt": "cebra-kedro"}):
        figure.savefig(path, format="svg", dpi=dpi or "figure", metadata={"Date": None})
