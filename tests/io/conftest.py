"""Fixtures of the dataset tests."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def tiny_encoder_model():
    """An untrained encoder of 3 neurons, built directly so that no training loop runs here."""
    pytest.importorskip("cebra_kedro.training.model")
    from cebra_kedro.training.config import TrainingConfig
    from cebra_kedro.training.encoder import build_network
    from cebra_kedro.training.model import EncoderModel

    config = TrainingConfig.model_validate(
        {
            "encoder": {
                "architecture": "offset1-model",
                "hidden_units": 4,
                "output_dimension": 2,
            },
            "pairs": {"law": "time", "time_offset_bins": 1},
            "steps": 2,
        }
    )
    return EncoderModel(
        config=config,
        n_neurons=(3,),
        state={
            f"0.{key}": value
            for key, value in build_network(config.encoder, 3, seed=0).state_dict().items()
        },
        loss=np.array([2.0, 1.5], np.float32),
        learning_rate=np.full(2, 3e-4, np.float32),
        temperature=1.0,
        train_seconds=0.25,
        fingerprint="0123abcd",
    )
