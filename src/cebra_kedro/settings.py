"""Project settings: hooks, configuration loader, telemetry off."""

import os
from pathlib import Path

from kedro.config import OmegaConfigLoader

from cebra_kedro.hooks import RunReportHook

os.environ.setdefault("KEDRO_DISABLE_TELEMETRY", "true")


def raw_folder() -> str:
    """Folder of the published recordings: ``CEBRA_KEDRO_DATA``, else ``data/01_raw``."""
    return Path(os.environ.get("CEBRA_KEDRO_DATA", "data/01_raw")).expanduser().as_posix()


HOOKS = (RunReportHook(),)

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"raw_dir": raw_folder},
}
