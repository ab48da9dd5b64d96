"""Figures as PNG and SVG pictures, previewed by kedro-viz; drawing them is left to ``plots``."""

from __future__ import annotations

import base64
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io.core import DatasetError, Version
from kedro_datasets._typing import ImagePreview

from cebra_kedro.atomic import atomic_path
from cebra_kedro.io.local_file_dataset import LocalFileDataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG = b"\x89PNG\r\n\x1a\n"
"""How a picture begins."""

_FINGERPRINT = "Fingerprint"
_MOST_SVG_BYTES = 1_000_000


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
        write_picture(path, data, self._dpi)
        if self._svg:
            with atomic_path(Path(self._filepath.with_suffix(".svg"))) as temporary:
                write_drawing(temporary, data, self._dpi)

    def preview(self) -> ImagePreview:
        """The picture in base64, for kedro-viz."""
        return picture_preview(Path(self._get_load_path()))


def write_picture(
    path: Path, figure: Any, dpi: float | None = None, fingerprint: str | None = None
) -> None:
    """Write a figure as a new PNG file.

    Args:
        path: the file, whatever its suffix.
        figure: one matplotlib figure.
        dpi: dots per inch; None for those of the figure.
        fingerprint: digest of what it was drawn from, kept as a text in the file.

    Raises:
        DatasetError: it is no figure.
    """
    from matplotlib.figure import Figure

    from cebra_kedro.plots.canvas import DRAWING

    if not isinstance(figure, Figure):
        raise DatasetError(
            f"a .png file saves one matplotlib Figure, got {type(figure).__name__}; return "
            "the figure of the axes (ax.figure) from the node"
        )
    texts = {"Software": None} | ({} if fingerprint is None else {_FINGERPRINT: fingerprint})
    with DRAWING:
        _print(figure, path, dpi, texts)


def _print(figure: Figure, path: Path, dpi: float | None, texts: dict[str, str | None]) -> None:
    """The bytes of ``Figure.savefig``, which draws once more to place the axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    usual = figure.dpi
    figure.dpi = dpi or usual
    try:
        FigureCanvasAgg(figure).print_png(path, metadata=texts)
    finally:
        figure.dpi = usual


def write_drawing(path: Path, figure: Any, dpi: float | None = None) -> None:
    """Write a figure as a new SVG file, with its axes where :func:`write_picture` has placed them.

    Letters are outlines: text would be set in whichever fonts a viewer has, and run out of its
    place. Clouds of points, which plots mark as ``rasterized``, are pictures inside it.

    Args:
        path: the file, whatever its suffix.
        figure: one matplotlib figure that has been written as a picture.
        dpi: dots per inch of the pictures inside; None for those of the figure, or for fewer where
            these would make it larger than 1 MB.
    """
    _print_svg(figure, path, dpi or figure.dpi)
    size = path.stat().st_size
    if dpi is None and size > _MOST_SVG_BYTES:
        _print_svg(figure, path, figure.dpi * math.sqrt(0.8 * _MOST_SVG_BYTES / size))


def _print_svg(figure: Any, path: Path, dpi: float) -> None:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from cebra_kedro.plots.canvas import DRAWING

    # Without a salt, names of marks are not made of their shapes, and equal ones have several.
    settings = matplotlib.rc_context({"svg.hashsalt": "cebra-kedro", "svg.fonttype": "path"})
    with DRAWING, _as_placed(figure, dpi), settings:
        FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None})
    text = path.read_text(encoding="utf-8")
    path.write_text(_with_numbered_names(text), encoding="utf-8", newline="\n")


def _with_numbered_names(svg: str) -> str:
    """An SVG whose names of marks and frames are numbers in the order of their first use.

    matplotlib makes such names from all digits of where axes are, and to place axes is to solve
    equations in an order that changes from time to time: the last digit changes, and all names.
    """
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        name = numbers.setdefault(found[2], f"{found[2][0]}{len(numbers)}")
        return f"{found[1]}{name}{found[3]}"

    return re.sub(r'(id="|href="#|url\(#)([a-zA-Z]+[0-9a-f]{10})("|\))', numbered, svg)


@contextmanager
def _as_placed(figure: Any, dpi: float) -> Iterator[None]:
    """The figure in another resolution, its axes where they are: to place them is half the work."""
    usual, layout = figure.dpi, figure.get_layout_engine()
    figure.dpi = dpi
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.dpi = usual
        figure.set_layout_engine(layout)


def picture_fingerprint(path: Path) -> str | None:
    """The fingerprint that a picture was written with."""
    from PIL import Image

    with Image.open(path) as picture:
        return picture.info.get(_FINGERPRINT)


def without_texts(picture: bytes) -> bytes:
    """The bytes of a picture but those of the texts in it, such as its fingerprint.

    Args:
        picture: of a PNG file: eight bytes, then chunks (length, type, content, checksum).
    """
    kept, place = [picture[: len(PNG)]], len(PNG)
    while place < len(picture):
        end = place + 12 + int.from_bytes(picture[place : place + 4], "big")
        if picture[place + 4 : place + 8] != b"tEXt":
            kept.append(picture[place:end])
        place = end
    return b"".join(kept)


def picture_preview(path: Path) -> ImagePreview:
    """A picture in base64, as kedro-viz shows it."""
    return ImagePreview(base64.b64encode(path.read_bytes()).decode("ascii"))
