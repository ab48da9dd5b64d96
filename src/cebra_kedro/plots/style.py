"""The shared look of all figures: colours, labels of variants and metrics, sizes, rc settings.

Nothing is drawn here and matplotlib is not imported, so the report can use the same labels.
"""

from __future__ import annotations

import math
import re
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

MOVIE_VARIANT_STYLES = MappingProxyType(
    {
        # Hues say what was done, as in the bars of frame scores: blue for one modality, orange for
        # both, dark for raw activity, grey for the control.
        "ca": VariantStyle("Ca²⁺", "Ca²⁺ events", "#0072B2"),
        "neuropixels": VariantStyle("Neuropixels", "Neuropixels spikes", "#56B4E9"),
        "joint": VariantStyle("joint", "joint: both modalities", "#D55E00"),
        "joint_ca": VariantStyle("joint,\nCa²⁺", "joint encoder, Ca²⁺ events", "#D55E00"),
        "joint_neuropixels": VariantStyle(
            "joint,\nNeuropixels", "joint encoder, Neuropixels spikes", "#E69F00"
        ),
        "shuffled_ca": VariantStyle(
            "shuffled,\nCa²⁺", "shuffled frames (control), Ca²⁺ events", "#B0B0B0"
        ),
        "shuffled_neuropixels": VariantStyle(
            "shuffled,\nNeuropixels", "shuffled frames (control), Neuropixels spikes", "#7F7F7F"
        ),
        "raw_ca": VariantStyle("raw\nCa²⁺", "raw Ca²⁺ events (no encoder)", "#222222"),
        "raw_neuropixels": VariantStyle(
            "raw\nNeuropixels", "raw Neuropixels spikes (no encoder)", "#6B3A1E"
        ),
    }
)
"""Variants of the movie experiment; a name may go on, e.g. ``ca_10frames``."""

REACHING_VARIANT_STYLES = MappingProxyType(
    {
        # The colours of direction and of position with direction, which mean the same there.
        "position_target": VariantStyle("position +\ntarget", "position + target", "#0072B2"),
        "target": VariantStyle("target", "target direction", "#009E73"),
        "shuffled_position": VariantStyle(
            "shuffled\nposition", "shuffled position (control)", "#B0B0B0"
        ),
        "shuffled_target": VariantStyle("shuffled\ntarget", "shuffled target (control)", "#6C6C6C"),
    }
)
"""Variants of the reaching experiment that the rats do not have."""

ENCODER_STYLES = MappingProxyType(
    {
        "default": VariantStyle("default", "default encoder", "#0072B2"),
        "offset1": VariantStyle("offset1", "one-bin window, cosine distance", "#56B4E9"),
        "offset5": VariantStyle("offset5", "five-bin window, cosine distance", "#009E73"),
        "offset10_mse": VariantStyle(
            "offset10\nmse", "ten-bin window, Euclidean distance", "#D55E00"
        ),
    }
)
"""Encoders of the synthetic experiment."""

METHOD_STYLES = MappingProxyType(
    {
        name: VariantStyle(
            f"{label} {TRANSDUCTIVE_MARK}", f"{label} of neural activity (transductive)", colour
        )
        for name, label, colour in (("tsne", "t-SNE", "#CC79A7"), ("umap", "UMAP", "#E69F00"))
    }
)
"""Methods that embed the test rows together with the others, because they know no other way."""

_STYLES = MappingProxyType(
    {
        **REACHING_VARIANT_STYLES,
        **ENCODER_STYLES,
        **VARIANT_STYLES,
        **MOVIE_VARIANT_STYLES,
        **METHOD_STYLES,
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
        "reconstruction_r2_all_rows": "reconstruction R² (fitted on all rows)",
        "label_r2": "label R²",
        "label_r2_train": "label R² (training rows)",
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
    if known := _STYLES.get(variant):
        return known.long if long else known.short.replace("\n", " ")
    if is_transductive(variant):
        base = variant_label(variant.removesuffix(_TRANSDUCTIVE_SUFFIX), long=long)
        return f"{base} ({_TRANSDUCTIVE_LONG})" if long else f"{base} {TRANSDUCTIVE_MARK}"
    begins = [name for name in MOVIE_VARIANT_STYLES if variant.startswith(f"{name}_")]
    if begins:
        base = max(begins, key=len)
        rest = suffix_label(variant.removeprefix(f"{base}_"))
        return f"{variant_label(base, long=long)} ({rest})"
    return variant.replace("_", " ")


def suffix_label(suffix: str) -> str:
    """Readable end of a variant's name, e.g. ``10 frames`` for ``10frames``."""
    return re.sub(r"^(\d+)(?=[a-z])", r"\1 ", suffix).replace("_", " ")


def variant_tick_label(variant: str) -> str:
    """The short label in two lines where that keeps ticks apart."""
    return _STYLES[variant].short if variant in _STYLES else variant_label(variant)


def variant_colour(variant: str) -> str:
    """Colour of a variant as ``#rrggbb``; unknown names get one that depends on the name only."""
    if variant in _STYLES:
        return _STYLES[variant].colour
    return _SPARE_COLOURS[sum(variant.encode()) % len(_SPARE_COLOURS)]


def is_transductive(variant: str) -> bool:
    """Whether the encoder or method of this variant saw the neural data of the test split."""
    return variant.endswith(_TRANSDUCTIVE_SUFFIX) or variant in METHOD_STYLES


def transductive_footnote(variants: Iterable[str]) -> str:
    """The explanation of † if any of the variants carries it, else an empty string."""
    if not any(is_transductive(variant) for variant in variants):
        return ""
    return (
        f"{TRANSDUCTIVE_MARK} transductive: the encoder saw the neural data of the test trials "
        "(never their labels); not comparable with encoders fitted on training trials only"
    )


def ordered_variants(variants: Iterable[str]) -> list[str]:
    """Each variant once, encoders before controls before features without an encoder.

    Among those, in the order of their styles; unknown names come last, in alphabetical order.
    """
    known = sorted(_STYLES, key=_kind)
    unique = set(variants)
    return [v for v in known if v in unique] + sorted(unique.difference(known))


def _kind(variant: str) -> int:
    """0 for an encoder, 1 for a control, 2 for features without an encoder."""
    if variant.startswith("shuffled"):
        return 1
    return 2 if variant.startswith(("raw", "pca")) or variant in METHOD_STYLES else 0


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
