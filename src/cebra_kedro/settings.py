"""Project settings: hooks, configuration loader, telemetry off."""

import os

from cebra_kedro.configuration import LOADER_OPTIONS, ProjectConfigLoader
from cebra_kedro.hooks import RunReportHook

os.environ.setdefault("KEDRO_DISABLE_TELEMETRY", "true")

HOOKS = (RunReportHook(),)

CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = LOADER_OPTIONS
