"""Numbers, names and comparisons as words, for sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cebra_kedro.metrics import decimals, format_value
from cebra_kedro.plots import style
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.paired import Paired
from cebra_kedro.report.signflip import SignFlip

_DECODER_WORDS = MappingProxyType(
    {
        "knn": "nearest neighbours",
        "ridge": "ridge regression",
        "logistic": "logistic regression",
        "linear": "linear regression",
        "bayes": "naive Bayes",
    }
)


Tone = Literal["good", "plain", "warning"]


@dataclass(frozen=True)
class Finding:
    """One plain sentence.

    Attributes:
        text: without mark-up.
        tone: ``good`` where an encoder is ahead by more than chance and more than its window,
            ``warning`` for what must be read before a number is quoted.
        metric: what it is about; empty where it is about several.
    """

    text: str
    tone: Tone
    metric: str = ""


def value_text(value: float, unit: str) -> str:
    """``0.164 m``, ``56.3 %``, ``−0.031``."""
    return f"{number_text(value, unit)} {unit}".strip()


def number_text(value: float, unit: str, *, signed: bool = False) -> str:
    """The number alone; next to nothing is 0 where 1 is a natural size (R² and percentages)."""
    if unit in ("", "%") and abs(value) < 0.5 * 10 ** -decimals(unit):
        value = 0.0
    sign = "+" if signed and value > 0 else ""
    return sign + format_value(value, unit).replace("-", "−")


def difference_and_interval(comparison: Paired, unit: str) -> str:
    """``+0.035 m (95 % interval −0.010 to +0.080, over 4 sessions)``."""
    mean = difference_text(comparison, unit)
    if not comparison.has_interval:
        return f"{mean} ({_no_interval(comparison)})"
    return f"{mean} (95 % interval {interval_text(comparison, unit)}, over {_units(comparison)})"


def difference_text(comparison: Paired, unit: str) -> str:
    """``+0.035 m``, ``−25.4 percentage points``."""
    points = "percentage points" if unit == "%" else unit
    return f"{number_text(comparison.mean, unit, signed=True)} {points}".strip()


def interval_text(comparison: Paired, unit: str) -> str:
    """``−0.010 to +0.080``; a dash without an interval."""
    if not comparison.has_interval:
        return "–"
    ends = (comparison.low, comparison.high)
    return " to ".join(number_text(end, unit, signed=True) for end in ends)


def _no_interval(comparison: Paired) -> str:
    if len(comparison.differences) == 1:
        return "one split and one seed: no interval"
    return "too few sessions, folds and seeds for an interval"


def _units(comparison: Paired) -> str:
    n_sessions = len(comparison.by_session)
    if comparison.unit == "session":
        return f"{n_sessions} sessions"
    in_each = "" if n_sessions == 1 else f" in each of {n_sessions} sessions"
    if comparison.unit == "fold":
        n = comparison.n_folds
        return f"{n} folds{in_each}" if n else f"{comparison.n_units} folds of both sessions"
    n = comparison.n_seeds
    split = "one split"
    if not n:
        return f"{comparison.n_units} seeds of {split} in both sessions"
    return f"{n} seeds of {split}{in_each}"


def p_text(p: float) -> str:
    """Two digits, as in ``0.031``; ``< 0.001``; a dash for NaN."""
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def tested_over_text(test: SignFlip) -> str:
    """``6 sessions``, ``12 folds of 4 sessions``, ``10 folds``, ``one split``."""
    if test.n_units == 1:
        return "one split"
    if test.n_units == test.n_sessions:
        return f"{test.n_units} sessions"
    of_sessions = f" of {test.n_sessions} sessions" if test.n_sessions > 1 else ""
    return f"{test.n_units} folds{of_sessions}"


def design_text(comparison: Paired) -> str:
    """``(4 sessions × 3 folds × 2 seeds)``; what there is once is left out."""
    counts = {
        "sessions": len(comparison.by_session),
        "folds": comparison.n_folds,
        "seeds": comparison.n_seeds,
    }
    if not all(counts.values()):
        return ""
    several = [f"{n} {what}" for what, n in counts.items() if n > 1]
    return f" ({' × '.join(several)})" if several else ""


def listed(names: Sequence[str], most: int = 6) -> str:
    """``a, b and c``; a long list ends in how many others there are."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} others")
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def quoted(name: str) -> str:
    """The name of an encoder or baseline as it stands in tables and figures."""
    return f"“{style.variant_label(name)}”"


def encoder_text(encoder: VariantFacts) -> str:
    """``the encoder “default” (guided by label)``; without what the name says already."""
    words = set(encoder.name.split("_"))
    labels = [name for name in encoder.labels if not set(name.split("_")) <= words]
    guide = f" (guided by {listed([plain(n) for n in encoder.labels])})" if labels else ""
    return f"the encoder {quoted(encoder.name)}{guide}"


def baseline_text(baseline: VariantFacts, encoder: VariantFacts, *, brief: bool = False) -> str:
    """What a baseline is, and how its window compares with the encoder's.

    Args:
        baseline: what is worded.
        encoder: what it is compared with.
        brief: leave out how many bins the encoder sees.
    """
    if baseline.is_pca:
        return "PCA"
    if not baseline.is_raw:
        return f"{quoted(baseline.name)} (no encoder)"
    if baseline.window_bins == encoder.window_bins:
        same = baseline.window_bins == 1
        return (
            "raw activity of the same bin" if same else "raw activity summed over the same window"
        )
    own = (
        "raw activity of single bins"
        if baseline.window_bins == 1
        else f"raw activity summed over {baseline.window_bins} bins"
    )
    return own if brief else f"{own} (the encoder sees {encoder.window_bins})"


def control_text(control: VariantFacts, encoder: VariantFacts) -> str:
    """Whether a control has the settings of the encoder."""
    return "its control" if control.control_of == encoder.name else "a control of other settings"


def decoder_text(decoder: str) -> str:
    """The decoder in words."""
    return _DECODER_WORDS.get(decoder, plain(decoder))


def plain(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def capital(text: str) -> str:
    """With a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]
