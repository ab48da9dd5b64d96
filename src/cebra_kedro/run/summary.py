"""The last lines of a run: a short table of scores and where to look."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from cebra_kedro.metrics import CHANCE_PREFIX, decoded_label, format_value, with_unit
from cebra_kedro.run.provenance import PROVENANCE_NAME

_MANY = 8
"""With more sessions and more variants than this, their table is no longer short."""
_LINE_AND_PADDING = 3
"""Characters that a column takes beside its text."""
_LONGEST_PART = 10
"""Parts of a broken name that are longer are broken anywhere."""
_FIT = ("goodness_of_fit", "goodness_of_fit_test")
"""No scores of what was decoded."""


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
        metrics = rows_of_run(folder, scores) if scores in written else None
        metric = "" if metrics is None else headline(metrics, headlines.get(name, ""))
        if metrics is not None and metric:
            console.print(f"{name}: {_heading(metrics, metric)}", soft_wrap=True)
            console.print(score_table(metrics, metric, width))
            if second := class_metric(metrics, metric):
                console.print(f"{name}: {_heading(metrics, second)}", soft_wrap=True)
                console.print(mean_table(metrics, second, width))
        elif consistency in written and (table := _consistency_table(folder, consistency)):
            console.print(f"{name}: mean R² of the linear map, on training data", soft_wrap=True)
            console.print(table)
    console.print(f"Finished in {seconds:.0f} s. Report: {page}", soft_wrap=True)


def rows_of_run(folder: Path, file: Path) -> pd.DataFrame:
    """The rows of sessions that are not known to be of an earlier run than the file.

    All columns are text (a session may be called ``NA``), but the values.

    Args:
        folder: the reporting folder.
        file: a table of scores in it.
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


def headline(metrics: pd.DataFrame, wanted: str) -> str:
    """The wanted metric if there is any score of it, else the first one on test data, or nothing.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        wanted: name of a metric, or empty.
    """
    names = [name for name in metrics["metric"].unique() if name not in _FIT]
    there = [name for name in names if not name.startswith(CHANCE_PREFIX)]
    return wanted if wanted in there else _balanced(next(iter(there), ""), there)


def class_metric(metrics: pd.DataFrame, shown: str) -> str:
    """The first score of a class that is decoded beside what is shown already, or nothing.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        shown: the metric that has a table; another score of its label is not news.
    """
    units = dict(zip(metrics["metric"], metrics["unit"], strict=True))
    first = next(
        (
            name
            for name, unit in units.items()
            if (unit == "%" or "accuracy" in name)
            and not name.startswith(CHANCE_PREFIX)
            and name != shown
            and decoded_label(name) != decoded_label(shown)
        ),
        "",
    )
    return _balanced(first, units)


def _balanced(metric: str, there: Collection[str]) -> str:
    """Of an accuracy the balanced one if there is one, as in the report: its chance is 1 / classes.

    Of classes of unequal size, always the most frequent one can be above what chance level says.
    """
    balanced = f"{metric.removesuffix('accuracy')}balanced_accuracy"
    return balanced if metric.endswith("accuracy") and balanced in there else metric


def score_table(metrics: pd.DataFrame, metric: str, width: int) -> Table:
    """Mean score over folds and seeds: variants down, sessions across, chance last.

    More sessions than variants stand down, with the variants across. What does not fit is turned,
    then its heads are broken; where that is not enough, or there are many of both, the mean of all
    sessions stands instead. Of several decoders, the first counts. All is in the order of the file.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        metric: whose scores are shown.
        width: of the terminal.
    """
    scores = _scores(metrics, metric)
    if min(scores.mean.shape) > _MANY:
        return mean_table(metrics, metric, width)
    chance = scores.chance
    variants_down = _Layout(
        "variant", scores.texts(scores.mean), scores.texts(chance.to_frame("chance").T)
    )
    sessions_down = _Layout("session", scores.texts(scores.mean.T.assign(chance=chance)))
    layouts = [variants_down, sessions_down]
    if scores.mean.shape[1] > scores.mean.shape[0]:
        layouts.reverse()
    for break_heads in (False, True):
        for layout in layouts:
            if layout.width(break_heads) < width:
                return layout.table(break_heads)
    return mean_table(metrics, metric, width)


