"""Decoders carried between sessions: near their own where one latent is seen, else at chance."""

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import ortho_group
from small_experiments import ONE_BIN, POSITION, computed, experiment, saved, split

from cebra_kedro.cells import Cell
from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.pipelines.decoding.nodes import across
from cebra_kedro.pipelines.reporting.nodes import one_table
from cebra_kedro.pipelines.training.nodes import join_stores
from cebra_kedro.recording import Label, Recording
from cebra_kedro.splits import TEST

SESSIONS = ("ann", "ben", "cat")
N_TRIALS, BINS = 16, 100
ENCODERS = {
    "single": POSITION,
    "joint": POSITION | {"sessions": "joint"},
    "shuffled": POSITION | {"shuffle_labels": True},
    "distances": POSITION
    | {
        "loss": {"distance": "euclidean"},
        "encoder": ONE_BIN | {"architecture": "offset1-model-mse"},
    },
}
ACROSS = {"align": ["position"], "bins": 20}


def described(**blocks):
    given = {"sessions": SESSIONS, "encoders": ENCODERS, "across": ACROSS, "baselines": ["raw"]}
    return experiment(**given | blocks)


def session(name):
    """An animal that runs from 0 to 1 m in each trial, at a pace of its own."""
    rng = np.random.default_rng(list(map(ord, name)))
    pace = np.sort(rng.uniform(0, 1, (N_TRIALS, BINS)), axis=1).ravel()
    return Recording(
        neural=(np.arange(2 * len(pace)).reshape(-1, 2) % 3 == 0).astype(np.uint8),
        labels={"position": Label(pace.astype(np.float32), "continuous", "m")},
        bin_width_s=0.025,
        name=name,
        trial=np.repeat(np.arange(N_TRIALS), BINS),
    )


def latent(recording, encoder, number):
    """What is known: one curve on the sphere, turned in each session; of the control, noise."""
    rng = np.random.default_rng(number)
    angle = 2.5 * recording.labels["position"].values
    points = np.stack([np.cos(angle), np.sin(angle), 0.3 * np.cos(2 * angle)], axis=1)
    if encoder == "shuffled":
        points = rng.normal(size=points.shape)
    if encoder != "joint":
        points = points @ ortho_group.rvs(3, random_state=number)
    shift = 10.0 * number if encoder == "distances" else 0.0
    noisy = points + shift + rng.normal(0, 0.02, points.shape)
    return {"embedding": noisy.astype(np.float32)}


@pytest.fixture(scope="module")
def recordings():
    return {name: session(name) for name in SESSIONS}


@pytest.fixture(scope="module")
def embeddings(recordings, tmp_path_factory):
    folder, stores = tmp_path_factory.mktemp("embeddings"), {}
    for encoder in ENCODERS:
        cells = {}
        for number, (name, recording) in enumerate(recordings.items()):
            value = latent(recording, encoder, number)
            for fold in range(3):
                key = f"{name}/fold{fold}_seed0"
                cells[key] = Cell(lambda _, value=value: value, f"{encoder} {key}")
        stores[encoder] = saved(cells, folder / encoder, "arrays")
    return join_stores(**stores)


def carried(recordings, embeddings, chosen, only=None):
    splits = split(recordings, chosen)
    return across(recordings, splits, embeddings, None, chosen, only, "rats")


@pytest.fixture(scope="module")
def table(recordings, embeddings, tmp_path_factory):
    pieces = carried(recordings, embeddings, described())
    return one_table(saved(pieces, tmp_path_factory.mktemp("across"), "tables"))


def test_every_ordered_pair_has_its_scores_and_their_chance(table):
    assert list(table.columns) == [
        *("experiment", "source", "target", "through", "variant", "fold", "seed", "decoder"),
        *("metric", "value", "unit"),
    ]
    assert set(table["variant"]) == set(ENCODERS)  # raw activity has no common space
    pairs = table.groupby(["variant", "source", "target", "fold"])["metric"].agg(set)
    assert len(pairs) == len(ENCODERS) * 9 * 3
    errors = {"position_error_median", "chance_position_error_median"}
    assert all(errors <= metrics for metrics in pairs)
    through = table.groupby("variant")["through"].agg(set)
    assert through["joint"] == {"joint", "within"}
    assert through["single"] == through["shuffled"] == {"aligned", "within"}


@pytest.mark.parametrize("variant", ["single", "joint", "distances"])
def test_copies_of_one_latent_are_decoded_across_nearly_as_within(table, variant):
    of = table[table["variant"] == variant].groupby(["metric", "through"])["value"].mean()
    within = of["position_error_median", "within"]
    (between,) = of["position_error_median"].drop("within")
    assert within < 0.02  # m, of a track of 1 m
    assert between < 1.5 * within + 0.005
    assert between < 0.1 * of["chance_position_error_median"].drop("within").iloc[0]


def test_the_control_is_at_chance(table):
    of = table[table["variant"] == "shuffled"].groupby("metric")["value"].mean()
    assert of["position_error_median"] == pytest.approx(of["chance_position_error_median"], rel=0.2)


