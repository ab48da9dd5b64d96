"""No encoder and no baseline is fitted on rows that it will be tested on."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.parameters import BaselineParameters, TrainingParameters, VariantParameters
from cebra_kedro.pipelines.training.nodes import (
    embed,
    goodness_of_fit,
    loss_history,
    pca_embedding,
    raw_embedding,
    raw_window_embedding,
    train_encoders,
)
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows

SHARED = TrainingParameters.model_validate(
    {
        "encoder": {"architecture": "offset1-model"},
        "optimizer": {"learning_rate": 0.001},
        "steps": 5,
        "batch_size": 8,
        "seeds": [0, 10],
        "device": "cpu",
    }
)
DELTA = {"law": "time_delta", "time_offset_bins": 2}
POSITION = VariantParameters.model_validate({"labels": ["position"], "pairs": DELTA})
SHUFFLED = POSITION.model_copy(update={"shuffle_labels": True})
TIME = VariantParameters.model_validate({"pairs": {"law": "time", "time_offset_bins": 2}})
TRANSDUCTIVE = TIME.model_copy(update={"fit_on": "all"})
BASELINES = BaselineParameters(window_bins=4, pca_components=2)


class Store:
    """Keeps the jobs instead of training them."""

    folder = ()

    def below(self, *names):
        self.folder += names
        return self

    def train_missing(self, jobs, **_):
        self.jobs = dict(jobs)
        return self


@dataclass
class Model:
    """Embeds each bin as its row number times a factor, and remembers what it was given."""

    factor: float = 1.0
    seen: list = field(default_factory=list)
    bits: np.ndarray | None = None

    def transform(self, neural, segment):
        self.seen.append((neural, segment))
        return self.factor * neural[:, :1].astype(np.float32)

    def history(self, *_):
        if self.bits is not None:
            return pd.DataFrame({"goodness_of_fit_bits": self.bits})
        return pd.DataFrame({"step": [0, 1], "loss": [2.0, self.factor]})


def jobs(recording, splits, variant):
    store = train_encoders(recording, splits, Store(), SHARED, variant, folder="buddy/time")
    assert store.folder == ("buddy", "time")
    return {key: (session, config) for key, ([session], config) in store.jobs.items()}


def rows_of(data):
    return data.neural[:, 0].astype(int)


@pytest.mark.parametrize("variant", [POSITION, SHUFFLED, TIME], ids=["labels", "shuffled", "time"])
def test_an_encoder_is_trained_on_exactly_the_training_rows_of_its_fold(recording, splits, variant):
    trained = jobs(recording, splits, variant)
    assert list(trained) == [f"fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)]
    for key, (data, config) in trained.items():
        fold, seed = int(key[4]), int(key.split("_seed")[1])
        np.testing.assert_array_equal(rows_of(data), rows(splits["part"][fold], "train"))
        assert config.seed == seed


@pytest.mark.parametrize("variant", [POSITION, SHUFFLED], ids=["labels", "shuffled"])
def test_no_label_of_a_held_out_row_is_in_the_training_data(recording, splits, variant):
    position = recording.labels["position"].values
    for key, (data, _) in jobs(recording, splits, variant).items():
        held_out = position[rows(splits["part"][int(key[4])], "valid", "test")]
        assert not np.isin(data.labels[:, 0], held_out).any()


def test_labels_stay_with_their_rows(recording, splits):
    for data, _ in jobs(recording, splits, POSITION).values():
        # Positions are row numbers / 1000 in float32.
        np.testing.assert_allclose(data.labels[:, 0] * 1000, rows_of(data), rtol=1e-6)


def test_the_control_permutes_label_rows_and_leaves_the_activity(recording, splits):
    labels = ("position", "direction")
    plain = jobs(recording, splits, POSITION.model_copy(update={"labels": labels}))
    shuffled = jobs(recording, splits, SHUFFLED.model_copy(update={"labels": labels}))
    orders = set()
    for key, (data, _) in shuffled.items():
        truth = plain[key][0]
        np.testing.assert_array_equal(data.neural, truth.neural)
        order = np.argsort(data.labels[:, 0])
        # Whole rows move: direction stays with its position.
        np.testing.assert_array_equal(data.labels[order], truth.labels)
        # A random permutation of ~130 rows keeps about 1 in place.
        assert (data.labels[:, 0] == truth.labels[:, 0]).mean() < 0.1
        orders.add((key[:5], tuple(order)))
    assert len(orders) == len(shuffled)  # each seed has its own permutation


def test_an_encoder_without_labels_gets_none(recording, splits):
    assert all(data.labels is None for data, _ in jobs(recording, splits, TIME).values())


def test_windows_cannot_cross_trials_or_held_out_rows(recording, splits):
    for data, _ in jobs(recording, splits, TIME).values():
        row, trial = rows_of(data), recording.segment()[rows_of(data)]
        joined = data.segment[1:] == data.segment[:-1]
        np.testing.assert_array_equal(joined, (np.diff(row) == 1) & (np.diff(trial) == 0))


def test_a_transductive_encoder_sees_all_activity_and_no_label_once_for_all_folds(
    recording, splits
):
    trained = jobs(recording, splits, TRANSDUCTIVE)
    assert list(trained) == ["all_seed0", "all_seed10"]
    for data, _ in trained.values():
        np.testing.assert_array_equal(data.neural, recording.neural)
        assert data.labels is None


def test_every_encoder_embeds_the_whole_recording_with_what_is_needed_beside_it(recording, splits):
    models = {f"fold{fold}_seed{seed}": Model(seed + 1.0) for fold in range(3) for seed in (0, 1)}
    embeddings = embed(recording, splits, models)
    assert set(embeddings) == set(models)
    for key, entry in embeddings.items():
        ((neural, segment),) = models[key].seen
        np.testing.assert_array_equal(neural, recording.neural)
        np.testing.assert_array_equal(segment, recording.segment())
        np.testing.assert_array_equal(
            entry["embedding"][:, 0], models[key].factor * np.arange(recording.n_time)
        )
        np.testing.assert_array_equal(entry["part"], splits["part"][int(key[4])])
        np.testing.assert_array_equal(entry["trial"], recording.segment())
        # Multiples of 25 ms in float64.
        np.testing.assert_allclose(entry["time_s"], 0.025 * np.arange(recording.n_time), atol=1e-12)
        for name, label in recording.labels.items():
            np.testing.assert_array_equal(entry[name], label.values)


def test_a_transductive_encoder_serves_every_fold_with_one_pass(recording, splits):
    models = {"all_seed3": Model(2.0)}
    embeddings = embed(recording, splits, models)
    assert list(embeddings) == ["fold0_seed3", "fold1_seed3", "fold2_seed3"]
    assert len(models["all_seed3"].seen) == 1
    for fold in range(3):
        entry = embeddings[f"fold{fold}_seed3"]
        np.testing.assert_array_equal(entry["part"], splits["part"][fold])
        np.testing.assert_array_equal(entry["embedding"], embeddings["fold0_seed3"]["embedding"])


def test_goodness_of_fit_is_the_mean_over_the_last_tenth_of_the_steps(splits):
    bits = np.r_[np.zeros(18), 1.0, 3.0]
    model = Model(bits=bits)
    names = {"experiment": "hippocampus", "subject": "buddy", "variant": "time"}
    table = goodness_of_fit(
        {"fold2_seed10": model, "all_seed1": Model(bits=-bits)}, splits, **names
    )
    assert table[["fold", "seed", "metric", "value", "unit"]].values.tolist() == [
        [2, 10, "goodness_of_fit", 2.0, "bits"],
        *([fold, 1, "goodness_of_fit", -2.0, "bits"] for fold in range(3)),
    ]


def test_loss_curves_are_told_apart_by_fold_and_seed():
    table = loss_history({"fold2_seed10": Model(0.5), "fold0_seed1": Model(0.25)})
    assert table[["fold", "seed", "step", "loss"]].values.tolist() == [
        ["2", 10, 0, 2.0],
        ["2", 10, 1, 0.5],
        ["0", 1, 0, 2.0],
        ["0", 1, 1, 0.25],
    ]
    assert loss_history({"all_seed1": Model()})["fold"].unique().tolist() == ["all"]


@pytest.mark.parametrize(
    "features",
    [
        raw_embedding,
        lambda *data: raw_window_embedding(*data, BASELINES),
        lambda *data: pca_embedding(*data, BASELINES),
    ],
    ids=["raw", "raw_window", "pca"],
)
def test_baselines_have_one_entry_a_fold_in_the_form_of_an_embedding(recording, splits, features):
    entries = features(recording, splits)
    encoder = embed(recording, splits, {"fold0_seed0": Model()})["fold0_seed0"]
    assert list(entries) == ["fold0_seed0", "fold1_seed0", "fold2_seed0"]
    for fold, entry in enumerate(entries.values()):
        assert set(entry) == set(encoder)
        assert entry["embedding"].dtype == np.float32
        assert len(entry["embedding"]) == recording.n_time
        np.testing.assert_array_equal(entry["part"], splits["part"][fold])


def test_raw_is_the_activity_and_its_window_the_sum_around_it(recording, splits):
    raw = raw_embedding(recording, splits)["fold0_seed0"]["embedding"]
    np.testing.assert_array_equal(raw, recording.neural)
    window = raw_window_embedding(recording, splits, BASELINES)["fold0_seed0"]["embedding"]
    np.testing.assert_array_equal(window[4], recording.neural[2:6].sum(axis=0))


def test_held_out_rows_do_not_move_the_principal_components(recording, splits):
    before = pca_embedding(recording, splits, BASELINES)
    for fold, part in enumerate(splits["part"]):
        neural = recording.neural.copy()
        held_out = rows(part, "valid", "test")
        neural[held_out] = np.random.default_rng(0).integers(0, 60_000, neural[held_out].shape)
        changed = Recording(
            neural, recording.labels, recording.bin_width_s, "buddy", recording.trial
        )
        key, train = f"fold{fold}_seed0", rows(part, "train")
        after = pca_embedding(changed, splits, BASELINES)
        np.testing.assert_array_equal(
            after[key]["embedding"][train], before[key]["embedding"][train]
        )
        other = f"fold{(fold + 1) % 3}_seed0"  # there, these rows are training rows
        assert not np.allclose(after[other]["embedding"], before[other]["embedding"])