def mean_table(metrics: pd.DataFrame, metric: str, width: int) -> Table:
    """Mean score of each variant over folds, seeds and sessions; of several, also their range.

    Args:
        metrics: rows with the columns of ``metrics.csv``.
        metric: whose scores are shown.
        width: of the terminal.
    """
    scores = _scores(metrics, metric)
    names = list(scores.mean.columns)
    with_chance = pd.concat([scores.mean, scores.chance.to_frame("chance").T])
    columns = {names[0] if len(names) == 1 else f"mean of {len(names)} sessions": "mean"}
    columns |= {"lowest": "min", "highest": "max"} if len(names) > 1 else {}
    texts = scores.texts(
        pd.DataFrame({name: getattr(with_chance, how)(axis=1) for name, how in columns.items()})
    )
    layout = _Layout("variant", texts.iloc[:-1], texts.iloc[-1:])
    if layout.width(break_heads=False) >= width:
        layout = _Layout("variant", texts.iloc[:-1, :1], texts.iloc[-1:, :1])
    return layout.table(break_heads=False)


@dataclass(frozen=True)
class _Scores:
    """One metric by one decoder.

    Attributes:
        mean: (variant, session), over folds and seeds.
        chance: of each session.
        unit: of all.
    """

    mean: pd.DataFrame
    chance: pd.Series
    unit: str

    def texts(self, values: pd.DataFrame) -> pd.DataFrame:
        return _texts(values, self.unit)


def _scores(metrics: pd.DataFrame, metric: str) -> _Scores:
    chosen = _rows(metrics, metric)
    decoder, unit = chosen["decoder"].iloc[0], chosen["unit"].iloc[0]
    variants, sessions = chosen["variant"].unique(), chosen["subject"].unique()
    by_both = chosen.groupby(["variant", "subject"])["value"].mean().unstack()
    chance = _rows(metrics, CHANCE_PREFIX + metric, decoder).groupby("subject")["value"].mean()
    return _Scores(
        by_both.reindex(index=variants, columns=sessions), chance.reindex(sessions), unit
    )


def _rows(metrics: pd.DataFrame, metric: str, decoder: str | None = None) -> pd.DataFrame:
    """The scores of one metric by one decoder, which is the first one unless named."""
    rows = metrics[metrics["metric"] == metric]
    return rows[rows["decoder"] == (rows["decoder"].iloc[0] if decoder is None else decoder)]


def _texts(values: pd.DataFrame, unit: str) -> pd.DataFrame:
    return values.map(lambda value: format_value(value, unit))


@dataclass(frozen=True)
class _Layout:
    """Texts as they stand in a table.

    Attributes:
        corner: what the rows are.
        texts: names of rows and columns, and the texts.
        last: rows below a line, with the same columns; None for none.
    """

    corner: str
    texts: pd.DataFrame
    last: pd.DataFrame | None = None

    def width(self, break_heads: bool) -> int:
        """Characters that the table takes."""
        heads = self._heads(break_heads).values()
        columns = [max(map(len, [self.corner, *self._every.index])), *map(_length, heads)]
        return 1 + sum(length + _LINE_AND_PADDING for length in columns)

    def table(self, break_heads: bool) -> Table:
        """Texts are never cut; a name for which there is no room takes several lines."""
        table = Table()
        table.add_column(self.corner, overflow="fold")
        for head in self._heads(break_heads).values():
            table.add_column(head, justify="right", no_wrap=True, min_width=_length(head))
        for part in (self.texts, self.last):
            for label, row in () if part is None else part.iterrows():
                table.add_row(str(label), *row)
            table.add_section()
        return table

    @property
    def _every(self) -> pd.DataFrame:
        return self.texts if self.last is None else pd.concat([self.texts, self.last])

    def _heads(self, break_heads: bool) -> dict[str, str]:
        """Name of a column → its head, which is as wide as the column."""
        heads = {}
        for name in self.texts.columns:
            widest = int(self._every[name].str.len().max())
            heads[name] = (_broken(name, widest) if break_heads else name).rjust(widest)
        return heads


def _broken(name: str, width: int) -> str:
    """A name on several lines, broken at underscores and the like where it can be."""
    parts = [part for part in re.split(r"(?<=[_.\-/ ])", name) if part]
    width = max(width, min(_LONGEST_PART, max(map(len, parts))))
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line[i : i + width] for line in lines for i in range(0, len(line), width))


def _length(head: str) -> int:
    return max(map(len, head.split("\n")))


def _consistency_table(folder: Path, file: Path) -> Table | None:
    """Mean R² of each kind of comparison."""
    mean = pd.read_csv(folder / file).groupby("between", sort=False)["r2"].mean()
    if mean.empty:
        return None
    return _Layout("between", _texts(mean.to_frame("R²"), "")).table(break_heads=False)


def _heading(metrics: pd.DataFrame, metric: str) -> str:
    first = _rows(metrics, metric).iloc[0]
    decoder = f", decoder {first['decoder']}" if first["decoder"] else ""
    name = with_unit(f"{metric} on test data", first["unit"])
    return f"{name}{decoder}, mean over folds and seeds"


def _provenance(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads((folder / PROVENANCE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = entries if isinstance(entries, dict) else {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}
