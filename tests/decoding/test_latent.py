"""The true latent of a simulation is scored as in the paper, and held out."""

import numpy as np
import pytest

from cebra_kedro.consistency.linear import linear_r2
from cebra_kedro.decoding.latent import decode_latent
from cebra_kedro.splits import contiguous_blocks
from samples_of import samples_of

N = 300
PART = contiguous_blocks(N)
TRAIN, TEST = PART == 0, PART == 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def decode(features, latent, **options):
    (result,) = decode_latent(samples_of(features, PART, latent=(latent, "continuous")), **options)
    return result


def scores_of(features, latent):
    return decode(features, latent).scores


def test_reconstruction_is_the_linear_fit_of_the_paper_and_the_held_out_one(rng):
    latent = rng.normal(size=(N, 2))
    features = latent @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(N, 4))
    scores = scores_of(features, latent)
    # independent code, float64
    assert scores["reconstruction_r2_all_rows"] == pytest.approx(
        linear_r2(features, latent), abs=1e-12
    )
    design = np.column_stack([features, np.ones(N)])
    weights = np.linalg.lstsq(design[TRAIN], latent[TRAIN], rcond=None)[0]
    error = ((latent - design @ weights)[TEST] ** 2).sum(axis=0)
    total = ((latent[TEST] - latent[TEST].mean(axis=0)) ** 2).sum(axis=0)
    assert scores["reconstruction_r2"] == pytest.approx(np.mean(1 - error / total), abs=1e-12)


def test_chance_of_the_fit_on_all_rows_is_what_noise_gets(rng):
    latent = rng.normal(size=(N, 2))
    found = [
        scores_of(rng.normal(size=(N, 10)), latent)["reconstruction_r2_all_rows"] for _ in range(50)
    ]
    chance = scores_of(rng.normal(size=(N, 10)), latent)
    # Beta(5, 144.5) per latent: sd 0.0148, mean of 100: 0.0015; 4 of these
    assert np.mean(found) == pytest.approx(chance["chance_reconstruction_r2_all_rows"], abs=0.006)
    assert abs(chance["chance_reconstruction_r2"]) < 0.2


def test_what_was_predicted_is_that_of_the_fit_on_training_rows(rng):
    latent = rng.normal(size=(N, 2))
    result = decode(np.column_stack([latent @ [[1, 2], [3, 4]], np.ones(N)]), latent)
    np.testing.assert_array_equal(result.row, np.flatnonzero(TEST))
    np.testing.assert_array_equal(result.true["latent"], latent[TEST])
    # an exact map, in float64
    np.testing.assert_allclose(result.predicted["latent"], latent[TEST], atol=1e-10)
    assert result.decoder == "linear"
    assert result.units == {"reconstruction_r2": "", "reconstruction_r2_all_rows": ""}
    assert result.chosen == {}


def test_a_fit_to_permuted_latents_is_at_chance(rng):
    latent = rng.normal(size=(N, 2))
    found = [decode(latent, latent, shuffle_seed=seed).scores for seed in range(50)]
    # Beta(1, 148.5) per latent: sd 0.0067, mean of 100: 0.0007; 4 of these
    assert np.mean([s["reconstruction_r2_all_rows"] for s in found]) == pytest.approx(
        found[0]["chance_reconstruction_r2_all_rows"], abs=0.003
    )
    assert np.mean([s["reconstruction_r2"] for s in found]) < 0.02
    assert scores_of(latent, latent)["reconstruction_r2"] == pytest.approx(1, abs=1e-12)


def test_another_recording_and_another_kind_are_refused(rng):
    latent = rng.normal(size=(N, 2))
    fit, test = (samples_of(latent, PART, latent=(latent, "continuous")) for _ in range(2))
    with pytest.raises(ValueError, match="scores the recording it is fitted to"):
        decode_latent(fit, test)
    assert decode_latent(fit, fit)[0].scores == decode_latent(fit)[0].scores
    angle = samples_of(latent, PART, latent=(latent[:, 0], "circular"))
    with pytest.raises(ValueError, match=r"latent must be a continuous label .* got circular"):
        decode_latent(angle)
