"""A sweep over parameters: resumable, and equal to single runs with its values."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from small_experiments import (
    POSITION,
    TIME,
    TRAINING,
    area,
    computed,
    experiment,
    movie,
    rats,
    saved,
    split,
    trained,
    with_labels,
)

from cebra_kedro.decoding import DecoderSettings, Samples, protocol
from cebra_kedro.pipelines.decoding import nodes
from cebra_kedro.pipelines.decoding import sweep as sweeping
from cebra_kedro.pipelines.decoding.nodes import decode, score, sweep
from cebra_kedro.pipelines.training.nodes import train_encoder
from cebra_kedro.recording import Label
from cebra_kedro.sweep import cell_key

GRID = {
    "training.steps": [1, 2],
    "encoders.position.pairs.time_offset_bins": [1, 2],
    "decoders.neighbours": [[1, 2], [4], [3]],
}
ONE_SEED = TRAINING | {"seeds": [3]}
BLOCKS = {"split": {"by": "block"}, "training": ONE_SEED}
"""One fold and one seed."""


def described(grid=GRID, sessions=None, **blocks):
    """An experiment in which every encoder and every baseline is swept."""
    blocks = BLOCKS | {"encoders": {"position": POSITION}, "baselines": {}} | blocks
    chosen = {"encoders": list(blocks["encoders"]), "baselines": list(blocks["baselines"])}
    return experiment(**blocks | {"sweep": {"grid": grid, "sessions": sessions} | chosen})


def swept(chosen, recordings=None, only=None, splits=None):
    recordings = recordings or rats()
    splits = splits or split(recordings, chosen)
    return sweep(recordings, splits, chosen, only, "rats")


def test_every_combination_of_every_session_and_encoder_is_a_cell():
    chosen = described(baselines={"raw": {}})
    pieces = swept(chosen)
    assert len(pieces.cells) == 2 * 2 * 2 * 2 * 3
    assert {key.rsplit("/", 1)[0] for key in pieces.cells} == {
        f"{session}/{variant}" for session in rats() for variant in ("position", "raw")
    }
    values = dict(zip(GRID, (2, 1, [4]), strict=True))
    assert f"buddy/raw/{cell_key(values)}" in pieces.cells
    assert len({cell.fingerprint for cell in pieces.cells.values()}) == len(pieces.cells)


def test_a_sweep_runs_on_its_own_sessions_among_those_of_the_run():
    keys = swept(described(sessions=["cicero"])).cells
    assert {key.split("/")[0] for key in keys} == {"cicero"}
    assert swept(described(sessions=["cicero"]), only="buddy").cells == {}
    assert {key.split("/")[0] for key in swept(described(), only="buddy").cells} == {"buddy"}


def test_a_session_that_an_encoder_is_not_trained_on_is_passed_over():
    block = POSITION | {"sessions": ["buddy"]}
    grid = {"training.steps": [1]}
    pieces = swept(described(grid, encoders={"position": block}, baselines={"raw": {}}))
    variants = {key.rsplit("/", 1)[0] for key in pieces.cells}
    assert variants == {"buddy/position", "buddy/raw", "cicero/raw"}
    assert all(len(table) for table in computed(pieces).values())


def test_a_cell_gives_the_scores_of_the_run_with_its_values(tmp_path):
    grid = {"training.steps": [3], "decoders.neighbours": [[2]]}
    (table,) = computed(swept(described(grid), only="cicero")).values()
    run = experiment(
        **BLOCKS | {"training": ONE_SEED | {"steps": 3}, "decoders": {"neighbours": [2]}}
    )
    models, embeddings = trained(rats(), run, tmp_path, "cicero")
    pieces = decode(rats(), split(rats(), run), embeddings, models, run, "cicero", "rats")
    expected = score(models, run, "rats", saved(pieces, tmp_path / "p", "arrays"))
    is_fit = expected["metric"].str.startswith("goodness_of_fit")
    expected = expected[~is_fit].reset_index(drop=True)
    assert list(table.columns) == [*grid, *expected.columns]
    assert set(table["training.steps"]) == {3}
    pd.testing.assert_frame_equal(table[list(expected.columns)], expected, check_exact=True)


def test_every_fold_and_seed_is_in_the_table_also_of_what_does_not_depend_on_the_fold():
    encoders = {"position": POSITION, "time_transductive": {"pairs": TIME, "fit_on": "all"}}
    chosen = described(
        {"training.steps": [1]},
        encoders=encoders,
        baselines={"pca": {"components": 2}},
        split={"by": "trial"},
        training=TRAINING,
    )
    tables = computed(swept(chosen, only="buddy"))
    assert len(tables) == 3
    for key, table in tables.items():
        seeds = (0,) if "/pca/" in key else (0, 10)
        runs = table[["fold", "seed"]].drop_duplicates().to_numpy().tolist()
        assert sorted(runs) == [[fold, seed] for fold in range(3) for seed in seeds]
        assert set(table["variant"]) == {key.split("/")[1]}


def test_the_first_neurons_are_taken(monkeypatch):
    seen = []
    train = sweeping.trained

    def watched(job, path, key):
        (data, *_) = job()
        seen.append(data[0].neural)
        return train(job, path, key)

    monkeypatch.setattr(sweeping, "trained", watched)
    chosen = described({"n_neurons": [2, 3]}, baselines={"raw": {}})
    tables = computed(swept(chosen, only="cicero"))
    part = split(rats(), chosen)["cicero"]["part"][0]
    for count, neural in zip((2, 3), seen, strict=True):
        np.testing.assert_array_equal(neural, rats()["cicero"].neural[part == 0][:, :count])
    together = pd.concat(tables.values())
    cells = together[["n_neurons", "variant"]].drop_duplicates().to_numpy().tolist()
    assert sorted(cells) == [[2, "position"], [2, "raw"], [3, "position"], [3, "raw"]]
    raw = together[(together["variant"] == "raw") & (together["n_neurons"] == 2)]
    few = rats()["cicero"].neural[:, :2].astype(np.float32)
    (expected,) = protocol("labels")(
        Samples(few, rats()["cicero"], part),
        labels=("position",),
        settings=DecoderSettings(neighbours=(1, 3)),
    )
    assert dict(zip(raw["metric"], raw["value"], strict=True)) == expected.scores


def test_more_neurons_than_there_are_stop_the_sweep():
    with pytest.raises(ValueError, match="asks for 4 neurons, but buddy has 3; lower n_neurons"):
        computed(swept(described({"n_neurons": [4]})))


def test_populations_of_an_encoder_are_variants_of_their_own():
    grid = {"training.steps": [1]}
    blocks = {
        "decode": {"frame": {"protocol": "frames", "decoders": ["bayes"]}},
        "training": ONE_SEED | {"encoder": None},
        "baselines": {"raw_ca": {"name": "raw", "population": "ca"}},
        "sweep": {"grid": grid, "encoders": ["joint"], "baselines": ["raw_ca"]},
    }
    chosen = movie(**blocks)
    tables = computed(sweep(area(), split(area(), chosen), chosen, None, "movie"))
    variants = {key.split("/")[1]: set(table["variant"]) for key, table in tables.items()}
    assert variants == {"joint": {"joint_ca", "joint_neuropixels"}, "raw_ca": {"raw_ca"}}


def test_the_decoder_of_a_control_is_permuted_as_in_a_run(monkeypatch):
    asked = []
    decoded_tables = nodes.decoded_tables

    def watched(description, fit, shuffle_seed, **names):
        asked.append((names["variant"], shuffle_seed))
        return decoded_tables(description, fit, shuffle_seed, **names)

    monkeypatch.setattr(nodes, "decoded_tables", watched)
    encoders = {
        "position": POSITION,
        "shuffled": POSITION | {"shuffle_labels": "encoder"},
        "both": POSITION | {"shuffle_labels": "encoder_and_decoder"},
    }
    computed(swept(described({"training.steps": [1]}, encoders=encoders), only="buddy"))
    assert asked == [("position", None), ("shuffled", None), ("both", 3)]


# --- what is computed again -------------------------------------------------------------------


def fingerprints(recordings=None, splits=None, steps=(1, 2), **blocks):
    blocks = {"baselines": {"window": {"name": "raw_window", "bins": 4}}} | blocks
    chosen = described({"training.steps": list(steps)}, **blocks)
    pieces = swept(chosen, recordings, splits=splits)
    return {key: cell.fingerprint for key, cell in pieces.cells.items()}


def changed(before, after):
    return {key.rsplit("/", 1)[0] for key in before if after.get(key) != before[key]}


def test_nothing_is_computed_again_when_nothing_changed():
    assert fingerprints() == fingerprints()


def test_another_value_is_another_cell_and_leaves_the_others():
    before, after = fingerprints(steps=[1, 2]), fingerprints(steps=[2, 3])
    assert len(set(before) & set(after)) == 4
    assert all(after[key] == before[key] for key in set(before) & set(after))


def test_other_data_compute_their_session_again():
    before, buddy = fingerprints(), rats()["buddy"]
    position = Label(buddy.labels["position"].values[::-1].copy(), "continuous", "m")
    parts = split(rats(), described())
    part = parts["buddy"]["part"].copy()
    part[0, 100] = 2 - part[0, 100]
    for after in (
        fingerprints(rats() | {"buddy": with_labels(buddy, position=position)}),
        fingerprints(rats() | {"buddy": dataclasses.replace(buddy, neural=buddy.neural + 1)}),
        fingerprints(rats() | {"buddy": dataclasses.replace(buddy, trial=None)}),
        fingerprints(splits=parts | {"buddy": {"part": part}}),
    ):
        assert changed(before, after) == {"buddy/position", "buddy/window"}


@pytest.mark.parametrize(
    ("blocks", "again"),
    [
        ({"decoders": {"neighbours": [5]}}, {"position", "window"}),
        ({"decode": {"position": {}, "direction": {}}}, {"position", "window"}),
        ({"training": ONE_SEED | {"batch_size": 16}}, {"position"}),
        ({"training": ONE_SEED | {"seeds": [4]}}, {"position"}),
        ({"encoders": {"position": POSITION | {"shuffle_labels": "encoder"}}}, {"position"}),
        ({"baselines": {"window": {"name": "raw_window", "bins": 5}}}, {"window"}),
        ({"compare": {"seeds": False}}, set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_other_parameters_compute_again_what_depends_on_them(blocks, again):
    found = changed(fingerprints(), fingerprints(**blocks))
    assert found == {f"{session}/{variant}" for session in rats() for variant in again}


def test_a_control_is_scored_again_when_its_decoder_is_shuffled_too():
    def of(scope):
        return fingerprints(encoders={"position": POSITION | {"shuffle_labels": scope}})

    assert of("encoder") == of("encoder")
    again = changed(of("encoder"), of("encoder_and_decoder"))
    assert again == {"buddy/position", "cicero/position"}


def test_an_interrupted_sweep_of_twelve_cells_ends_with_the_same_tables(tmp_path, monkeypatch):
    chosen = described()
    whole = saved(swept(chosen, only="buddy"), tmp_path / "whole", "tables")
    assert len(whole) == 12
    trained_, calls = sweeping.trained, []

    def interrupted(*arguments):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(arguments)
        return trained_(*arguments)

    monkeypatch.setattr(sweeping, "trained", interrupted)
    with pytest.raises(KeyboardInterrupt):
        saved(swept(chosen, only="buddy"), tmp_path / "resumed", "tables")
    monkeypatch.setattr(sweeping, "trained", lambda *all: calls.append(all) or trained_(*all))
    resumed = saved(swept(chosen, only="buddy"), tmp_path / "resumed", "tables")
    assert len(calls) == 12
    assert list(resumed) == list(whole)
    for key, table in whole.items():
        pd.testing.assert_frame_equal(resumed[key], table, check_exact=True)
    assert not list((tmp_path / "resumed").rglob("*.checkpoint"))


def test_a_sweep_can_be_sent_to_other_processes(tmp_path):
    recordings = saved(rats(), tmp_path / "recordings", "recordings")
    chosen = described({"training.steps": [1]})
    splits = saved(split(rats(), chosen), tmp_path / "splits", "arrays")
    pieces = sweep(recordings, splits, chosen, "buddy", "rats")
    ((key, cell),) = pieces.cells.items()
    sent = pickle.dumps(cell)
    assert len(sent) < 50_000
    path = tmp_path / f"{key}.json"
    path.parent.mkdir(parents=True)
    pd.testing.assert_frame_equal(pickle.loads(sent).compute(path), cell.compute(path))


def test_no_sweep_has_no_cells():
    assert swept(experiment()).cells == {}


def test_a_swept_encoder_is_the_one_that_a_run_trains(tmp_path):
    chosen = described({"training.steps": [2]})
    names = {"name": "rats", "encoder": "position"}
    pieces = train_encoder(rats(), split(rats(), chosen), chosen, "buddy", **names)
    (digest,) = {cell.fingerprint for cell in pieces.cells.values()}
    (cell,) = swept(chosen, only="buddy").cells.values()
    assert digest in cell.compute.describe()


def test_encoder_and_decoder_of_a_cell_see_as_many_trials_as_it_says(monkeypatch):
    seen = []

    def noted(description, fit, *_, **names):
        seen.append((description.encoders["position"].trials, fit))
        return iter(())

    monkeypatch.setattr(nodes, "decoded_tables", noted)
    described_by_trial = described({"encoders.position.trials": [2, 5]}, split={"by": "trial"})
    computed(swept(described_by_trial, only="buddy"))
    assert {count for count, _ in seen} == {2, 5}
    for count, fit in seen:
        assert len(np.unique(fit.recording.trial[fit.rows("train")])) == count
