"""Labels, colours and number formats shared by figures and the report."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.plots import style

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


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_variant_colours_stay_apart_for_colour_blind_readers(vision):
    colours = {v: lab(s.colour, COLOUR_VISION[vision]) for v, s in style.VARIANT_STYLES.items()}
    distances = {
        pair: np.linalg.norm(colours[pair[0]] - colours[pair[1]])
        for pair in itertools.combinations(colours, 2)
    }
    closest = min(distances, key=distances.get)
    # Delta E of about 2 is just noticeable side by side; 10 is plain between separate marks.
    assert distances[closest] > 10, (closest, distances[closest])


@pytest.mark.parametrize("variant", style.VARIANT_STYLES)
def test_variant_colours_are_visible_on_white(variant):
    assert lab(style.variant_colour(variant), np.eye(3))[0] < 75  # L* of white is 100


def test_every_usual_variant_has_a_label_and_a_colour_of_its_own():
    variants = (
        "position_direction position direction time time_transductive hybrid shuffled raw pca"
    )
    assert set(variants.split()) <= set(style.VARIANT_STYLES)
    for attribute in ("short", "long", "colour"):
        values = [getattr(s, attribute) for s in style.VARIANT_STYLES.values()]
        assert len(set(values)) == len(values)


def test_transductive_variant_says_so_at_length_and_with_a_mark():
    assert style.variant_label("time_transductive") == "time †"
    long = style.variant_label("time_transductive", long=True)
    assert long == "time (transductive: encoder saw test neural data)"
    assert style.variant_label("hybrid_transductive").endswith("†")
    assert "transductive" in style.variant_label("ca_transductive", long=True)


def test_unknown_variant_is_readable_and_its_colour_depends_on_its_name_only():
    assert style.variant_label("made_up_variant") == "made up variant"
    assert style.variant_colour("made_up") == style.variant_colour("made_up")
    assert style.variant_colour("made_up").startswith("#")


def test_a_movie_variant_that_goes_on_says_how():
    assert style.variant_label("ca_10frames") == "Ca²⁺ (10 frames)"
    assert style.variant_label("joint_ca_10frames") == "joint, Ca²⁺ (10 frames)"
    long = style.variant_label("raw_ca_2frames_adam", long=True)
    assert long == "raw Ca²⁺ events (no encoder) (2 frames adam)"


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_encoders_of_a_movie_stay_apart_in_one_figure(vision):
    trained = ("ca", "neuropixels", "joint", "shuffled_ca", "shuffled_neuropixels")
    colours = [lab(style.variant_colour(v), COLOUR_VISION[vision]) for v in trained]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    # Plain between separate marks, as above.
    assert min(distances) > 10


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_variants_of_reaching_stay_apart_in_one_figure(vision):
    variants = (*style.REACHING_VARIANT_STYLES, "position", "time", "raw", "pca")
    colours = [lab(style.variant_colour(v), COLOUR_VISION[vision]) for v in variants]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    assert min(distances) > 10  # plain between separate marks, as above


def test_controls_and_features_without_encoder_come_after_encoders():
    given_order = ["pca", "shuffled_target", "target", "raw", "time", "position_target"]
    expected = ["position_target", "target", "time", "shuffled_target", "raw", "pca"]
    assert style.ordered_variants(given_order) == expected


def test_footnote_stands_only_where_a_transductive_variant_does():
    assert style.transductive_footnote(["time", "pca"]) == ""
    footnote = style.transductive_footnote(["time", "time_transductive"])
    assert footnote.startswith("†")
    assert "test" in footnote


def test_variants_come_in_one_order_whatever_the_order_given():
    given_order = ["zebra", "pca", "time", "apple", "position", "time"]
    expected = ["position", "time", "pca", "apple", "zebra"]
    assert style.ordered_variants(given_order) == expected
    assert style.ordered_variants(reversed(given_order)) == expected


def test_chance_metric_is_labelled_as_the_chance_of_its_metric():
    assert style.metric_label("chance_position_r2") == "chance position R²"
    assert style.metric_label("made_up_score") == "made up score"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.13478, "m", "0.135"),
        (13.478, "cm", "13.5"),
        (81.94, "%", "81.9"),
        (1.0372, "bits", "1.04"),
        (0.92109, "", "0.921"),
        (-0.0421, "", "-0.042"),
        (0.0, "m", "0.000"),
        (0.000123, "m", "0.00012"),
        (float("nan"), "m", "–"),
        (float("inf"), "m", "–"),
    ],
)
def test_numbers_have_the_decimals_of_their_unit(value, unit, text):
    assert style.format_value(value, unit) == text


@given(
    st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-12),
    st.sampled_from(["m", "cm", "%", "frames", "deg", "s", "bits", ""]),
)
def test_formatted_number_is_close_and_never_turns_into_zero(value, unit):
    shown = float(style.format_value(value, unit))
    # Half of the last decimal shown, which is the first for the coarsest units, or, for tiny
    # values, half a unit in the second significant digit (at most 5 %).
    coarsest = {"m": 5e-4, "": 5e-4, "bits": 5e-3}.get(unit, 5e-2)
    assert abs(shown - value) <= min(coarsest * (1 + 1e-9) + 1e-9, max(coarsest, abs(value)))
    assert (shown == 0) == (value == 0)


def test_importing_and_drawing_leave_pyplot_and_the_backend_alone():
    code = (
        "import sys, numpy as np\n"
        "import cebra_kedro.plots as plots\n"
        "assert 'matplotlib' not in sys.modules, 'importing must be cheap'\n"
        "t = np.arange(5.0)\n"
        "plots.plot_decoded_position(t, t, t).figure.canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert not {'kedro', 'torch', 'cebra'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
