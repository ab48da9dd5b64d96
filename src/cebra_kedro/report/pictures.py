"""Pictures as they lie in the page itself, so that it is one file.

Nothing is drawn again: a PNG file becomes a smaller picture of the same pixels, or fewer.
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cebra_kedro.cores import available_cores

logger = logging.getLogger(__name__)

MOST_PIXELS = 1600
"""Width of a picture in the page; wider ones are made smaller."""
MOST_BYTES = 7_000_000
"""Of all pictures together: with the script of the plots, a page of less than 15 MB."""
_QUALITY = 82


def embedded(files: Iterable[Path]) -> dict[Path, str]:
    """Picture → address that holds it (``data:image/webp;base64,…``).

    Pictures for which there is no room any more, or that cannot be read, are left out.

    Args:
        files: PNG pictures in the order of their importance.
    """
    found, room = {}, MOST_BYTES
    left_out, files = 0, list(files)
    with ThreadPoolExecutor(available_cores()) as pool:  # Pillow compresses without the GIL
        contents = list(pool.map(_webp, files))
    for file, content in zip(files, contents, strict=True):
        if content is None:
            continue
        text = "data:image/webp;base64," + base64.b64encode(content).decode("ascii")
        if len(text) > room:
            left_out += 1
            continue
        found[file], room = text, room - len(text)
    if left_out:
        logger.info("%d figures are linked in the report, not contained in it", left_out)
    return found


def _webp(file: Path) -> bytes | None:
    """The picture compressed; None, and a warning, if it cannot be read or is too high for WebP."""
    from PIL import Image

    stream = io.BytesIO()
    try:
        with Image.open(file) as opened:
            picture: Image.Image = opened.convert("RGB")
        if picture.width > MOST_PIXELS:
            height = round(picture.height * MOST_PIXELS / picture.width)
            picture = picture.resize((MOST_PIXELS, height), Image.Resampling.LANCZOS)
        picture.save(stream, "WEBP", quality=_QUALITY, method=2)
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be shown in the report: %s", file, error)
        return None
    return stream.getvalue()
