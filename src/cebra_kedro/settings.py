"""Project settings: hooks, configuration loader, telemetry off."""

import os

from cebra_kedro.configuration import LOADER_OPTIONS, ProjectConfigLoader
from cebra_kedro.hooks import RunReportHook

os.environ.setdefault("KEDRO_DISABLE_TELEMETRY", "true")

HOOKS = (RunReportHook(),)
# Runs are written to MLflow by the hook above, if the parameters `mlflow` say so. The plugin, where
# it is installed for other projects, would write each run, on or off, to a store of its own.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow", "kedro_mlflow")

CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = LOADER_OPTIONS
