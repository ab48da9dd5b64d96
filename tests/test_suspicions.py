"""What looks like a mistake is said; what is well is not."""

import numpy as np
import pytest

from cebra_kedro.recording import Label, Recording
from cebra_kedro.suspicions import suspicions

N_TIME = 60


def recording(**changes):
    rng = np.random.default_rng(0)
    fields = {
        "neural": rng.poisson(2.0, (N_TIME, 4)).astype(np.uint8),
        "labels": {
            "position": Label(rng.random(N_TIME), "continuous", "m"),
            "choice": Label(np.arange(N_TIME) % 3, "discrete"),
        },
        "bin_width_s": 0.1,
        "name": "mine",
    }
    return Recording(**(fields | changes))


def with_neuron(number, values):
    neural = recording().neural.copy()
    neural[:, number] = values
    return recording(neural=neural)


def with_label(values, kind="continuous"):
    return recording(labels={"x": Label(np.asarray(values), kind)})


def test_nothing_is_suspected_of_a_usual_recording():
    assert suspicions(recording()) == []


@pytest.mark.parametrize(
    ("suspect", "said"),
    [
        (with_neuron(2, 0), "1 of 4 neurons (2) is silent"),
        (with_neuron(1, 7), "1 of 4 neurons (1) is constant"),
        (with_neuron(3, recording().neural[:, 0]), "1 of 4 neurons (3) is the same as one before"),
        (with_neuron(0, 90 + np.arange(N_TIME)), "1 of 4 neurons (0) is firing above 500 Hz"),
        (recording(neural=np.ones((N_TIME, 4))), "4 of 4 neurons (0, 1, 2, 3) are constant"),
        (
            recording(neural=np.random.default_rng(0).random((60, 61))),
            "60 bins but 61 neurons; if the array is (neuron, time), say transposed: true",
        ),
        (recording(bin_width_s=25.0), "bin_width_s is 25 s; correct it if that is ms or Hz"),
        (with_label(np.full(N_TIME, 0.5)), "label x is constant; it guides nothing"),
        (with_label(np.zeros(N_TIME, int), "discrete"), "label x is constant"),
        (with_label(np.arange(N_TIME) % 3.0), "label x has 3 different values; say kind: discr"),
        (with_label(np.arange(N_TIME), "discrete"), "label x has 60 classes in 60 bins; say kind"),
        (
            recording(labels={"heading": Label(np.linspace(-180, 179, N_TIME), "continuous")}),
            "label heading seems to be an angle in degrees; say kind: circular and unit: deg",
        ),
        (
            recording(labels={"x": Label(np.linspace(0, 359, N_TIME), "continuous", "deg")}),
            "label x seems to be an angle in degrees",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_named_with_a_remedy(suspect, said):
    (found,) = suspicions(suspect)
    assert found.startswith(said)


def test_traces_may_be_as_large_as_they_are():
    assert suspicions(recording(neural=np.random.default_rng(0).random((60, 3)) * 1e6)) == []
