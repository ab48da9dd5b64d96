"""The protocol ``latent``: how well an affine map of the features gives a known true latent.

Which rows are for training and test comes from ``splits``.
"""

from __future__ import annotations

import numpy as np

from cebra_kedro.decoding.control import permuted_rows
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.decoding.samples import Decoded, Samples
from cebra_kedro.decoding.scores import r2
from cebra_kedro.decoding.settings import DEFAULT_SETTINGS, DecoderSettings
from cebra_kedro.metrics import CHANCE_PREFIX


def decode_latent(
    fit: Samples,
    test: Samples | None = None,
    *,
    labels: tuple[str, ...] = ("latent",),
    decoders: tuple[str, ...] = (),
    scores: tuple[str, ...] | None = None,
    settings: DecoderSettings = DEFAULT_SETTINGS,
    shuffle_seed: int | None = None,
) -> list[Decoded]:
    """Reconstruct the true latent of a simulation by linear regression.

    ``reconstruction_r2`` is fitted on the training rows and scored on the test rows (R² of each
    latent dimension, equal weights); ``reconstruction_r2_all_rows`` is fitted and scored on all
    rows, as in Figure 1b of the paper. Nothing is chosen on validation rows.

    Chance is what the training mean gets, and what features independent of the latent get on
    average where they are fitted to the rows that are scored, dim / (time - 1).

    Args:
        fit: training and test rows.
        test: None: a fit on all rows has no test rows in another recording.
        labels: name of the latent, continuous.
        decoders: ``linear``.
        scores: None; they are the two above.
        settings: ``bin_step``, for training rows.
        shuffle_seed: the control: permute the latents over the training rows, and for the fit on
            all rows, over all rows, which is then scored on what it was fitted to.

    Returns:
        One result, with what was predicted by the fit on training rows.

    Raises:
        ValueError: the label is of another kind, or another recording was given.
        KeyError: the recording has no label of this name.
    """
    from sklearn.linear_model import LinearRegression

    (decoder,) = check_request("latent", labels=labels, decoders=decoders, scores=scores)
    if test is not None and test is not fit:
        raise ValueError(
            "the protocol latent scores the recording it is fitted to, got another as test; "
            "remove it"
        )
    (name,) = labels
    label = fit.recording.label(name)
    if label.kind != "continuous" or label.table is not None:
        raise ValueError(f"{name} must be a continuous label without a table, got {label.kind}")
    latent, features = label.values, fit.features
    train, row = fit.rows("train", settings.bin_step), fit.rows("test")
    everything = np.arange(len(features))
    of_train = latent[permuted_rows(len(latent), [train], shuffle_seed)[train]]
    of_all = latent[permuted_rows(len(latent), [everything], shuffle_seed)]
    predicted = LinearRegression().fit(features[train], of_train).predict(features[row])
    everywhere = LinearRegression().fit(features, of_all).predict(features)
    mean = np.broadcast_to(of_train.mean(axis=0), latent[row].shape)
    found = {
        "reconstruction_r2": r2(latent[row], predicted),
        "reconstruction_r2_all_rows": r2(of_all, everywhere),
    }
    chance = {
        f"{CHANCE_PREFIX}reconstruction_r2": r2(latent[row], mean),
        f"{CHANCE_PREFIX}reconstruction_r2_all_rows": features.shape[1] / (len(features) - 1),
    }
    return [
        Decoded(
            decoder=decoder,
            scores=found | chance,
            units=dict.fromkeys(found, ""),
            row=row,
            true={name: latent[row]},
            predicted={name: predicted},
            chosen={},
        )
    ]
