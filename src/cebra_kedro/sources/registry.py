"""Names of sources, as ``source:`` of an experiment says them.

A source is a function of this room: the raw content of a session (and, where it has several
recordings, the name of one) and its options → a recording.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from cebra_kedro.recording import Recording

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "arrays": "cebra_kedro.sources.arrays:read_arrays",
        "signals": "cebra_kedro.sources.signals:read_signals",
        "recording": "cebra_kedro.sources.arrays:read_recording",
        "rat_on_track": "cebra_kedro.sources.hippocampus:read_rat",
        "reaching": "cebra_kedro.sources.monkey_reaching:read_reaching",
        "movie_areas": "cebra_kedro.sources.movie:read_area",
        "movie_groups": "cebra_kedro.sources.movie:read_group",
        "latents": "cebra_kedro.sources.synthetic:read_set",
    }
)
"""Name → module and function."""


def source(name: str) -> Callable[..., Recording]:
    """The function of a name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in SOURCES:
        raise ValueError(f"there is no source {name!r}; there are {', '.join(SOURCES)}")
    module, function = SOURCES[name].split(":")
    return getattr(import_module(module), function)


def check_source(name: str, options: Mapping[str, Any], populations: bool) -> None:
    """Refuse a name or options that a source does not have.

    Args:
        name: of the source.
        options: those given.
        populations: whether sessions have several recordings.

    Raises:
        ValueError: says what the source takes.
    """
    parameters = inspect.signature(source(name)).parameters
    own = [key for key in parameters if key not in ("raw", "session", "population")]
    unknown = [key for key in options if key not in own]
    missing = [
        key for key in own if parameters[key].default is inspect.Parameter.empty
        and key not in options
    ]  # fmt: skip
    if unknown or missing:
        problems = [f"has no option {key}" for key in unknown]
        problems += [f"needs {key}" for key in missing]
        raise ValueError(
            f"source {name} {', '.join(problems)}; it takes {', '.join(own) or 'none'}"
        )
    typed_options(name, options)
    if populations != ("population" in parameters):
        raise ValueError(
            f"source {name} makes {'one recording' if populations else 'several recordings'} of a "
            f"session; {'remove' if populations else 'name the'} populations"
        )


def typed_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source in the types of its signature.

    Args:
        name: of the source.
        options: as they are written in YAML.

    Raises:
        ValueError: names the first options that have the wrong type or an unknown key.
    """
    function = source(name)
    # Of the options only: what the raw content is may be imported for type checkers alone.
    written = {key: function.__annotations__[key] for key in options}
    hints = get_type_hints(type("", (), {"__annotations__": written}), function.__globals__)
    typed, problems = {}, []
    for key, value in options.items():
        try:
            typed[key] = TypeAdapter(hints[key]).validate_python(value)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                place = ".".join(map(str, (key, *one["loc"])))
                problems.append(f"{place}: {one['msg'].removeprefix('Value error, ')}")
    if problems:
        raise ValueError(f"source {name}: {'; '.join(problems)}")
    return typed
