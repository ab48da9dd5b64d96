"""Files of ``torch.save``, opened without running them.

What is in them is left to ``model``, ``checkpoint`` and ``cebra_file`` beside this one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch


class UnreadableTorchFileError(ValueError):
    """The file is damaged, of another format, or asks for what could run code. Nothing ran."""


def load_plain(path: Path) -> Any:
    """The content of a file that holds tensors and plain values only.

    Args:
        path: the file.

    Raises:
        UnreadableTorchFileError: names the file and what is wrong with it.
        OSError: the file is missing or may not be read.
    """
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except (FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as error:  # a damaged stream can raise anything
        raise UnreadableTorchFileError(f"{path}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What is wrong, without torch's advice to set ``weights_only=False``, which runs the file."""
    if asked := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"it asks for {asked[1]}, which could run code; nothing in it was run"
    return f"it is damaged, cut short or of another format ({type(error).__name__})"
