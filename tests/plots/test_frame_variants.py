"""Names of movie variants: parts, labels, colours, order."""

import pytest

from cebra_kedro.plots.frame_variants import (
    FrameVariant,
    check_not_empty,
    model_colour,
    model_label,
    models_in_order,
    split_variant,
)


@pytest.mark.parametrize(
    ("variant", "parts"),
    [
        ("ca", ("single", "ca", "")),
        ("neuropixels", ("single", "neuropixels", "")),
        ("joint_ca", ("joint", "ca", "")),
        ("raw_neuropixels_10frames", ("raw", "neuropixels", "10frames")),
        ("shuffled_ca", ("shuffled", "ca", "")),
        ("joint_neuropixels_10frames_adam", ("joint", "neuropixels", "10frames_adam")),
    ],
)
def test_a_variants_name_has_three_parts(variant, parts):
    assert split_variant(variant) == FrameVariant(*parts)


@pytest.mark.parametrize("variant", ["joint", "position", "ca2", "pca_ca", "", "raw_ca_"])
def test_other_names_are_refused(variant):
    with pytest.raises(ValueError, match="variant must be ca or neuropixels"):
        split_variant(variant)


def test_the_suffix_stands_in_the_label_and_pales_the_colour():
    assert model_label("joint", "") == "CEBRA, both modalities"
    assert model_label("joint", "10frames") == "CEBRA, both modalities (10 frames)"
    strong, pale = model_colour("joint", ""), model_colour("joint", "10frames")
    # half-way to white, in float64
    assert pale == pytest.approx(tuple((1 + part) / 2 for part in strong), abs=1e-12)


def test_models_come_by_suffix_then_from_raw_to_shuffled():
    given = {("shuffled", ""), ("raw", "10frames"), ("joint", ""), ("raw", ""), ("single", "")}
    assert models_in_order(given) == [
        ("raw", ""),
        ("single", ""),
        ("joint", ""),
        ("shuffled", ""),
        ("raw", "10frames"),
    ]


def test_a_figure_of_nothing_is_refused():
    with pytest.raises(ValueError, match="decoded must hold at least one entry"):
        check_not_empty("decoded", {})
