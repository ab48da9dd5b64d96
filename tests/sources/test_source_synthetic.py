"""Synthetic arrays, published or one's own, become recordings; what is not one is refused."""

import numpy as np
import pytest

from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.synthetic import simulate_continuous_label
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.sources.synthetic import read_set, to_recording


def published(**changes):
    content = simulate_continuous_label(seed=0, noise="poisson", n_samples=40, n_neurons=8)
    return PublishedFile(content | changes, "abc", "simulated", "somewhere")


def own(**changes):
    rng = np.random.default_rng(0)
    content = {"neural": rng.normal(size=(20, 4)), "label": rng.normal(size=20)}
    return {name: values for name, values in (content | changes).items() if values is not None}


def test_the_published_layout_is_read_with_its_truth():
    raw = published()
    recording = to_recording(raw, subject="poisson", bin_width_s=0.5)
    np.testing.assert_array_equal(recording.neural, raw.content["x"])
    assert recording.neural.dtype == np.uint8
    label, latent = recording.labels["label"], recording.labels["latent"]
    assert (label.kind, label.unit, label.values.shape) == ("continuous", "rad", (40,))
    # float64 → float32
    np.testing.assert_allclose(label.values, raw.content["u"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(latent.values, raw.content["z"][:, :2], rtol=1e-6)
    assert (recording.bin_width_s, recording.trial) == (0.5, None)
    assert recording.meta["simulated"] is True
    assert recording.meta["checksum"] == "abc"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[0, 255.0]], np.uint8),
        ([[0, 256.0]], np.uint16),
        ([[-3, 7.0]], np.int8),
        ([[-3, 200.0]], np.int16),
        ([[0.5, 1.0]], np.float32),
    ],
)
def test_neural_is_kept_small_and_exact(values, dtype):
    neural = np.repeat(values, 20, axis=0)
    recording = to_recording(own(neural=neural), subject="x")
    assert recording.neural.dtype == dtype
    np.testing.assert_array_equal(recording.neural, neural)


def test_an_own_set_says_the_kind_of_label_by_its_name():
    recording = to_recording(
        own(
            label=np.zeros((20, 3)),
            angle=np.zeros(20),
            **{"class": np.zeros(20, np.int32)},
            latent=np.zeros((20, 2)),
        ),
        subject="mine",
    )
    kinds = {name: label.kind for name, label in recording.labels.items()}
    assert kinds == {
        "label": "continuous",
        "angle": "circular",
        "class": "discrete",
        "latent": "continuous",
    }
    assert recording.labels["angle"].unit == "rad"
    assert recording.meta["simulated"] is False


def test_a_session_of_a_catalog_is_read_with_its_name_and_width():
    raw = published()
    recording = read_set(raw, session="poisson", bin_width_s=0.5)
    assert (recording.name, recording.bin_width_s) == ("poisson", 0.5)
    expected = to_recording(raw, subject="poisson", bin_width_s=0.5)
    np.testing.assert_array_equal(recording.neural, expected.neural)
    assert dict(recording.meta) == dict(expected.meta)


@pytest.mark.parametrize(("told", "expected"), [(None, True), (False, False)])
def test_whether_it_is_simulated_is_asked_of_the_file_unless_told(told, expected):
    recording = to_recording(published(), subject="poisson", simulated=told)
    assert recording.meta["simulated"] is expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": np.zeros((3, 8)), "u": np.zeros((3, 1))}, "x: the content lacks z"),
        (own(label=None), "expected neural and at least one of label, angle, class"),
        (own(colour=np.zeros(20)), "unknown keys colour; a set of one's own has neural, label"),
        (own(label=np.zeros(20, int)), "label must hold floats, got int64; call class ids class"),
        (own(**{"class": np.zeros(20)}), "class must be integers"),
        (own(angle=np.zeros((20, 2))), r"angle must have shape \(time,\) in rad, got \(20, 2\)"),
        (own(neural=np.zeros(20)), r"neural must be a non-empty array"),
        (own(neural=np.full((20, 2), np.nan)), "neural must hold finite numbers"),
        (own(label=np.zeros(19)), "label label has 19 rows but neural has 20"),
        (own(session=np.zeros(20, int)), "unknown keys session; a set of one's own has"),
    ],
)
def test_what_is_no_set_is_refused_by_name(content, message):
    with pytest.raises(RecordingError, match=message):
        to_recording(content, subject="x")


def test_a_latent_of_zeros_is_refused():
    raw = published(z=np.zeros((40, 8)))
    with pytest.raises(RecordingError, match="z must hold a latent"):
        to_recording(raw, subject="poisson")
