"""The last lines of a run: a short table of scores and where to look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from cebra_kedro.metrics import CHANCE_PREFIX, format_value, with_unit
from cebra_kedro.run.provenance import PROVENANCE_NAME

_MANY = 8
"""With more sessions and more variants than this, their table is no longer short."""
_LINE_AND_PADDING = 3
"""Characters that a column takes beside its text."""
_NARROW = 8
"""Names of columns longer than this may be broken."""
_OF_TRAINING = "goodness_of_fit"
"""No test score."""


def show_summary(
    results: Iterable[Path],
    folder: Path,
    page: Path,
    seconds: float,
    headlines: Mapping[str, str],
) -> None:
    """Print the headline score of each variant and session, and the path of the report.

    Args:
        results: files written by the run, relative to ``folder``.
        folder: the reporting folder.
        page: the report.
        seconds: duration of the run.
        headlines: experiment → metric to show; the first one of the table where none is named or
            none of that name was computed. Experiments are shown in this order, others after them.
    """
    console = Console(markup=False, emoji=False)  # a path may hold brackets and colons
    written, width = set(results), console.width
    there = sorted({file.parts[0] for file in written if len(file.parts) > 1})
    for name in dict.fromkeys([*headlines, *there]):
        scores, consistency = Path(name, "metrics.csv"), Path(name, "consistency.csv")
        metrics = _of_this_run(folder, scores) if scores in written else None
        metric = "" if metrics is None else headline(metrics, headlines.get(name, ""))
        if metrics is not None and metric:
            console.print(f"{name}: {_heading(metrics, metric)}", soft_wrap=True)
            console.print(*score_tables(metrics, metric, width))
        elif consistency in written and (tables := _consistency_tables(folder, consistency, width)):
            console.print(f"{name}: mean R² of the linear map, on training data", soft_wrap=True)
            console.print(*tables)
    console.print(f"Finished in {seconds:.0f} s. Report: {page}", soft_wrap=True)


def headline(metrics: pd.DataFrame, wanted: str) -> str:
    """The wanted metric if there is any score of it, else the first one on test data, or nothing.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        wanted: name of a metric, or empty.
    """
    names = [name for name in metrics["metric"].unique() if name != _OF_TRAINING]
    there = [name for name in names if not name.startswith(CHANCE_PREFIX)]
    return wanted if wanted in there else next(iter(there), "")


def score_tables(metrics: pd.DataFrame, metric: str, width: int) -> list[Table]:
    """Mean score over folds and seeds: variants down, sessions across, chance last.

    More sessions than variants stand down, with the variants across; where there are many of
    both, their mean stands instead. Of several decoders, the first counts. All is in the order of
    the file.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        metric: whose scores are shown.
        width: of the terminal; columns for which there is no room make further tables.
    """
    chosen = _rows(metrics, metric)
    decoder, unit = chosen["decoder"].iloc[0], chosen["unit"].iloc[0]
    variants, sessions = chosen["variant"].unique(), chosen["subject"].unique()
    by_both = chosen.groupby(["variant", "subject"])["value"].mean().unstack()
    mean = by_both.reindex(index=variants, columns=sessions)
    chance = _rows(metrics, CHANCE_PREFIX + metric, decoder).groupby("subject")["value"].mean()
    chance = chance.reindex(sessions)
    if min(mean.shape) > _MANY:
        together = f"mean of {len(sessions)} sessions"
        mean = mean.mean(axis=1).to_frame(together)
        chance = pd.Series({together: chance.mean()})
    elif len(sessions) > len(variants):
        return _tables("session", _texts(mean.T.assign(chance=chance), unit), width)
    last = _texts(chance.to_frame("chance").T, unit)
    return _tables("variant", _texts(mean, unit), width, last)


def _rows(metrics: pd.DataFrame, metric: str, decoder: str | None = None) -> pd.DataFrame:
    """The scores of one metric by one decoder, which is the first one unless named."""
    rows = metrics[metrics["metric"] == metric]
    return rows[rows["decoder"] == (rows["decoder"].iloc[0] if decoder is None else decoder)]


def _texts(values: pd.DataFrame, unit: str) -> pd.DataFrame:
    return values.map(lambda value: format_value(value, unit))


def _tables(
    corner: str, texts: pd.DataFrame, width: int, last: pd.DataFrame | None = None
) -> list[Table]:
    """The texts as a table, or as several below each other where the terminal is too narrow."""
    last = texts.iloc[:0] if last is None else last
    every = pd.concat([texts, last])
    names = max(map(len, [corner, *every.index]))
    room = width - 1 - names - _LINE_AND_PADDING
    groups: list[list[str]] = []
    left = 0
    for name in texts.columns:
        needed = _column_width(name, every) + _LINE_AND_PADDING
        if not groups or left < needed:
            groups.append([])
            left = room
        groups[-1].append(name)
        left -= needed
    return [_table(corner, texts[group], last[group]) for group in groups]


def _table(corner: str, texts: pd.DataFrame, last: pd.DataFrame) -> Table:
    """Names of rows and texts are never cut; a long name of a column takes several lines."""
    table = Table()
    table.add_column(corner, no_wrap=True)
    for name in texts.columns:
        width = _column_width(name, pd.concat([texts, last]))
        table.add_column(name, justify="right", overflow="fold", min_width=width)
    for part in (texts, last):
        for label, row in part.iterrows():
            table.add_row(str(label), *row)
        table.add_section()
    return table


def _column_width(name: str, texts: pd.DataFrame) -> int:
    return max(min(len(name), _NARROW), int(texts[name].str.len().max()))


def _consistency_tables(folder: Path, file: Path, width: int) -> list[Table]:
    """Mean R² of each kind of comparison."""
    mean = pd.read_csv(folder / file).groupby("between", sort=False)["r2"].mean()
    return [] if mean.empty else _tables("between", _texts(mean.to_frame("R²"), ""), width)


def _heading(metrics: pd.DataFrame, metric: str) -> str:
    first = _rows(metrics, metric).iloc[0]
    decoder = f", decoder {first['decoder']}" if first["decoder"] else ""
    name = with_unit(f"{metric} on test data", first["unit"])
    return f"{name}{decoder}, mean over folds and seeds"


def _of_this_run(folder: Path, file: Path) -> pd.DataFrame:
    """The rows of sessions that are not known to be of an earlier run than the file.

    All columns are text (a session may be called ``NA``), but the values.
    """
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    table["value"] = pd.to_numeric(table["value"].replace({"": "nan"}))
    entries = _provenance(folder)
    latest = entries.get(file.as_posix(), {}).get("run_id")
    run_of = {
        name: entries.get(f"{file.as_posix()}#{name}", {}).get("run_id", latest)
        for name in table["subject"].unique()
    }
    return table[table["subject"].map(run_of) == latest] if latest else table


def _provenance(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads((folder / PROVENANCE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = entries if isinstance(entries, dict) else {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}