def test_test_rows_of_the_target_have_no_say_in_the_alignment(recordings, embeddings):
    chosen = described()
    pieces = carried(recordings, embeddings, chosen)
    one = pieces.cells["ann_to_ben/single/fold0_seed0"].compute
    fit, test = one._samples(one.lent, "ann"), one._samples(one.readout, "ben")
    held_out = test.part == TEST
    position = test.recording.labels["position"].values.copy()
    position[held_out] = 1 - position[held_out]
    other = dataclasses.replace(
        test.recording, labels={"position": Label(position, "continuous", "m")}
    )
    features = test.features.copy()
    features[held_out] *= -1
    before = one.turned(fit, test).features
    after = one.turned(fit, dataclasses.replace(test, features=features, recording=other)).features
    np.testing.assert_array_equal(after[~held_out], before[~held_out])
    np.testing.assert_array_equal(after[held_out], -before[held_out])


def test_variants_and_sessions_are_those_that_are_asked_for(recordings, embeddings):
    chosen = described(across=ACROSS | {"variants": ["joint"]})
    found = carried(recordings, embeddings, chosen, "ann,cat")
    pairs = {"ann_to_ann", "ann_to_cat", "cat_to_ann", "cat_to_cat"}
    assert {key.split("/")[0] for key in found.cells} == pairs
    assert {key.split("/")[1] for key in found.cells} == {"joint"}


def test_a_pair_is_scored_anew_when_something_of_it_changed(recordings, embeddings):
    def fingerprints(chosen=None, **changed):
        pieces = carried(recordings | changed, embeddings, chosen or described())
        return {key.split("/")[0]: cell.fingerprint for key, cell in pieces.cells.items()}

    before = fingerprints()
    assert fingerprints() == before
    position = Label(recordings["ben"].labels["position"].values / 2, "continuous", "m")
    moved = fingerprints(ben=dataclasses.replace(recordings["ben"], labels={"position": position}))
    assert {key for key in before if moved[key] != before[key]} == {
        key for key in before if "ben" in key
    }
    assert all(
        one != before[key]
        for key, one in fingerprints(described(across=ACROSS | {"bins": 9})).items()
    )


def test_sessions_that_share_too_few_bins_say_which_variant(recordings, embeddings):
    position = Label(recordings["ben"].labels["position"].values + 7, "continuous", "m")
    apart = recordings | {
        "ben": dataclasses.replace(recordings["ben"], labels={"position": position})
    }
    pieces = carried(apart, embeddings, described())
    with pytest.raises(ValueError, match="must share at least 5 label bins") as error:
        computed(pieces)
    assert error.value.__notes__ == ["in across, variant single"]


def test_sessions_without_common_labels_have_nothing_to_carry(recordings, embeddings):
    labels = {"place": Label(np.arange(N_TRIALS * BINS) % 2, "discrete")}
    other = recordings | {"ben": dataclasses.replace(recordings["ben"], labels=labels)}
    chosen = described(decode={"position": {}, "place": {}}, encoders={"single": POSITION})
    cells = across(
        other, split(recordings, described()), embeddings, None, chosen, None, "rats"
    ).cells
    pairs = {key.split("/")[0] for key in cells}
    assert pairs == {"ben_to_ben", *(f"{a}_to_{b}" for a in ("ann", "cat") for b in ("ann", "cat"))}
    assert set(cells["ben_to_ben/single/fold0_seed0"].compute(None)["metric"]) >= {"place_accuracy"}


def test_without_the_block_there_is_nothing_more_to_do():
    def names(chosen):
        return {node.name for one in stages_of("rats", chosen).values() for node in one.nodes}

    more = names(described()) - names(described(across=None))
    assert more == {"decoding.rats.across", "reporting.rats.across_table"}


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            {"across": ACROSS | {"variants": ["raw"]}},
            "across.variants names raw, but there are sin",
        ),
        ({"across": {"align": []}}, "at least 1 item"),
        ({"across": ACROSS | {"name": "x"}}, "Extra inputs"),
        ({"decode": {}}, "two sessions and something to decode"),
        ({"sessions": ["ann"], "encoders": {"single": POSITION}}, "two sessions and something"),
    ],
)
def test_what_cannot_be_carried_is_refused(blocks, message):
    with pytest.raises(ValidationError, match=message):
        described(**blocks)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"sessions": ["ann", "ben"]}, ("joint", "single")),
        ({"encoders": ["single"]}, ("single",)),
        ({"encoders": ["shuffled"]}, "nothing"),
        ({"sessions": ["ann"], "encoders": ["single"]}, "nothing"),
    ],
)
def test_the_default_run_carries_what_is_left(part, expected):
    block = ACROSS | {"variants": ["joint", "single"]}
    left = described(across=block, default_run=part).for_default_run().across
    assert ("nothing" if left is None else left.variants) == expected


def test_a_label_that_no_recording_has_aligns_nothing(recordings):
    chosen = described(across={"align": ["place", "phase_of_trial"]})
    with pytest.raises(ValueError, match="across aligns by place, but the labels are position"):
        split(recordings, chosen)
