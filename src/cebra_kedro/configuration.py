"""Where settings are read: Kedro's loader, with a user's own experiments in every environment."""

from __future__ import annotations

import contextlib
import copy
import os
import re
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

LOCAL = "local"
RAW_VARIABLE = "CEBRA_KEDRO_DATA"
_MOST_READ = 16
_TOP_LEVEL = re.compile(r"""^["']?([^\s"'#_][^"':]*)["']?\s*:""", re.MULTILINE)


def raw_folder() -> str:
    """Folder of the published recordings: ``CEBRA_KEDRO_DATA``, else ``data/01_raw``."""
    named = os.environ.get(RAW_VARIABLE, "").strip()
    return Path(named or "data/01_raw").expanduser().as_posix()


LOADER_OPTIONS: dict[str, Any] = {
    "base_env": "base",
    "default_run_env": LOCAL,
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"raw_dir": raw_folder},
}


_read: dict[tuple[object, ...], dict[str, Any]] = {}
"""What was read, by what it was read from: a run asks for the same several times."""


class ProjectConfigLoader(OmegaConfigLoader):
    """Kedro's loader; what only ``conf/local`` has is there in every environment.

    Kedro reads ``local`` only where no environment is named. An experiment of the user's own
    stands there, and its entries in the catalog: they have to be found with ``--env test`` too.
    What ``base`` and the environment have is read as Kedro does.
    """

    def __getitem__(self, key: str) -> dict[str, Any]:
        """The configuration of one kind, e.g. ``parameters``."""
        files = self._files()
        if key in self.data or key not in ("parameters", "catalog") or not files:
            return self._found(key)
        stamp = (key, self.env, repr(self.runtime_params), raw_folder(), *files)
        if stamp not in _read:
            if len(_read) >= _MOST_READ:
                _read.clear()
            _read[stamp] = self._found(key)
        return copy.deepcopy(_read[stamp])

    def _files(self) -> list[tuple[object, ...]]:
        """Every file of the configuration, and what tells whether it has changed."""
        found: list[tuple[object, ...]] = []
        for file in sorted(Path(self.conf_source).rglob("*.*")):
            with contextlib.suppress(OSError):  # a link that leads nowhere, as editors' locks are
                stat = file.stat()
                found.append((str(file), stat.st_mtime_ns, stat.st_size))
        return found

    def _found(self, key: str) -> dict[str, Any]:
        found = super().__getitem__(key)
        if key not in ("parameters", "catalog") or self.env in (None, LOCAL):
            return found
        if not any(Path(self.conf_source, LOCAL).rglob(f"{key}*")):  # spares reading all again
            return found
        known = self._plain(self.env, key) if self.runtime_params else found
        local = self._plain(LOCAL, key, runtime_params=self.runtime_params)
        return found | {name: block for name, block in local.items() if name not in known}

    def _plain(self, env: str | None, key: str, **options: Any) -> dict[str, Any]:
        return OmegaConfigLoader(self.conf_source, env=env, **LOADER_OPTIONS, **options)[key]


def configuration(conf_source: Path, env: str | None) -> ProjectConfigLoader:
    """The project's loader of a configuration folder."""
    return ProjectConfigLoader(str(conf_source), env=env, **LOADER_OPTIONS)


def unread_files(conf_source: Path, env: str | None) -> list[Path]:
    """Files of ``conf/local`` of which a run reads nothing, or not all.

    Args:
        conf_source: folder of the environments.
        env: that of the run; None for ``local``, which is then read whole.
    """
    if env in (None, LOCAL):
        return []
    unread = []
    for kind in ("parameters", "catalog"):
        known = {
            name
            for folder in ("base", str(env))
            for file in (conf_source / folder).rglob(f"{kind}*.y*ml")
            for name in _blocks(file)
        }
        local = sorted((conf_source / LOCAL).rglob(f"{kind}*.y*ml"))
        unread += [file for file in local if known & set(_blocks(file))]
    return unread


def _blocks(file: Path) -> list[str]:
    """The names that stand at the beginning of a line."""
    return _TOP_LEVEL.findall(file.read_text("utf-8", errors="replace"))
