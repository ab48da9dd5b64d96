"""Encoders of several sessions without labels: positives at the same moment of any trial."""

import numpy as np
import pytest

from cebra_kedro.recording import Recording
from cebra_kedro.sampling import find_anchors
from cebra_kedro.training import TrainingConfig
from cebra_kedro.training.config import PairsConfig
from cebra_kedro.training.data import pair_law, session_data
from cebra_kedro.training.loop import train

BIN_WIDTH_S, DELTA = 0.1, 0.03
LENGTHS = {"short": [20] * 12, "uneven": [30, 40] * 5}
NEAR = {"law": "delta_normal", "delta": DELTA, "ties": "uniform"}


def session(name, n_neurons):
    """Neurons that see one turn of a circle in each trial, however long it is."""
    rng = np.random.default_rng(n_neurons)
    trial = np.repeat(np.arange(len(LENGTHS[name])), LENGTHS[name])
    silent = Recording(np.ones((len(trial), 1)), {}, BIN_WIDTH_S, name, trial)
    turn = np.pi * silent.label("phase_of_trial").values[:, None] * [1, 2]
    seen = np.cos(turn) @ rng.normal(size=(2, n_neurons))
    neural = (seen + rng.normal(0, 0.1, seen.shape)).astype(np.float32)
    return Recording(neural, {}, BIN_WIDTH_S, name, trial)


@pytest.fixture(scope="module")
def sessions():
    return [session("short", 6), session("uneven", 9)]


def data_by(clock, sessions):
    return [session_data(one, np.arange(one.n_time), [clock]) for one in sessions]


@pytest.mark.parametrize("clock", ["time_in_trial", "phase_of_trial"])
def test_positives_are_at_the_same_moment_of_every_trial_of_every_session(clock, sessions):
    data = data_by(clock, sessions)
    anchors = find_anchors([one.segment for one in data], [(0, 1)] * 2)
    pairs = pair_law(data, anchors, PairsConfig(**NEAR), 0).draw(0, 4000, 1)
    moment = np.concatenate([one.labels[:, 0] for one in data])
    trial = np.concatenate([one.segment + 100 * n for n, one in enumerate(data)])
    positive = pairs.positives[0]
    # short trials have no moment after 1.9 s, the latest of theirs is then the nearest
    latest = np.where(positive < sessions[0].n_time, data[0].labels.max(), moment.max())
    wanted = np.minimum(moment[pairs.reference], latest)
    # 5 standard deviations, and half the distance of two moments
    assert np.abs(moment[positive] - wanted).max() < 5 * DELTA + BIN_WIDTH_S / 2
    taken, count = np.unique(trial[positive], return_counts=True)
    assert len(taken) == 12 + 10
    of_short = count[taken < 100]
    assert of_short.sum() == pytest.approx(4000, abs=0)  # of 8000: as many in either session
    # binomial, 5 standard deviations about 4000 / 12
    assert np.abs(of_short - 4000 / 12).max() < 5 * np.sqrt(4000 / 12)


def test_sessions_without_labels_share_one_embedding(sessions):
    """The known answer: at the same phase all neurons see the same point of a curve."""
    config = TrainingConfig(
        encoder={"architecture": "offset1-model", "hidden_units": 16, "output_dimension": 3},
        pairs=NEAR,
        optimizer={"learning_rate": 0.01},
        steps=150,
        batch_size=128,
        device="cpu",
        threads=1,
    )
    model = train(data_by("phase_of_trial", sessions), config)
    curves = []
    for number, one in enumerate(sessions):
        embedding = model.transform(one.neural, one.segment(), number)
        phase = one.label("phase_of_trial").values
        curves.append([embedding[np.abs(phase - at) < 0.03].mean(0) for at in np.linspace(0, 1, 9)])
    one, other = map(np.array, curves)
    distance = np.linalg.norm(one[:, None] - other, axis=-1)
    # the nearest point of the other session is the one at the same phase, ± 1/8
    assert np.abs(distance.argmin(axis=1) - np.arange(9)).max() <= 1
    assert np.diag(distance).mean() < 0.3 * distance.mean()
