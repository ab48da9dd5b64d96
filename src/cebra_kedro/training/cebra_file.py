"""What is in a file that cebra saved, read without running anything in it.

What it means is left to ``export``. cebra 0.3 to 0.6 save a dict of arguments, state and weights.
cebra 0.2, and the others with ``backend="torch"``, pickle the whole estimator: torch's restricted
unpickler reads it with stand-ins for its classes, of which only the attributes are looked at.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from cebra_kedro.training.torch_file import reason

_PARTS = ("args", "state", "state_dict")
_ALLOWED = ("numpy.dtype",)
_DTYPES = [type(np.dtype(code)) for code in "?" + np.typecodes["AllInteger"] + "efd"]
"""Of labels, which a file says the types of; torch asks for each by itself."""


def cebra_content(data: bytes, path: Path) -> dict[str, Any]:
    """Arguments, state and weights, as ``cebra.CEBRA.save`` of version 0.6 lays them out.

    Args:
        data: the content of the file.
        path: the file, for messages.

    Returns:
        ``args`` (of ``cebra.CEBRA``), ``state`` (its attributes after fitting) and ``state_dict``
        (``model``, ``criterion``, ``loss``).

    Raises:
        ValueError: the file is damaged, asks for what is no part of cebra or torch, or is not a
            fitted cebra model.
    """
    content = _read(data, path)
    if isinstance(content, _StandIn):
        with contextlib.suppress(AttributeError, KeyError, TypeError):  # it is no estimator
            content = _saved_as_dict(content.kept)
    if not isinstance(content, dict) or not content.keys() >= set(_PARTS):
        raise ValueError(f"{path} is a torch file but not a cebra model")
    if "n_features_" not in content["state"]:
        raise ValueError(f"{path} holds a cebra model that is not fitted; call fit, then save")
    return content


class _StandIn:
    """An object of cebra or torch in a pickle: none of its class, only what it kept."""

    kept: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.kept = state if isinstance(state, dict) else {}


def _read(data: bytes, path: Path) -> Any:
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
        stand_ins = {name: _stand_in(name) for name in names if name not in _ALLOWED}
        if refused := sorted(name for name, one in stand_ins.items() if one is None):
            raise _RunsCodeError(", ".join(refused))
        allowed = [(one, name) for name, one in stand_ins.items()]
        with torch.serialization.safe_globals([np.dtype, *_DTYPES, *allowed]):
            return torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except _RunsCodeError as error:
        raise ValueError(
            f"{path} cannot be read without executing code in it: it asks for {error}. If you "
            "trust it, open it with cebra.CEBRA.load and save it again with cebra's default "
            "backend"
        ) from error
    except Exception as error:  # a damaged stream can raise anything
        raise ValueError(f"{path} cannot be read as a file of cebra: {reason(error)}") from error


class _RunsCodeError(Exception):
    """Names in a file that could run code."""


def _stand_in(name: str) -> Any:
    """What takes the place of what a file asks for; None for what stays refused."""
    return _REPLACED.get(name, _StandIn if name.startswith(("cebra.", "torch.")) else None)


def _new_dict(*_: Any) -> dict[Any, Any]:
    """In place of ``defaultdict(dict)``, which optimisers keep."""
    return {}


def _number(dtype: np.dtype, data: bytes) -> Any:
    """In place of numpy's ``scalar``: the number in its bytes."""
    return np.frombuffer(data, dtype.str)[0].item()


_REPLACED: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("builtins.dict", "builtins.slice"), _StandIn),
        "collections.defaultdict": _new_dict,
        "numpy.core.multiarray.scalar": _number,
        "numpy._core.multiarray.scalar": _number,
    }
)


def _saved_as_dict(estimator: Mapping[str, Any]) -> dict[str, Any]:
    """What later versions save of an estimator, from the attributes of a pickled one."""
    import cebra

    state = {name: value for name, value in estimator.items() if name.endswith("_")}
    if "_label_types" in estimator:  # as cebra 0.2 calls it
        state["label_types_"] = estimator["_label_types"]
    if "solver_" not in estimator:  # not fitted
        return {"args": {}, "state": {}, "state_dict": {}}
    solver = estimator["solver_"].kept
    return {
        "args": {k: estimator[k] for k in cebra.CEBRA().get_params() if k in estimator},
        "state": state,
        "state_dict": {
            "model": _weights(solver["model"]),
            "criterion": _weights(solver["criterion"]),
            "loss": torch.tensor(solver["history"]),
        },
    }


def _weights(module: _StandIn, prefix: str = "") -> dict[str, torch.Tensor]:
    """The state dict of a pickled network or criterion."""
    kept = module.kept
    passing = kept.get("_non_persistent_buffers_set", ())
    own = {**kept["_parameters"], **kept["_buffers"]}
    found = {f"{prefix}{k}": v.data for k, v in own.items() if v is not None and k not in passing}
    for name, part in kept["_modules"].items():
        found |= _weights(part, f"{prefix}{name}.")
    return found
