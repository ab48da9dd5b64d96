"""A folder of Neuropixels sessions in NWB as one pseudomouse; the recipe is ``sources``'."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.placed_dataset import PlacedDataset
from cebra_kedro.recording import RecordingError


class NwbFolderDataset(PlacedDataset):
    """Loads what ``sources.allen_nwb`` makes of all ``.nwb`` files in a folder; read-only.

    The result has the form of the published ``.jl`` of an area, which it can stand for. The
    checksum is that of the arrays, since the files are tens of GB, of which little is read.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            allen.VISp.raw_neuropixels:
              type: cebra_kedro.io.NwbFolderDataset
              filepath: ${raw_dir:}/allen/neuropixels_nwb
              area: VISp
              obtain_from: https://registry.opendata.aws/allen-brain-observatory
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the folder, on this machine; files may lie in folders within it.
        area: acronym of the area whose units are read.
        sessions: names of the files that there must be, without ``.nwb``; others are left out.
            None takes all there are.
        load_args: further arguments of ``pseudomouse_from_nwb``; ``unit_filter`` as a mapping.
        obtain_from: page from which a user can get the files; only shown, never fetched.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "folder of NWB files"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        area: str,
        sessions: list[str] | None = None,
        load_args: dict[str, Any] | None = None,
        obtain_from: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, obtain_from=obtain_from, metadata=metadata)
        self._area = area
        self._sessions = None if sessions is None else list(map(str, sessions))
        self._load_args = dict(load_args or {})

    def _read(self, path: Path) -> tuple[dict[str, np.ndarray], str]:
        from cebra_kedro.sources.allen_nwb import UnitFilter, pseudomouse_from_nwb

        arguments = dict(self._load_args)
        if "unit_filter" in arguments:
            arguments["unit_filter"] = UnitFilter(**arguments["unit_filter"])
        try:
            content = pseudomouse_from_nwb(self._chosen(), self._area, **arguments)
        except RecordingError as error:
            raise DatasetError(str(error)) from error
        digest = hashlib.sha256()
        for key in sorted(content):
            digest.update(f"{key} {content[key].dtype.str} {content[key].shape};".encode())
            digest.update(np.ascontiguousarray(content[key]).tobytes())
        return content, digest.hexdigest()

    def _chosen(self) -> list[Path]:
        files = {file.stem: file for file in self._files()}
        if len(files) < len(self._files()):
            raise DatasetError(
                f"{self._filepath} holds two sessions of one name among {', '.join(files)}; "
                "remove one of them"
            )
        if self._sessions is None:
            return list(files.values())
        if missing := [name for name in self._sessions if name not in files]:
            raise DatasetError(
                f"{self._filepath} has no session {', '.join(missing)} (.nwb), only "
                f"{', '.join(files)}; {self._how_to_place()}"
            )
        return [files[name] for name in self._sessions]

    def _files(self) -> list[Path]:
        return sorted(self._filepath.glob("**/*.nwb"))

    def _missing(self) -> str:
        return f"{self._filepath} is no folder with .nwb files"

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return super()._describe() | {
            "area": self._area,
            "sessions": self._sessions,
            "load_args": self._load_args,
        }
