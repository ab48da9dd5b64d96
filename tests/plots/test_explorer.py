"""What the page lets one explore is what the results hold."""

import base64
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cebra_kedro.plots import explorer
from cebra_kedro.plots.explorer import packed, session_numbers
from cebra_kedro.plots.results import Predicted, Results, Variant
from cebra_kedro.recording import Label, Recording

N_TIME = 400


def unpacked(found):
    return np.frombuffer(base64.b64decode(found["data"]), np.dtype(found["type"]).newbyteorder("<"))


def recording(n_time=N_TIME):
    rng = np.random.default_rng(0)
    labels = {
        "position": Label(np.linspace(0, 1, n_time, dtype=np.float32), "continuous", "m"),
        "hand": Label(rng.normal(size=(n_time, 2)).astype(np.float32), "continuous", "cm"),
        "odour": Label(np.arange(n_time) % 3, "discrete", names=("a", "b", "c")),
        "same": Label(np.zeros(n_time, np.int64), "discrete"),
    }
    trial = np.arange(n_time) // 50
    return Recording(rng.poisson(1, (n_time, 5)), labels, 0.02, "ann", trial)


def results(n_time=N_TIME, dim=3):
    of, rng = recording(n_time), np.random.default_rng(1)
    embedding = {"time": rng.normal(size=(n_time, dim)), "pca": rng.normal(size=(n_time, 2))}
    part = np.repeat([0, 1, 2], [n_time // 2, n_time // 4, n_time - n_time // 2 - n_time // 4])
    test = np.flatnonzero(part == 2)

    def predicted(session, variant, label):
        if label not in ("hand", "odour") or variant != "time":
            return None
        true = of.labels[label].values[test]
        return Predicted(test, true, {"knn": true[::-1], "ridge": true})

    history = pd.DataFrame(
        [
            {
                "variant": "time",
                "fold": 0,
                "seed": seed,
                "step": step,
                "loss": 1.0,
                "goodness_of_fit_bits": step / 10 + seed,
                "learning_rate": 1e-3,
            }
            for seed in (0, 1)
            for step in range(250)
        ]
    )
    return Results(
        experiment="rats",
        sessions=("ann",),
        variants=(
            Variant("time", "encoder"),
            Variant("pca", "baseline"),
            Variant("raw", "baseline"),
        ),
        transfers=(),
        recording=lambda *_: of,
        part=lambda *_: part,
        embedding=lambda _, name: embedding.get(name),
        predicted=predicted,
        history=lambda _: history,
    )


def test_it_is_json():
    json.loads(json.dumps(session_numbers(results(), "ann"), allow_nan=False))


def test_embeddings_come_back_to_the_precision_of_a_pixel():
    source = results()
    found = session_numbers(source, "ann")["embeddings"]
    assert list(found) == ["time", "pca"]  # raw activity has none
    for name, one in found.items():
        points = np.stack([unpacked(c) * one["scale"] for c in one["coordinates"]], axis=1)
        expected = source.embedding("ann", name)
        # Whole numbers of up to 15 bits: half a step of the largest coordinate.
        np.testing.assert_allclose(points, expected, atol=np.abs(expected).max() / 2**15)


def test_more_than_three_dimensions_are_shown_by_three_of_their_components():
    one = session_numbers(results(dim=8), "ann")["embeddings"]["time"]
    assert len(one["coordinates"]) == 3
    assert "8 dims" in one["note"]


@pytest.mark.parametrize(("n_time", "every"), [(300, 1), (301, 2), (1000, 4)])
def test_long_recordings_are_thinned_and_rows_stay_in_step(monkeypatch, n_time, every):
    monkeypatch.setattr(explorer, "MOST_POINTS", 300)
    found = session_numbers(results(n_time), "ann")
    rows, embedding = found["rows"][""], found["embeddings"]["time"]
    assert rows["every"] == every
    lengths = {len(unpacked(c)) for c in embedding["coordinates"]}
    lengths |= {len(unpacked(rows[name])) for name in ("time_s", "trial", "part")}
    lengths |= {len(unpacked(label["values"])) for label in rows["labels"]}
    assert lengths == {len(range(0, n_time, every))}
    np.testing.assert_array_equal(unpacked(rows["trial"]), (np.arange(n_time) // 50)[::every])


def test_labels_that_vary_are_there_in_columns_with_names_of_classes():
    labels = session_numbers(results(), "ann")["rows"][""]["labels"]
    assert [label["name"] for label in labels] == ["position", "hand x", "hand y", "odour"]
    assert [one["name"] for one in labels[3]["classes"]] == ["a", "b", "c"]


def test_what_is_decoded_is_set_beside_the_truth():
    x, y, odour = session_numbers(results(), "ann")["decoded"]
    source = results().predicted("ann", "time", "hand")
    for column, one in enumerate((x, y)):
        np.testing.assert_array_equal(unpacked(one["true"]), source.true[:, column])
        np.testing.assert_array_equal(
            unpacked(one["predicted"]["time"]["knn"]), source.predicted["knn"][:, column]
        )
    truth = results().predicted("ann", "time", "odour")
    counts = np.array(odour["counts"]["time"]["ridge"])
    np.testing.assert_array_equal(counts, np.diag(np.bincount(truth.true)))
    assert np.array(odour["counts"]["time"]["knn"]).sum() == len(truth.true)


def test_training_curves_are_means_over_runs():
    one = session_numbers(results(), "ann")["loss"]["time"]
    step, mean = unpacked(one["step"]), unpacked(one["mean"])
    assert one["n_runs"] == 2
    assert len(step) <= explorer.MOST_STEPS
    np.testing.assert_allclose(mean, step / 10 + 0.5, rtol=1e-6)  # single precision
    # 0.1 bits a step go on for as many steps again; exact but for rounding.
    assert one["late_rise_bits"] == pytest.approx(25.0, rel=1e-9)


@given(
    hnp.arrays(
        st.sampled_from([np.int64, np.int16, np.uint8]),
        st.integers(0, 20),
        elements=st.integers(0, 100),
    )
)
def test_whole_numbers_come_back_as_they_were(values):
    np.testing.assert_array_equal(unpacked(packed(values)), values)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0, 255], "u1"), ([0, 256], "i2"), ([-1, 3], "i2"), ([0, 40_000], "i4"), ([0.5], "f4")],
)
def test_numbers_are_as_short_as_they_fit(values, kind):
    found = packed(np.array(values))
    assert found["type"] == kind
    np.testing.assert_array_equal(unpacked(found), values)
