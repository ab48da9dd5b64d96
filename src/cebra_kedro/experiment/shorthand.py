"""What a description may write shorter, written out: before its blocks are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NOT_OF_ADAPTED = {"sessions", "joint", "trials"}
"""What an adapted encoder does not have from the one that it starts from."""


def with_likes(encoders: Any) -> Any:
    """Encoders with the blocks of those that they are ``like``, or adapt, below their own."""
    if not isinstance(encoders, dict):
        return encoders
    return {name: _with_likes(encoders, name, ()) for name in encoders}


def named_baselines(baselines: Any) -> Any:
    """Baselines of which a list, or blocks without ``name``, say the name only."""
    return _completed(baselines, lambda name: {"name": name})


def targets_with_labels(decode: Any) -> Any:
    """Targets of decoding that are the label of their name, if they do not say which."""
    return _completed(decode, lambda name: {"labels": [name]})


def _completed(blocks: Any, usual: Callable[[str], dict[str, Any]]) -> Any:
    """Blocks, or a list of their names, with what is usual for a name below their own values."""
    if isinstance(blocks, list | tuple):
        blocks = dict.fromkeys(blocks)
    if not isinstance(blocks, dict):
        return blocks
    return {
        name: usual(name) | (block or {}) if isinstance(block, dict | None) else block
        for name, block in blocks.items()
    }


def figures_with_options(figures: Any) -> Any:
    """Figures that a list names, or that have no options."""
    if isinstance(figures, list | tuple):
        return {name: {} for name in figures}
    if isinstance(figures, dict):
        return {name: options or {} for name, options in figures.items()}
    return figures


def _with_likes(encoders: dict[str, Any], name: str, seen: tuple[str, ...]) -> Any:
    """The block of an encoder with that of the one it is ``like``, or adapts, below it."""
    block = encoders[name]
    word, other = _below(block)
    if not word:
        return block
    if not isinstance(other, str) or other not in encoders or other in (*seen, name):
        known = ", ".join(key for key in encoders if key != name)
        raise ValueError(f"{name}: {word} names {other!r}, but the other encoders are {known}")
    below = _with_likes(encoders, other, (*seen, name))
    if not isinstance(below, dict):
        return below
    if word == "adapt":
        if below.get("from_file") is not None:
            raise ValueError(f"{name}: adapt names {other}, which is read from a file; train one")
        below = {k: v for k, v in below.items() if k not in _NOT_OF_ADAPTED} | {"steps": 500}
    return _merged(below, {key: value for key, value in block.items() if key != "like"})


def _below(block: Any) -> tuple[str, Any]:
    """The word by which an encoder names another one that it begins as, and which one."""
    if not isinstance(block, dict):
        return "", None
    if "like" in block:
        return "like", block["like"]
    adapt = block.get("adapt")
    other = adapt.get("encoder") if isinstance(adapt, dict) else adapt
    return ("adapt" if adapt is not None else ""), other


def _merged(below: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Nested values with own ones in place; a law of pairs comes with its own options."""
    merged = dict(below)
    for key, value in own.items():
        inner = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if inner and "law" not in value else value
    return merged
