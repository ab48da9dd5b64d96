"""The parameters ``mlflow``: whether runs are also written to MLflow, and to which store.

What is written is ``logged``'s, writing it ``mlflow_store``'s.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import field_validator

from cebra_kedro.parameter_block import Settings, read_block

DATABASE = Path("data/mlflow/mlflow.db")
"""Where runs are kept unless a store is named; what they hold lies in ``artifacts`` beside it."""

_SQLITE = "sqlite:///"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.+|databricks")


class MlflowBlock(Settings):
    """Whether runs are also written to MLflow, beside the files that they leave in any case.

    Attributes:
        enabled: whether they are.
        store: address of the store, e.g. ``http://server:5000`` or ``sqlite:///data/mlflow.db``; by
            default the environment variable MLFLOW_TRACKING_URI, or else a database in
            ``data/mlflow``.
        models: whether files of encoders are copied to the store; their folder stands there anyway.
    """

    enabled: bool = False
    store: str | None = None
    models: bool = True

    @field_validator("store")
    @classmethod
    def _is_an_address(cls, store: str | None) -> str | None:
        if store is not None and not _ADDRESS.fullmatch(store):
            raise ValueError(
                f"must be an address such as sqlite:///data/mlflow.db or http://server:5000, "
                f"got {store!r}; MLflow keeps no runs in plain folders any more"
            )
        return store


def mlflow_block(parameters: Mapping[str, Any]) -> MlflowBlock:
    """The block of the parameters.

    Args:
        parameters: of the run.

    Raises:
        ValueError: names the key, or says what has to be installed.
    """
    block = read_block(MlflowBlock, "mlflow", parameters.get("mlflow"))
    if block.enabled and importlib.util.find_spec("mlflow") is None:
        raise ValueError(
            "mlflow.enabled is true, but the package mlflow is not installed; "
            'pip install "cebra-kedro[mlflow]", or use mlflow.enabled=false'
        )
    return block


def store_address(block: MlflowBlock, project: Path) -> str:
    """The address of the store, with places of files relative to the project made absolute.

    Args:
        block: of the parameters.
        project: its folder.
    """
    named = block.store or os.environ.get("MLFLOW_TRACKING_URI")
    address = named or f"{_SQLITE}{DATABASE.as_posix()}"
    file = database_file(address)
    return address if file is None else f"{_SQLITE}{(project / file).as_posix()}"


def database_file(address: str) -> Path | None:
    """The file of a store that is one."""
    return Path(address.removeprefix(_SQLITE)) if address.startswith(_SQLITE) else None
