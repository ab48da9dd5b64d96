"""Runner, nodes, tags and entries that a command names, checked before Kedro looks for them."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kedro.pipeline import Pipeline

from cebra_kedro.problems import did_you_mean

_NODES = {"node_names": "--nodes", "from_nodes": "--from-nodes", "to_nodes": "--to-nodes"}
_ENTRIES = {"from_inputs": "--from-inputs", "to_outputs": "--to-outputs"}
_SHOWN = 10


def check_runner(name: str | None, options: Mapping[str, Any]) -> None:
    """Raise unless Kedro has the runner, and it takes the options.

    Args:
        name: as of ``--runner``; one with a dot is code of the user's, which is left to Kedro.
        options: of ``--runner-params``.

    Raises:
        ValueError: names those there are.
    """
    import kedro.runner

    known = [one for one in kedro.runner.__all__ if one.endswith("Runner")]
    known.remove("AbstractRunner")
    name = name or "SequentialRunner"
    if "." in name:
        return
    if name not in known:
        raise ValueError(f"--runner: there is no runner {name}; {_choices(name, known)}")
    taken = [*inspect.signature(getattr(kedro.runner, name)).parameters]
    for option in options:
        if option not in taken:
            choices = _choices(option, taken)
            raise ValueError(f"--runner-params: {name} takes no {option}; {choices}")


def check_selection(
    pipelines: Mapping[str, Pipeline], names: Sequence[str], options: Mapping[str, Any]
) -> None:
    """Raise unless the nodes, tags and entries of the catalog that a command names are there.

    Args:
        pipelines: all that are registered.
        names: those of the run; none for ``__default__``.
        options: option of ``kedro run``, as Kedro calls it → what was named.

    Raises:
        ValueError: names what is unknown, and what there is.
    """
    names = names or ["__default__"]
    nodes = [node for name in names for node in pipelines.get(name, Pipeline([])).nodes]
    known_nodes = {node.name for node in nodes}
    entries = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    tags = {tag for node in nodes for tag in node.tags}
    where = f"pipeline {', '.join(names)}"
    if names == ["__default__"]:
        where = "what kedro run does by itself; --pipelines everything does all"
    for key, option in _NODES.items():
        _check(option, "node", options.get(key), known_nodes, where)
    for key, option in _ENTRIES.items():
        _check(option, "entry", options.get(key), entries, where)
    _check("--tags", "tag", options.get("tags"), tags, where)


def _check(
    option: str, kind: str, asked: Sequence[str] | None, known: Collection[str], where: str
) -> None:
    for name in asked or ():
        if name not in known:
            choices = _choices(name, known)
            raise ValueError(f"{option}: there is no {kind} {name} in {where}; {choices}")


def _choices(wanted: str, known: Collection[str]) -> str:
    if not known:
        return "there are none at all"
    ends_so = [name for name in sorted(known) if name.endswith(f".{wanted}")]
    if ends_so:
        return f"did you mean {' or '.join(ends_so[:3])}?"
    if hint := did_you_mean(wanted, sorted(known), n=3):
        return hint
    if len(known) > _SHOWN:
        return "kedro registry describe PIPELINE lists what it has"
    return f"choose {', '.join(known)}"
