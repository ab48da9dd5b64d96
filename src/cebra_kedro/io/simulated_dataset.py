"""Simulated recordings in place of published files; how they are made is ``simulate``'s."""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.sources.published_pickle import PublishedFile

_PACKAGE = "cebra_kedro.simulate"


class SimulatedDataset(AbstractDataset[NoReturn, PublishedFile]):
    """Loads what a seeded generator of ``cebra_kedro.simulate`` makes; read-only.

    The result has the form of :class:`~cebra_kedro.io.PublishedPickleDataset`'s, so that a pipeline
    does not see which of the two its catalog names.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            hippocampus.buddy.raw:
              type: cebra_kedro.io.SimulatedDataset
              generator: cebra_kedro.simulate.hippocampus.simulate_rat
              arguments:
                seed: 2
                n_trials: 20
              metadata:
                kedro-viz: {layer: raw}

    Args:
        generator: dotted path of a function in ``cebra_kedro.simulate``.
        arguments: its arguments by name; ``seed``, a non-negative integer, is required.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        generator: str,
        arguments: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        parts = str(generator).removeprefix(f"{_PACKAGE}.").split(".")
        if not str(generator).startswith(f"{_PACKAGE}.") or not all(
            part.isidentifier() and not part.startswith("_") for part in parts
        ):
            raise DatasetError(
                f"generator must be the dotted path of a public function in {_PACKAGE}, e.g. "
                f"{_PACKAGE}.hippocampus.simulate_rat, got {generator!r}"
            )
        seed = arguments.get("seed") if isinstance(arguments, dict) else None
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise DatasetError(
                f"arguments of {generator} must hold a seed that is a non-negative integer, so "
                f"that every run simulates the same; got {arguments!r}"
            )
        self._generator = generator
        self._arguments = copy.deepcopy(arguments)
        self.metadata = metadata

    def load(self) -> PublishedFile:
        """Run the generator."""
        function = self._function()
        try:
            content = function(**copy.deepcopy(self._arguments))
        except Exception as error:
            raise DatasetError(
                f"{self._call} failed ({type(error).__name__}: {error}); correct its arguments in "
                "the catalog"
            ) from error
        if not isinstance(content, dict | np.ndarray | pd.DataFrame):
            raise DatasetError(
                f"{self._generator} returned a {type(content).__name__}, expected what the "
                "published file holds: a dict, an array or a table; name a generator of those"
            )
        return PublishedFile(content, _sha256_of(content), "simulated", self._call)

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: a simulation is not written."""
        raise DatasetError(
            "SimulatedDataset is read-only; save recordings with RecordingDataset, arrays with "
            "NpzDataset"
        )

    @property
    def _call(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{self._generator}({arguments})"

    def _function(self) -> Callable[..., Any]:
        module_name, _, name = self._generator.rpartition(".")
        try:
            function = getattr(import_module(module_name), name)
        except (ImportError, AttributeError) as error:
            raise DatasetError(
                f"generator {self._generator} does not exist ({error}); see the functions in "
                f"{_PACKAGE}"
            ) from error
        if not inspect.isfunction(function) or not function.__module__.startswith(_PACKAGE):
            raise DatasetError(f"{self._generator} is not a function of {_PACKAGE}")
        signature = inspect.signature(function)
        try:
            signature.bind(**self._arguments)
        except TypeError as error:
            raise DatasetError(
                f"arguments of {self._generator}: {error}; got {', '.join(self._arguments)}, "
                f"it takes {', '.join(signature.parameters)}"
            ) from error
        return function

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"generator": self._generator, "arguments": self._arguments}


def _sha256_of(content: Any) -> str:
    digest = hashlib.sha256()
    _feed(digest, content)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Feed a value with its type, so that no two different contents give the same bytes."""
    if isinstance(value, dict):
        digest.update(f"dict {len(value)};".encode())
        for key in sorted(value, key=repr):
            _feed(digest, key)
            _feed(digest, value[key])
    elif isinstance(value, list | tuple):
        digest.update(f"{type(value).__name__} {len(value)};".encode())
        for item in value:
            _feed(digest, item)
    elif isinstance(value, pd.DataFrame):
        _feed(digest, {str(name): column.to_numpy() for name, column in value.items()})
    elif isinstance(value, np.ndarray) and value.dtype == object:  # cells of a .mat file, texts
        digest.update(f"objects {value.shape};".encode())
        _feed(digest, value.ravel().tolist())
    elif isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        digest.update(f"array {value.dtype.str} {value.shape};".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif value is None or isinstance(value, bool | int | float | str):
        text = repr(value)
        digest.update(f"{type(value).__name__} {len(text)} {text};".encode())
    else:
        raise DatasetError(
            f"a simulated recording holds a {type(value).__name__}, expected arrays, numbers, text "
            "and dicts or lists of them"
        )
