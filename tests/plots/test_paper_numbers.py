"""Numbers on the panels of the published files, against those printed with them."""

import os
from pathlib import Path

import numpy as np
import pytest

from cebra_kedro.plots.paper import figure_1, figure_2_decoding
from cebra_kedro.plots.paper.numbers import anova_and_tukey, summary, table, welch_greater
from cebra_kedro.sources.published_results import read_results_csv, read_results_hdf

THREE_DIGITS = 5e-4
"""Relative: the references have three digits or more."""


def rounded(reference, decimals):
    """A printed reference is exact to its last decimal (some were rounded twice)."""
    return pytest.approx(reference, abs=10**-decimals)


def test_statistics_are_those_of_the_text_book():
    """F of three groups by hand: between 2 · 4² / 2, within 6 / 3 · 1."""
    groups = {"a": np.array([1.0, 3.0]), "B": np.array([5.0, 7.0]), "c": np.array([9.0, 11.0])}
    rows = table(anova_and_tukey(groups, "cm")).set_index(["method", "quantity"])["value"]
    assert rows["all methods", "anova_f"] == pytest.approx(32 / 2)  # 64 / 2 over 6 / 3
    assert rows["all methods", "anova_df_within"] == 3
    assert rows["B - a", "tukey_difference"] == pytest.approx(4)
    assert rows["c - a", "tukey_difference"] == pytest.approx(8)
    middle = (rows["c - a", "tukey_low"] + rows["c - a", "tukey_high"]) / 2
    assert middle == pytest.approx(8)
    facts = table(summary("a", groups["a"], "cm")).set_index("quantity")["value"]
    assert facts["sd"] == pytest.approx(np.sqrt(2))
    assert facts["sem"] == pytest.approx(1)
    welch = table(welch_greater("x", groups["B"], groups["a"])).set_index("quantity")["value"]
    assert welch["welch_t"] == pytest.approx(4 / np.sqrt(2))  # both variances 2, n = 2


@pytest.fixture(scope="module")
def published():
    folder = Path(os.environ.get("CEBRA_KEDRO_DATA", ""), "published_results")
    if "CEBRA_KEDRO_DATA" not in os.environ or not (folder / "Figure1.h5").is_file():
        pytest.skip("needs published_results in the folder CEBRA_KEDRO_DATA")
    files = {name: read_results_hdf(folder / name) for name in ("Figure1.h5", "SupplVideo1.h5")}
    for path in folder.rglob("*.csv"):
        files[path.relative_to(folder).as_posix()] = read_results_csv(path)
    mcmc = files.pop("figure2_pivae_mcmc.csv", None)
    return files if mcmc is None else files | {figure_2_decoding.MCMC: mcmc}


def values(drawn):
    return drawn.data.set_index(["method", "item", "quantity"])["value"]


