"""The shared look of all figures: colours, labels of variants and metrics, sizes, rc settings.

Nothing is drawn here and matplotlib is not imported, so the report can use the same labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

DPI = 150
"""Dots per inch of saved figures."""

RC = MappingProxyType(
    {
        "figure.dpi": DPI,
        "figure.facecolor": "white",
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "grid.color": "0.85",
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "legend.frameon": False,
        "text.usetex": False,
    }
)
"""Settings for ``matplotlib.rc_context``; never applied globally."""

WIDE_INCHES = (9.0, 2.8)
EMBEDDING_INCHES = (5.2, 4.2)
SMALL_PANEL_INCHES = (2.9, 2.7)
"""Size (width, height) of one cell of a grid; the wider ones are single figures."""

TRANSDUCTIVE_MARK = "†"
_TRANSDUCTIVE_SUFFIX = "_transductive"
_TRANSDUCTIVE_LONG = "transductive: encoder saw test neural data"


@dataclass(frozen=True)
class VariantStyle:
    """How one variant appears: tick label, sentence label, colour."""

    short: str
    long: str
    colour: str


VARIANT_STYLES = MappingProxyType(
    {
        # Okabe-Ito, with brown for its yellow, which is too pale on white.
        "position_direction": VariantStyle(
            "position +\ndirection", "position + direction", "#0072B2"
        ),
        "position": VariantStyle("position", "position", "#56B4E9"),
        "direction": VariantStyle("direction", "direction", "#009E73"),
        "time": VariantStyle("time", "time", "#D55E00"),
        "time_transductive": VariantStyle(
            f"time {TRANSDUCTIVE_MARK}", f"time ({_TRANSDUCTIVE_LONG})", "#E69F00"
        ),
        "hybrid": VariantStyle("hybrid", "hybrid (behaviour + time)", "#CC79A7"),
        "shuffled": VariantStyle("shuffled", "shuffled labels (control)", "#B0B0B0"),
        "raw": VariantStyle("raw\nneural", "raw neural activity (no encoder)", "#222222"),
        "raw_window": VariantStyle(
            "raw\nwindow", "raw neural activity in the encoder's window (no encoder)", "#5A2D91"
        ),
        "pca": VariantStyle("PCA", "PCA of neural activity", "#6B3A1E"),
    }
)

# For variants of other experiments, in order of first appearance; the first nine stay apart.
_SPARE_COLOURS = ("#332288", "#117733", "#88CCEE", "#AA4499", "#999933", "#882255", "#44AA99")

_METRIC_LABELS = MappingProxyType(
    {
        "position_error_median": "median position error",
        "position_r2": "position R²",
        "total_r2": "position and direction R²",
        "direction_accuracy": "direction accuracy",
        "frame_accuracy_1s": "frames decoded within 1 s",
        "frame_error_mean": "mean frame error",
        "frame_error_median": "median frame error",
        "scene_accuracy": "scene accuracy",
        "reconstruction_r2": "reconstruction R²",
        "label_r2": "label R²",
        "angular_error_mean": "mean angular error",
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "goodness_of_fit": "goodness of fit",
        "train_seconds": "training time",
    }
)

_DECIMALS = MappingProxyType({"%": 1, "cm": 1, "frames": 1, "deg": 1, "s": 1, "bits": 2})


def variant_label(variant: str, *, long: bool = False) -> str:
    """Readable name of a variant; unknown names lose their underscores, ``_transductive`` its †.

    Args:
        variant: the name in tables, e.g. ``time_transductive``.
        long: the label for captions and tables instead of the short one.
    """
    if variant in VARIANT_STYLES:
        style = VARIANT_STYLES[variant]
        return style.long if long else style.short.replace("\n", " ")
    if is_transductive(variant):
        base = variant_label(variant.removesuffix(_TRANSDUCTIVE_SUFFIX), long=long)
        return f"{base} ({_TRANSDUCTIVE_LONG})" if long else f"{base} {TRANSDUCTIVE_MARK}"
    return variant.replace("_", " ")


def variant_tick_label(variant: str) -> str:
    """The short label in two lines where that keeps ticks apart."""
    return VARIANT_STYLES[variant].short if variant in VARIANT_STYLES else variant_label(variant)


def variant_colour(variant: str) -> str:
    """Colour of a variant as ``#rrggbb``; unknown names get one that depends on the name only."""
    if variant in VARIANT_STYLES:
        return VARIANT_STYLES[variant].colour
    return _SPARE_COLOURS[sum(variant.encode()) % len(_SPARE_COLOURS)]


def is_transductive(variant: str) -> bool:
    """Whether the encoder of this variant saw the neural data of the test split."""
    return variant.endswith(_TRANSDUCTIVE_SUFFIX)


def transductive_footnote(variants: Iterable[str]) -> str:
    """The explanation of † if any of the variants carries it, else an empty string."""
    if not any(is_transductive(variant) for variant in variants):
        return ""
    return (
        f"{TRANSDUCTIVE_MARK} transductive: the encoder saw the neural data of the test trials "
        "(never their labels); not comparable with encoders fitted on training trials only"
    )


def ordered_variants(variants: Iterable[str]) -> list[str]:
    """Each variant once: the known ones in the order of ``VARIANT_STYLES``, then by name."""
    known = list(VARIANT_STYLES)
    unique = set(variants)
    return [v for v in known if v in unique] + sorted(unique.difference(known))


def metric_label(metric: str) -> str:
    """Readable name of a metric, without its unit, e.g. ``median position error``."""
    if metric.startswith("chance_"):
        return f"chance {metric_label(metric.removeprefix('chance_'))}"
    return _METRIC_LABELS.get(metric, metric.replace("_", " "))


def known_metrics() -> tuple[str, ...]:
    """The metrics with a label of their own, in the order in which tables show them."""
    return tuple(_METRIC_LABELS)


def with_unit(label: str, unit: str) -> str:
    """``label (unit)``, or the bare label of a number without a unit."""
    return f"{label} ({unit})" if unit else label


def format_value(value: float, unit: str) -> str:
    """A number with the decimals usual for its unit, e.g. ``0.135`` for m and ``81.9`` for %.

    A value that these decimals would round to zero keeps two significant digits.

    Args:
        value: any number; not finite becomes ``–``.
        unit: the unit it is in, which is not repeated in the text.
    """
    if not math.isfinite(value):
        return "–"
    decimals = _DECIMALS.get(unit, 3)
    if value and abs(value) < 0.5 * 10**-decimals:
        return f"{value:.2g}"
    return f"{value:.{decimals}f}"
