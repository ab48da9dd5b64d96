"""Columns of a text table that pandas takes for text though they are numbers, or nearly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io.core import DatasetError

_MISSING = {"NA", "N/A", "#N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>"}
_GROUPED = re.compile(r"[+-]?(\d+,\d+|\d{1,3}([.,' ]\d{3})+([.,]\d+)?)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)


def is_number(text: str, decimal: str = ".", thousands: str | None = None) -> bool:
    """Whether a text can be read as a number."""
    if thousands:
        text = text.replace(thousands, "")
    if decimal != ".":
        if "." in text:
            return False
        text = text.replace(decimal, ".")
    return bool(_NUMBER.fullmatch(text))


def has_decimal_commas(table: pd.DataFrame, path: Path) -> bool:
    """Whether at least half of the values of a column are numbers, some as 1,5.

    Args:
        table: as read with a decimal point.
        path: for errors.

    Raises:
        DatasetError: there are numbers such as 1.5, too.
    """
    counted = [_counts(table[name]) for name in table if is_text(table[name])]
    commas = [counts for counts in counted if _are_commas(counts)]
    if not commas:
        return False
    pointed = any(_is_fraction(text) for counts in commas for text in counts)
    if pointed or any(_has_fractions(table[name]) for name in table):
        raise DatasetError(
            f"{path} has numbers such as 1,5 and such as 1.5; say load_args: {{decimal: ','}} or "
            "{thousands: ','}"
        )
    return True


def words_for_missing(table: pd.DataFrame, options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Column → words such as NA, for columns that hold nothing else but numbers.

    A column of text keeps them: a subject may be called NA.
    """
    return {
        str(name): sorted(_MISSING)
        for name in table
        if is_text(table[name]) and (counts := _counts(table[name]))
        if all(text in _MISSING or _is_number(text, options) for text in counts)
    }


def check_words(table: pd.DataFrame, options: Mapping[str, Any], path: Path) -> None:
    """Refuse numbers in another writing, or with a few words among them: all would become text."""
    for name in table:
        if is_text(table[name]):
            _check_column(table[name], str(name), options, path)


def is_text(column: pd.Series) -> bool:
    """Whether pandas found other things than numbers or true and false."""
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))


def _check_column(column: pd.Series, name: str, options: Mapping[str, Any], path: Path) -> None:
    counts = {text: n for text, n in _counts(column).items() if text not in _MISSING}
    words = {text for text in counts if not _is_number(text, options)}
    grouped = [text for text in words if _GROUPED.fullmatch(text)]
    if 2 * sum(counts[text] for text in grouped) > sum(counts.values()):
        raise DatasetError(
            f"{path}: column {name} holds {min(grouped)!r}, which looks like a number; say "
            "load_args: {decimal: ','}, {thousands: ','} or both, or name other columns in arrays"
        )
    if not counts or 2 * sum(counts[text] for text in words) > sum(counts.values()):
        return
    texts = ((row, str(value).strip()) for row, value in enumerate(column, 1) if pd.notna(value))
    row, word = next((row, text) for row, text in texts if text in words)
    raise DatasetError(
        f"{path}: column {name} holds numbers, but {word!r} in row {row} below the header; correct "
        f"it, or, where it stands for a missing value, say load_args: {{na_values: [{word!r}]}}"
    )


def _counts(column: pd.Series) -> dict[str, int]:
    return Counter(str(value).strip() for value in column.dropna())


def _is_number(text: str, options: Mapping[str, Any]) -> bool:
    return is_number(text, options.get("decimal", "."), options.get("thousands"))


def _are_commas(counts: Mapping[str, int]) -> bool:
    commas = sum(n for text, n in counts.items() if "," in text and is_number(text, ","))
    numbers = commas + sum(n for text, n in counts.items() if is_number(text))
    return commas > 0 and 2 * numbers >= sum(counts.values())


def _is_fraction(text: str) -> bool:
    return "." in text and is_number(text)


def _has_fractions(column: pd.Series) -> bool:
    return bool(pd.api.types.is_float_dtype(column) and (column.dropna() % 1 != 0).any())