@pytest.mark.data
class TestFigure1:
    def test_reconstruction(self, published):
        found = values(figure_1.panel_b_left(published))
        for item, r2 in (("both latents", 0.92109), ("latent 1", 0.92703), ("latent 2", 0.91516)):
            assert found["CEBRA", item, "r2"] == rounded(100 * r2, 3)

    def test_scores(self, published):
        found = values(figure_1.panel_b_right(published))
        reference = {
            "CEBRA": (0.919929, 0.920471, 0.911366, 0.922740, 0.002121),
            "piVAE": (0.840699, 0.822501, 0.702002, 0.948717, 0.062090),
            "autoLFADS": (0.856328, 0.860423, 0.765566, 0.881612, 0.017248),
            "tSNE": (0.788089, 0.782868, 0.716331, 0.848897, 0.030489),
            "UMAP": (0.809193, 0.809183, 0.797767, 0.821511, 0.004111),
        }
        for method, facts in reference.items():
            assert found[method, "", "n"] == 100
            for quantity, fact in zip(("mean", "median", "min", "max", "sd"), facts, strict=True):
                assert found[method, "", quantity] == rounded(100 * fact, 4)

    def test_statistics(self, published):
        found = values(figure_1.panel_b_right(published))
        everything = found["all methods"].droplevel("item")
        assert everything["anova_f"] == rounded(251.26683, 5)
        assert everything["anova_p"] == pytest.approx(1.1211e-117, rel=THREE_DIGITS)
        assert (everything["anova_df_between"], everything["anova_df_within"]) == (4, 495)
        reference = {
            "CEBRA - autoLFADS": (0.0636, 0.0512, 0.0760),
            "piVAE - autoLFADS": (-0.0156, -0.0280, -0.0033),
            "tSNE - autoLFADS": (-0.0682, -0.0806, -0.0559),
            "UMAP - autoLFADS": (-0.0471, -0.0595, -0.0348),
            "piVAE - CEBRA": (-0.0792, -0.0916, -0.0669),
            "tSNE - CEBRA": (-0.1318, -0.1442, -0.1195),
            "UMAP - CEBRA": (-0.1107, -0.1231, -0.0984),
            "tSNE - piVAE": (-0.0526, -0.0650, -0.0402),
            "UMAP - piVAE": (-0.0315, -0.0439, -0.0191),
            "UMAP - tSNE": (0.0211, 0.0087, 0.0335),
        }
        for pair, facts in reference.items():
            of_pair = found[pair].droplevel("item")
            for name, fact in zip(("difference", "low", "high"), facts, strict=True):
                assert of_pair[f"tukey_{name}"] == rounded(100 * fact, 2)
        assert found["piVAE - autoLFADS", "", "tukey_p"] == rounded(0.0053, 4)
        assert found["UMAP - tSNE", "", "tukey_p"] == rounded(3.8e-5, 6)

    def test_time_bins(self, published):
        found = values(figure_1.panel_d(published))
        assert found["UMAP", "right", "time bins drawn"] == 5737
        assert found["UMAP", "left", "time bins drawn"] == 4441
        of_autolfads = found["autoLFADS"].sum()
        assert of_autolfads == 10168

    def test_consistency(self, published):
        found = values(figure_1.panel_e(published))
        reference = {
            "CEBRA-Behavior": (0.9431, 0.9671, 0.9130),
            "CEBRA-Time": (0.7711, 0.7638, 0.7485),
            "conv-piVAE w/ labels": (0.7469, 0.8113, 0.6832),
            "conv-piVAE": (0.5310, 0.6140, 0.3842),
            "autoLFADS": (0.6420, 0.5241, 0.6503),
            "tSNE": (0.6789, 0.7767, 0.5535),
            "UMAP": (0.4108, 0.3399, 0.3655),
        }
        for method, (mean, first, last) in reference.items():
            assert found[method, "", "r2_mean"] == rounded(100 * mean, 2)
            assert found[method, "row achilles, column buddy", "r2"] == rounded(100 * first, 2)
            assert found[method, "row gatsby, column cicero", "r2"] == rounded(100 * last, 2)
        row_2 = [
            found["CEBRA-Time", f"row cicero, column {rat}", "r2"] for rat in ("achilles", "buddy")
        ]
        assert row_2 == [rounded(77.33, 2), rounded(72.92, 2)]


@pytest.mark.data
class TestFigure2:
    def test_decoded_position(self, published):
        found = values(figure_2_decoding.panel_d_left(published))
        curves = {
            "ground truth": (0.05, (2.540, 4.438, 5.595, 7.290, 9.208)),
            "CEBRA-Behavior": (0.05, (6.700, 5.997, 4.958, 6.099, 6.556)),
            "CEBRA-Shuffle": (0.25, (78.558, 81.623, 65.376, 73.937, 68.778)),
        }
        for name, (step_s, first) in curves.items():
            start_s = 0.05 if name == "CEBRA-Shuffle" else 0
            for i, value in enumerate(first):
                assert found[name, f"{start_s + i * step_s:.3f} s", "position"] == rounded(value, 3)
        cebra = found["CEBRA-Behavior"]
        assert cebra["whole file", "median error"] == rounded(5.927, 3)
        assert cebra["window", "median error"] == rounded(5.362, 3)
        assert cebra["whole file", "position R²"] == rounded(92.23, 2)
        assert cebra["whole file", "position and direction R²"] == rounded(81.00, 2)
        assert cebra["whole file", "direction accuracy"] == rounded(92.64, 2)
        assert found["CEBRA-Shuffle", "aligned at the start", "median error"] == rounded(43.5, 1)

    def test_errors_of_methods(self, published):
        found = values(figure_2_decoding.panel_d_right(published))
        reference = {
            "CEBRA-Behavior": (5.382, 5.459, 5.278, 5.708),
            "conv-pi-VAE (MC)": (10.997, 11.124, 9.364, 10.874),
            "conv-piVAE (kNN)": (16.133, 16.123, 17.819, 16.346),
            "CEBRA-Time": (4.735, 4.710, 4.719, 4.663),
            "autoLFADS": (6.266, 6.659, 6.736, 9.931),
            "t-SNE": (8.091, 8.117, 8.125, 8.125),
            "UMAP": (12.054, 12.141, 11.211, 11.726),
        }
        for method, (median, mean, first, last) in reference.items():
            assert found[method, "", "median"] == rounded(median, 3)
            assert found[method, "", "mean"] == rounded(mean, 3)
            assert found[method, "seed 0", "error"] == rounded(first, 3)
            assert found[method, "seed 9", "error"] == rounded(last, 3)
        assert found["PCA", "", "median"] == rounded(22.385, 3)
        assert found["PCA", "", "n"] == 1
