"""Names and colours of variants, shared by figures and the report."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from cebra_kedro.plots import style
from cebra_kedro.plots.results import Variant

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
COLOUR_VISION = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}


def lab(hex_colour: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as seen with the given vision."""
    rgb = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(vision @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(to_xyz @ linear / to_xyz.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


RATS = (
    *("position_direction", "position", "direction", "time", "time_transductive", "hybrid"),
    *("together", "shuffled", "shuffled_position", "raw", "raw_window", "pca"),
)
"""As many encoders, controls and baselines as any of the experiments here has."""


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_variant_colours_stay_apart_for_colour_blind_readers(vision):
    colours = {v: lab(c, COLOUR_VISION[vision]) for v, c in style.colours(RATS).items()}
    distances = {
        pair: np.linalg.norm(colours[pair[0]] - colours[pair[1]])
        for pair in itertools.combinations(colours, 2)
    }
    closest = min(distances, key=distances.get)
    # Delta E of about 2 is just noticeable side by side; 10 is plain between separate marks.
    assert distances[closest] > 10, (closest, distances[closest])


def test_variant_colours_are_visible_on_white():
    many = [f"{kind}{i}" for kind in ("encoder", "shuffled", "raw") for i in range(12)]
    for colour in style.colours(many).values():
        assert lab(colour, np.eye(3))[0] < 75  # L* of white is 100


def test_colours_tell_encoders_controls_and_baselines_by_kind_whatever_their_names():
    def chroma(colour):
        return np.linalg.norm(lab(colour, np.eye(3))[1:])

    variants = [
        Variant("raw_like", "encoder"),
        Variant("permuted", "control"),
        Variant("mine", "baseline"),
    ]
    encoder, control, baseline = style.colours(variants).values()
    assert chroma(encoder) > 30  # of a grey it is 0
    assert chroma(control) < 1
    assert lab(baseline, np.eye(3))[0] < 35  # dark
    by_name = style.colours(["time", "shuffled_time", "raw_ca"])
    assert list(by_name.values()) == [encoder, control, baseline]


def test_a_variant_keeps_its_colour_where_others_follow():
    assert style.colours(RATS[:3]).items() <= style.colours(RATS).items()
    assert len(style.colours([f"encoder{i}" for i in range(30)])) == 30  # colours come again


def test_transductive_variant_says_so_at_length_and_with_a_mark():
    assert style.variant_label("time_transductive") == "time †"
    long = style.variant_label("time_transductive", long=True)
    assert long == "time (transductive: encoder saw test neural data)"
    assert style.variant_label(Variant("mine", "baseline", transductive=True)) == "mine †"
    assert style.variant_label("tsne") == "t-SNE †"
    assert "transductive" in style.variant_label("umap", long=True)


def test_a_variant_of_unknown_split_has_a_mark_and_words_of_its_own():
    assert style.variant_label("theirs_unknown_split") == "theirs ‡"
    known = Variant("theirs_unknown_split", "encoder", transductive=True)
    assert style.variant_label(known, long=True).endswith("may have been trained on test trials)")
    both = style.transductive_footnote(["time_transductive", "theirs_unknown_split", "time"])
    assert [part[:3] for part in both.split("; ") if part[0] in "†‡"] == ["† t", "‡ u"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("made_up_variant", "made up variant"),
        ("pca", "PCA"),
        ("raw", "raw activity"),
        ("raw_window", "raw window"),
        ("ca_10frames", "Ca²⁺ 10 frames"),
        ("joint_ca_10frames", "joint Ca²⁺ 10 frames"),
        ("offset10_mse", "offset10 MSE"),
    ],
)
def test_names_are_readable_whatever_the_experiment(name, label):
    assert style.variant_label(name) == label


def test_long_names_say_what_is_a_control_and_what_has_no_encoder():
    assert style.variant_label("shuffled_target", long=True) == "shuffled target (control)"
    assert style.variant_label("raw", long=True) == "raw activity (no encoder)"
    assert style.variant_label("position", long=True) == "position"


def test_footnote_stands_only_where_a_transductive_variant_does():
    assert style.transductive_footnote(["time", "pca"]) == ""
    footnote = style.transductive_footnote(["time", "time_transductive"])
    assert footnote.startswith("†")
    assert "test" in footnote


def test_importing_and_drawing_leave_pyplot_and_the_backend_alone():
    code = (
        "import sys, numpy as np\n"
        "from cebra_kedro.plots import figures\n"
        "for kind in figures.FIGURES.values():\n"
        "    kind.function\n"
        "from cebra_kedro.plots.decoded_traces import plot_decoded\n"
        "assert 'matplotlib' not in sys.modules, 'importing must be cheap'\n"
        "t = np.arange(5.0)\n"
        "plot_decoded(t, t, t, name='position').figure.canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert not {'kedro', 'torch', 'cebra'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
