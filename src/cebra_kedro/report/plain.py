"""Values of manifest and provenance, which may hold anything, as plain text."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any


def text_of(value: Any) -> str:
    """Plain text of a JSON value; nothing for null and for empty lists and objects."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {text_of(item)}" for name, item in sorted(value.items()))
    return json_of(value) if isinstance(value, list) else str(value)


def json_of(value: Any, indent: int | None = None) -> str:
    """JSON with its keys in order."""
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False)


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment(text: str) -> str:
    """An ISO time to the second, with its offset; any other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(microsecond=0).isoformat(sep=" ").replace("+00:00", " UTC")


def duration(started: str, finished: str) -> str:
    """``0:02:40`` between two ISO times; empty if one is not a time."""
    try:
        span = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
    except (ValueError, TypeError):
        return ""
    return str(timedelta(seconds=round(span.total_seconds())))
