"""Which embeddings are compared: seeds in their fold, others on fold 0, training rows only."""

import dataclasses

import numpy as np
import pytest
from small_experiments import (
    ONE_BIN,
    POSITION,
    TIME,
    TRAINING,
    area,
    experiment,
    movie,
    rat,
    saved,
    split,
    with_labels,
)

from cebra_kedro.pipelines.consistency.nodes import compare
from cebra_kedro.pipelines.training.nodes import join_stores
from cebra_kedro.recording import Label

COLUMNS = ["experiment", "between", "source", "target", "r2"]
ALIGNED = {"align": ["position"], "bins": 20}
NOTHING = {"seeds": False}


@pytest.fixture
def recordings():
    return {name: rat(name) for name in ("buddy", "cicero")}


@pytest.fixture
def store(tmp_path):
    """Keys such as position/buddy/fold0_seed1 → array, as the embeddings of all encoders."""

    def of(embeddings):
        stores = {}
        for key, embedding in embeddings.items():
            encoder, rest = key.split("/", 1)
            stores.setdefault(encoder, {})[rest] = {"embedding": embedding.astype(np.float32)}
        return join_stores(
            **{name: saved(entries, tmp_path / name, "arrays") for name, entries in stores.items()}
        )

    return of


def turned(angle, noise=0.0, n_time=192):
    """A 2-D embedding: the position on a parabola, rotated."""
    position = np.arange(n_time) / 1000
    latent = np.stack([position, position**2], axis=1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return latent @ turn + np.random.default_rng(0).normal(0, noise, latent.shape)


def spoiled(embedding, rows):
    """Noise in place of some rows."""
    embedding = embedding.copy()
    embedding[rows] = np.random.default_rng(1).normal(0, 1, embedding[rows].shape)
    return embedding


def ends(table):
    return table[["source", "target"]].to_numpy().tolist()


def both_ways(*pairs):
    return [end for one, other in pairs for end in ([one, other], [other, one])]


def test_seeds_are_compared_within_their_fold_in_both_directions(recordings, splits, store):
    embeddings = store(
        {
            "position/buddy/fold0_seed2": turned(0),
            "position/buddy/fold0_seed10": turned(1),
            "position/buddy/fold1_seed2": turned(0, noise=9),
        }
    )
    table = compare(recordings, splits, embeddings, experiment(), "rats")
    assert list(table.columns) == COLUMNS
    assert ends(table) == both_ways(("buddy/position/fold0_seed2", "buddy/position/fold0_seed10"))
    assert set(table["experiment"]) == {"rats"}
    assert set(table["between"]) == {"seeds"}
    # A rotation is linear: R² = 1 up to float32.
    np.testing.assert_allclose(table["r2"], 1.0, atol=1e-5)


def test_seeds_of_what_does_not_depend_on_the_fold_are_named_after_the_first(
    recordings, splits, store
):
    described = experiment(encoders={"time_transductive": {"pairs": TIME, "fit_on": "all"}})
    place = "time_transductive/buddy"
    embeddings = store({f"{place}/all_seed{seed}": turned(seed) for seed in (0, 1)})
    table = compare(recordings, splits, embeddings, described, "rats")
    place = "buddy/time_transductive"
    assert ends(table) == both_ways((f"{place}/fold0_seed0", f"{place}/fold0_seed1"))


def test_one_seed_gives_a_table_without_rows(recordings, splits, store):
    embeddings = store({"position/buddy/fold0_seed0": turned(0)})
    table = compare(recordings, splits, embeddings, experiment(), "rats")
    assert list(table.columns) == COLUMNS
    assert table.empty


@pytest.mark.parametrize(
    ("block", "other"),
    [
        ({}, "position/buddy/fold0_seed1"),
        ({"seeds": False, "encoders": True}, "time/buddy/fold0_seed0"),
        ({"seeds": False, "sessions": ALIGNED}, "position/cicero/fold0_seed0"),
    ],
    ids=["seeds", "encoders", "sessions"],
)
def test_training_rows_alone_are_compared(recordings, splits, store, block, other):
    described = experiment(encoders={"position": POSITION, "time": {"pairs": TIME}}, compare=block)
    part = splits["buddy"]["part"][0]  # that of cicero is the same

    def scores(change):
        embeddings = store({"position/buddy/fold0_seed0": turned(0), other: change(turned(1))})
        table = compare(recordings, {"buddy": splits["buddy"], "cicero": splits["buddy"]},
                        embeddings, described, "rats")  # fmt: skip
        assert len(table) == 2
        return table["r2"].to_numpy()

    plain = scores(lambda one: one)
    np.testing.assert_allclose(plain, 1, atol=1e-4)  # float32, and means in bins
    np.testing.assert_array_equal(scores(lambda one: spoiled(one, part != 0)), plain)
    assert (scores(lambda one: spoiled(one, part == 0)) < 0.5).all()


def test_encoders_and_stored_baselines_of_a_session_are_compared_on_the_first_seed(
    recordings, splits, store
):
    described = experiment(
        encoders={
            "shuffled": POSITION | {"shuffle_labels": True},
            "time_transductive": {"pairs": TIME, "fit_on": "all"},
            "position": POSITION,
        },
        baselines={"raw": {}, "pca": {"components": 2}},
        compare={"seeds": False, "encoders": True},
    )
    embeddings = store(
        {
            "position/buddy/fold1_seed2": turned(0, noise=9),
            "position/buddy/fold0_seed10": turned(0, noise=9),
            "position/buddy/fold0_seed2": turned(0),
            "time_transductive/buddy/all_seed0": turned(1),
            "shuffled/buddy/fold0_seed2": turned(2),
            "pca/buddy/fold0_seed0": turned(3),
            "pca/cicero/fold0_seed0": turned(3),  # nothing to compare with
        }
    )
    table = compare(recordings, splits, embeddings, described, "rats")
    names = [
        "buddy/time_transductive/fold0_seed0",
        "buddy/position/fold0_seed2",
        "buddy/shuffled/fold0_seed2",
        "buddy/pca/fold0_seed0",
    ]
    assert ends(table) == [[a, b] for a in names for b in names if a != b]
    assert set(table["between"]) == {"encoders"}
    np.testing.assert_allclose(table["r2"], 1, atol=1e-5)  # rotations of each other, float32


def test_sessions_are_compared_by_their_first_seed_on_fold_0(recordings, splits, store):
    embeddings = store(
        {
            "position/buddy/fold0_seed10": turned(2, noise=9),
            "position/buddy/fold0_seed2": turned(0),
            "position/cicero/fold1_seed0": turned(2, noise=9),
            "position/cicero/fold0_seed2": turned(1),
        }
    )
    described = experiment(compare=NOTHING | {"sessions": ALIGNED})
    splits["cicero"] = splits["buddy"]
    table = compare(recordings, splits, embeddings, described, "rats")
    assert ends(table) == both_ways(("buddy/position/fold0_seed2", "cicero/position/fold0_seed2"))
    assert set(table["between"]) == {"sessions"}
    np.testing.assert_allclose(table["r2"], 1.0, atol=1e-4)  # bin means of float32


def test_several_ways_to_align_have_names_and_variants_of_their_own(recordings, splits, store):
    splits["cicero"] = splits["buddy"]
    keys = [f"{e}/{s}/fold0_seed0" for e in ("position", "time") for s in recordings]
    embeddings = store({key: turned(number) for number, key in enumerate(keys)})
    described = experiment(
        encoders={"position": POSITION, "time": {"pairs": TIME}},
        compare=NOTHING
        | {
            "sessions": [
                ALIGNED | {"name": "position", "variants": ["time"]},
                {"name": "moment", "align": ["direction", "time_in_trial"], "bins": 5},
            ]
        },
    )
    table = compare(recordings, splits, embeddings, described, "rats")
    found = [(row.between, row.source) for row in table.itertuples()]
    assert found == [
        ("sessions_by_position", "buddy/time/fold0_seed0"),
        ("sessions_by_position", "cicero/time/fold0_seed0"),
        *(
            ("sessions_by_moment", f"{session}/{encoder}/fold0_seed0")
            for encoder in ("position", "time")
            for session in recordings
        ),
    ]


def test_options_of_an_alignment_reach_it(recordings, splits, store):
    """Cells of 1 x 1 in the plane, of which each session needs several samples."""
    splits["cicero"] = splits["buddy"]
    step = np.arange(192)
    plane = Label(np.stack([step % 12, step // 48], axis=1).astype(np.float32), "continuous", "cm")
    recordings = {name: with_labels(one, place=plane) for name, one in recordings.items()}
    embeddings = store({f"position/{name}/fold0_seed0": turned(1) for name in recordings})
    block = {"align": ["place"], "bins": 13, "widening": 0, "min_samples": 2}

    def table(**options):
        described = experiment(compare=NOTHING | {"sessions": block | options})
        return compare(recordings, splits, embeddings, described, "rats")

    assert len(table(cell=1.0)) == 2
    with pytest.raises(ValueError, match="give cell") as error:
        table()
    with pytest.raises(ValueError, match="with 60 sample") as error:
        table(cell=1.0, min_samples=60)
    assert "in compare.sessions, variant position" in error.value.__notes__


def test_a_session_without_the_label_is_left_out(recordings, splits, store):
    recordings["other"] = dataclasses.replace(rat("other"), labels={})
    splits |= {"cicero": splits["buddy"], "other": splits["buddy"]}
    embeddings = store({f"position/{name}/fold0_seed0": turned(1) for name in recordings})
    described = experiment(
        sessions=["buddy", "other", "cicero"], compare=NOTHING | {"sessions": ALIGNED}
    )
    table = compare(recordings, splits, embeddings, described, "rats")
    assert {name.split("/")[0] for name in table["source"]} == {"buddy", "cicero"}


def test_sessions_of_earlier_runs_are_compared_and_a_single_one_is_not(recordings, splits, store):
    splits["cicero"] = splits["buddy"]
    described = experiment(compare=NOTHING | {"sessions": ALIGNED})
    alone = store({"position/buddy/fold0_seed0": turned(1)})
    assert compare(recordings, splits, alone, described, "rats").empty
    together = store({f"position/{name}/fold0_seed0": turned(1) for name in recordings})
    assert len(compare(recordings, splits, together, described, "rats")) == 2


# --- what was presented -----------------------------------------------------------------------


@pytest.fixture
def presented(store):
    """Two areas, two encoders of two populations each: recordings, splits, description."""
    populations = [f"group{g}_{m}" for g in (0, 1) for m in ("ca", "neuropixels")]
    described = movie(
        sessions=["VISp", "VISl"],
        populations=populations,
        training=TRAINING | {"encoder": ONE_BIN},
        encoders={
            f"group{g}": {
                "populations": populations[2 * g : 2 * g + 2],
                "labels": ["features"],
                "pairs": TIME | {"law": "time_delta"},
            }
            for g in (0, 1)
        },
        compare={"seeds": False, "presentations": True},
    )
    recordings = {
        f"{session}/group{g}_{m}": area()[f"VISp/{m}"]
        for session in described.sessions
        for g in (0, 1)
        for m in ("ca", "neuropixels")
    }
    return described, recordings, split(recordings, described)


def embedded_frames(recordings, change=lambda key, embedding: embedding):
    """Embeddings that are linear in the frame, with some noise of their own."""
    embeddings = {}
    for number, (key, recording) in enumerate(recordings.items()):
        frame = recording.labels["frame"].values
        signal = np.column_stack([np.sin(frame / 3), np.cos(frame / 3)])
        noise = 0.1 * np.random.default_rng(number).normal(size=signal.shape)
        group = key.split("/")[1].split("_")[0]
        embeddings[f"{group}/{key}/fold0_seed0"] = change(key, signal + noise)
    return embeddings


def test_presentations_are_compared_by_what_sets_embeddings_apart(presented, store):
    described, recordings, splits = presented
    table = compare(recordings, splits, store(embedded_frames(recordings)), described, "movie")
    source, target = (table[end].str.split("/", expand=True) for end in ("source", "target"))
    assert set(source[1]) == {"group0_ca", "group0_neuropixels", "group1_ca", "group1_neuropixels"}
    assert set(source[2]) == {"fold0_seed0"}
    area_ = source[0] == target[0]
    group, modality = (
        source[1].str.split("_").str[part] == target[1].str.split("_").str[part] for part in (0, 1)
    )
    kinds = set()
    for between, rows in table.groupby("between").groups.items():
        # every pair of a kind is set apart by the same things
        apart = {(area_[row], group[row], modality[row]) for row in rows}
        assert len(apart) == 1, between
        kinds |= apart
    assert kinds == {
        (True, True, False),  # populations of an encoder
        (True, False, True),  # encoders
        (False, False, True),  # areas
        (False, False, False),  # areas and populations
    }
    assert table["r2"].between(0.5, 1).all()


def test_the_test_repeat_is_not_compared_but_the_one_of_validation_is(presented, store):
    described, recordings, splits = presented

    def scores(part):
        def change(key, embedding):
            rows = splits[key]["part"][0] == part
            return spoiled(embedding, rows) if key == "VISl/group0_ca" else embedding

        embeddings = store(embedded_frames(recordings, change))
        return compare(recordings, splits, embeddings, described, "movie")["r2"].to_numpy()

    plain = scores(-1)
    np.testing.assert_array_equal(scores(2), plain)
    assert (scores(1) != plain).any()
    assert (scores(0) != plain).any()


def test_areas_that_saw_other_frames_are_refused(presented, store):
    described, recordings, splits = presented
    embeddings, key = embedded_frames(recordings), "VISl/group0_ca"
    one = recordings[key]
    kept = one.labels["frame"].values < one.labels["frame"].values.max()
    recordings = recordings | {
        key: dataclasses.replace(
            one,
            neural=one.neural[kept],
            trial=one.trial[kept],
            labels={n: Label(one.labels[n].values[kept], "discrete") for n in ("frame", "repeat")},
        )
    }
    splits = splits | {key: {"part": splits[key]["part"][:, kept]}}
    embeddings[f"group0/{key}/fold0_seed0"] = embeddings[f"group0/{key}/fold0_seed0"][kept]
    with pytest.raises(ValueError, match=r"same frames.*VISl/group0_ca/fold0_seed0: 33 presentat"):
        compare(recordings, splits, store(embeddings), described, "movie")
