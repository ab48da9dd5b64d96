"""A description as a whole: what does not fit together is refused; what follows from it."""

import json

import pytest
from described import AREAS, DELTA, NETWORK, POSITION, RATS, TIME, areas, changed, encoders, rats
from pydantic import ValidationError

from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.training.config import EncoderConfig
from kedro_project import base_parameters, shipped_experiments

SHIPPED = sorted(shipped_experiments())


def refused(message, of=rats, **blocks):
    with pytest.raises(ValidationError, match=message):
        of(**blocks)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_description_survives_its_plain_form(name):
    described = Experiment.model_validate(base_parameters()[name])
    plain = json.loads(json.dumps(described.model_dump(mode="json")))
    assert Experiment.model_validate(plain) == described


# --- what may be written shorter ------------------------------------------------------------------


def test_lists_are_short_for_blocks_without_options():
    short = rats(baselines=["raw", "pca"], decode=["position"], figures=["loss"])
    long = rats(
        baselines={"raw": {}, "pca": {"name": "pca"}},
        decode={"position": {"labels": ["position"]}},
        figures={"loss": {}},
    )
    assert short == long == rats(baselines={"raw": None, "pca": None}, figures={"loss": None})


def test_an_encoder_that_is_like_another_says_what_sets_it_apart():
    described = rats(
        encoders=encoders(
            slow={"like": "position", "loss": {"temperature": 2.0}, "steps": 300},
            slower={"like": "slow", "steps": 900, "shuffle_labels": True},
        )
    )
    position, slow, slower = (described.encoders[n] for n in ("position", "slow", "slower"))
    assert (slow.labels, slow.pairs, slow.steps) == (position.labels, position.pairs, 300)
    assert (slower.pairs, slower.loss, slower.steps) == (position.pairs, slow.loss, 900)
    assert (position.shuffle_labels, slow.shuffle_labels) == (None, None)
    assert slower.shuffle_labels == "encoder"


def test_the_one_that_is_like_another_may_stand_before_it():
    after = rats(encoders=encoders(slow={"like": "position", "steps": 300}))
    before = rats(encoders={"slow": {"like": "position", "steps": 300}, **RATS["encoders"]})
    assert after.encoders == before.encoders
    assert next(iter(before.encoders)) == "slow"


def test_blocks_within_are_merged_key_by_key():
    described = rats(
        encoders={
            "a": POSITION | {"optimizer": {"name": "adamw", "weight_decay": 0.1}},
            "b": {"like": "a", "optimizer": {"weight_decay": 0.2}, "pairs": {"ties": "uniform"}},
        }
    )
    b = described.encoders["b"]
    assert (b.optimizer.name, b.optimizer.weight_decay) == ("adamw", 0.2)
    assert (b.pairs.time_offset_bins, b.pairs.ties) == (10, "uniform")
    assert described.encoders["a"].pairs.ties is None


def test_another_law_comes_with_its_own_options():
    described = rats(
        encoders=encoders(
            wide={"like": "position", "pairs": {"law": "delta_normal", "delta": 0.1}},
        )
    )
    pairs = described.encoders["wide"].pairs
    assert (pairs.law, pairs.delta, pairs.time_offset_bins) == ("delta_normal", 0.1, None)
    refused(
        "the delta_normal law needs delta",
        encoders=encoders(wide={"like": "position", "pairs": {"law": "delta_normal"}}),
    )


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"a": {"like": "positon"}}, "a: like names 'positon', but the other encoders are positi"),
        ({"a": {"like": "a"}}, "a: like names 'a', but the other encoders are position, time"),
        ({"a": {"like": "b"}, "b": {"like": "a"}}, "like names 'a'"),
        ({"a": {"like": "b"}, "b": {"like": "c"}, "c": {"like": "b"}}, "like names 'b'"),
        ({"a": {"like": ["position"]}}, r"like names \['position'\]"),
        ({"a": {"like": None}}, "like names None"),
    ],
)
def test_what_an_encoder_is_like_must_exist_and_lead_nowhere_in_circles(others, message):
    refused(message, encoders=encoders(**others))


# --- whether blocks fit together ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x", "a b", "a/b", "a.b", "", ".", "-a", "_a", "ä", "a\n"])
def test_names_must_be_fit_for_files_and_entries(name):
    message = "use letters, digits, _ and -, as names of files"
    refused(f"sessions has the name .*{message}", sessions=["ann", name])
    refused(f"encoders has the name .*{message}", encoders=encoders(**{name: POSITION}))
    refused(f"baselines has the name .*{message}", baselines={name: {"name": "raw"}})
    refused(f"populations has the name .*{message}", of=areas, populations=["ca", name])


@pytest.mark.parametrize("name", ["a", "A-1", "day_2", "2024-01-31"])
def test_other_names_are_taken(name):
    assert rats(sessions=[name]).recording_keys == (name,)


def test_names_differ():
    refused("sessions must have different names, got ann, ann", sessions=["ann", "ann"])
    refused("several encoders or baselines are called pca", encoders=encoders(pca=POSITION))
    both = POSITION | {"populations": ["ca", "neuropixels"]}
    refused(  # both would be called joint_ca
        "several encoders or baselines are called joint_ca",
        of=areas,
        encoders={"joint": both, "joint_ca": POSITION | {"populations": ["ca"]}},
    )


def test_no_session_takes_the_name_of_other_files():
    refused("no session may be called joint", sessions=["joint", "ann"])
    refused(
        "no session may be called ann_to_ben",
        sessions=["ann", "ben", "ann_to_ben"],
        transfers=[{"fitted_to": "ann", "scored_on": "ben"}],
    )


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            {"encoders": encoders(a=POSITION | {"sessions": ["bne"]})},
            "encoders.a.sessions names bne, but there are ann, ben, cat",
        ),
        (
            {"encoders": encoders(a=POSITION | {"sessions": {"joint": ["ann", "bne"]}})},
            "encoders.a.sessions names bne",
        ),
        (
            {"encoders": encoders(a=POSITION | {"populations": ["ca"]})},
            "encoders.a.populations names ca, but there are none",
        ),
        ({"transfers": [{"fitted_to": "ann", "scored_on": "bne"}]}, "transfers names bne"),
        ({"guidance": {"bne": POSITION}}, "guidance names bne, but there are ann, ben, cat"),
        (
            {"compare": {"sessions": {"align": ["position"], "variants": ["raw"]}}},
            "compare.sessions.variants names raw, but there are position, time, pca",
        ),
        (
            {"sweep": {"grid": {"n_neurons": [3]}, "encoders": ["tiem"]}},
            "sweep.encoders names tiem, but there are position, time",
        ),
        (
            {"sweep": {"grid": {"n_neurons": [3]}, "encoders": ["time"], "sessions": ["bne"]}},
            "sweep.sessions names bne",
        ),
        (
            {"sweep": {"grid": {"n_neurons": [3]}, "encoders": ["time"], "baselines": ["ica"]}},
            "sweep.baselines names ica, but there are raw, pca",
        ),
    ],
)
def test_names_that_do_not_exist_are_refused_with_those_that_do(blocks, message):
    refused(message, **blocks)


def test_one_encoder_for_several_sessions_needs_several():
    joint = {"a": POSITION | {"sessions": {"joint": ["ann"]}}}
    refused("encoders.a is joint, but has one session only", encoders=joint)
    joint = {"a": POSITION | {"sessions": "joint"}}
    refused("encoders.a is joint, but has one session only", sessions=["ann"], encoders=joint)


def test_where_a_session_has_several_recordings_each_encoder_and_baseline_says_which():
    need = "must say which of ca, neuropixels it sees"
    refused(f"encoders.ca.populations {need}", of=areas, encoders={"ca": POSITION})
    refused(f"baselines.raw.population {need}", of=areas, baselines=["raw"])
    unknown = {"a": POSITION | {"populations": ["ca", "np"]}}
    refused("populations names np, but there are ca, neuropixels", of=areas, encoders=unknown)
    baseline = {"raw": {"population": "np"}}
    refused("population names np, but there are ca, neuropixels", of=areas, baselines=baseline)


def test_an_encoder_that_sees_test_trials_says_so_in_its_name_and_no_other_does():
    sees_all = {"pairs": TIME, "fit_on": "all"}
    assert rats(encoders={"time_transductive": sees_all}).readouts[0].transductive
    says_so = "says so in its name, <name>_transductive, and no other does"
    refused(f"encoders.time: .*{says_so}", encoders={"time": sees_all})
    refused(
        f"encoders.time_transductive: .*{says_so}",
        encoders={"time_transductive": sees_all | {"fit_on": "train"}},
    )


def test_training_does_not_stop_by_rows_that_it_is_fitted_to():
    early = RATS["training"] | {"early_stop": {"every_steps": 10}}
    assert rats(training=early).training_config("time", 0).early_stop.every_steps == 10
    fitted = POSITION | {"fit_on": "train_and_valid"}
    refused("encoders.a is fitted on validation rows", training=early, encoders={"a": fitted})
    refused("does not fit training: early_stop.every_steps", training=early | {"steps": 9})


def test_an_encoder_that_does_not_fit_the_distance_is_refused_before_training():
    refused(
        "encoders.position does not fit training: offset10-model-mse has no normalised",
        training=RATS["training"] | {"encoder": {"architecture": "offset10-model-mse"}},
    )


def test_every_encoder_has_a_network():
    refused("encoders.position has no network", training={"steps": 10})
    own = {name: block | {"encoder": NETWORK} for name, block in RATS["encoders"].items()}
    assert rats(training={"steps": 10}, encoders=own).training_config("time", 0).encoder == (
        EncoderConfig(**NETWORK)
    )


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({"ca": NETWORK}, "has networks for ca, but it sees ca, neuropixels"),
        ({"ca": NETWORK, "np": NETWORK}, "has networks for ca, np, but it sees ca, neuropixels"),
        (
            {"ca": NETWORK, "neuropixels": NETWORK | {"output_dimension": 4}},
            "networks of one embedding must have the same output_dimension, got 3, 4",
        ),
    ],
)
def test_networks_by_population_are_those_of_what_the_encoder_sees(networks, message):
    refused(
        f"encoders.joint.*{message}",
        of=areas,
        encoders=changed(AREAS, "encoders.joint.encoder", networks)["encoders"],
    )


def test_networks_by_population_need_populations():
    refused(
        "has networks for ca, but it sees one recording of a session",
        encoders={"a": POSITION | {"encoder": {"ca": NETWORK}}},
    )


# --- what follows from it -------------------------------------------------------------------------


def test_each_session_has_a_recording_or_one_for_each_population():
    assert rats().recording_keys == ("ann", "ben", "cat")
    assert areas().recording_keys == ("VISp/ca", "VISp/neuropixels")
    assert (recording_key("a", ""), recording_key("a", "b")) == ("a", "a/b")


def test_sessions_of_an_encoder_are_in_the_order_of_the_experiment():
    described = rats(
        encoders={
            "every": POSITION,
            "some": POSITION | {"sessions": ["cat", "ann"]},
            "joint": POSITION | {"sessions": "joint"},
            "pair": POSITION | {"sessions": {"joint": ["cat", "ben"]}},
        }
    )
    assert described.sessions_of("every") == described.sessions_of("joint") == ("ann", "ben", "cat")
    assert described.sessions_of("some") == ("ann", "cat")
    assert described.sessions_of("pair") == ("ben", "cat")


def test_encoders_come_before_controls_and_controls_before_baselines():
    described = rats(
        encoders=encoders(
            shuffled=POSITION | {"shuffle_labels": True},
            late=POSITION,
            both=POSITION | {"shuffle_labels": "encoder_and_decoder"},
        ),
        baselines=["raw", "pca", "tsne", "umap"],
    )
    assert [(r.name, r.kind) for r in described.readouts] == [
        ("position", "encoder"),
        ("time", "encoder"),
        ("late", "encoder"),
        ("shuffled", "control"),
        ("both", "control"),
        ("raw", "baseline"),
        ("pca", "baseline"),
        ("tsne", "baseline"),
        ("umap", "baseline"),
    ]
    assert [r.name for r in described.readouts if r.transductive] == ["tsne", "umap"]
    assert [r.name for r in described.readouts if not r.stored] == ["raw"]
    assert described.stored_baselines == ("pca", "tsne", "umap")


def test_an_encoder_of_several_populations_has_a_variant_for_each():
    described = areas()
    assert [(r.name, r.source, r.population) for r in described.readouts] == [
        ("ca", "ca", "ca"),
        ("joint_ca", "joint", "ca"),
        ("joint_neuropixels", "joint", "neuropixels"),
        ("raw_ca", "raw_ca", "ca"),
    ]
    assert described.populations_of("joint") == ("ca", "neuropixels")
    assert rats().populations_of("time") == ("",)


def test_populations_that_begin_with_the_name_of_the_encoder_are_not_called_twice():
    described = Experiment.model_validate(base_parameters()["allen_consistency"])
    assert [r.name for r in described.readouts] == [
        "group0_ca",
        "group0_neuropixels",
        "group1_ca",
        "group1_neuropixels",
    ]


def test_guidance_of_a_session_is_for_encoders_that_are_guided():
    label = {"classes": "odour", "pairs": {"law": "discrete"}}
    described = rats(guidance={"ben": label})
    assert described.guidance_of("position", "ann").labels == ("position",)
    assert described.guidance_of("position", "ben") == described.guidance["ben"]
    assert described.guidance_of("time", "ben") == described.encoders["time"]


def test_guidance_of_a_session_changes_labels_and_law_only():
    described = rats(
        encoders={"a": POSITION | {"loss": {"temperature": 0.5}, "shuffle_labels": True}},
        guidance={"ben": {"classes": "odour", "pairs": {"law": "discrete"}}},
    )
    plain = described.training_config("a", 1, "ann")
    guided = described.training_config("a", 1, "ben")
    assert (plain.pairs.law, guided.pairs.law) == ("time_delta", "discrete")
    assert guided.model_copy(update={"pairs": plain.pairs}) == plain
    assert [r.kind for r in described.readouts][:1] == ["control"]


def test_an_encoder_replaces_what_it_says_and_shares_the_rest():
    shared = RATS["training"] | {"batch_size": 32, "device": "cpu", "optimizer": {"name": "adamw"}}
    own = {
        "learning_rate": 0.5,
        "steps": 3,
        "batch_size": 8,
        "schedule": {"name": "cosine"},
        "encoder": {"architecture": "offset5-model"},
    }
    described = rats(training=shared, encoders=encoders(own=POSITION | own))
    plain, changed_ = (described.training_config(name, seed=7) for name in ("position", "own"))
    training = described.training
    assert (plain.steps, plain.optimizer, plain.batch_size) == (100, training.optimizer, 32)
    assert (plain.encoder, plain.schedule) == (training.encoder, training.schedule)
    assert (changed_.steps, changed_.batch_size, changed_.schedule.name) == (3, 8, "cosine")
    assert changed_.optimizer == training.optimizer.model_copy(update={"learning_rate": 0.5})
    assert changed_.encoder.architecture == "offset5-model"
    assert training.optimizer.learning_rate == 3e-4
    for config in (plain, changed_):
        assert (config.seed, config.device, config.threads) == (7, "cpu", 1)


def test_sessions_trained_together_have_a_network_each():
    described = areas(
        sessions=["VISp", "VISl"],
        encoders={
            "same": POSITION | {"populations": ["ca", "neuropixels"]},
            "joint": POSITION
            | {
                "populations": ["ca", "neuropixels"],
                "encoder": {"neuropixels": NETWORK, "ca": NETWORK | {"hidden_units": 6}},
            },
        },
    )
    config = described.training_config("joint", 0, n_sessions=2)
    assert [network.hidden_units for network in config.session_encoders] == [6, 4, 6, 4]
    assert described.training_config("same", 0, n_sessions=2).session_encoders == ()


# --- sweeps ---------------------------------------------------------------------------------------


def sweep(**grid):
    return {"grid": grid, "encoders": ["position"]}


def test_a_cell_of_a_sweep_changes_what_it_names():
    grid = {
        "encoders.position.pairs.time_offset_bins": [3, 4],
        "training.seeds": [[5, 6]],
        "decoders.metric": ["cosine"],
        "n_neurons": [2],
    }
    described = rats(sweep=sweep(**grid))
    cells = list(described.sweep_cells())
    assert [cell["encoders.position.pairs.time_offset_bins"] for cell, _ in cells] == [3, 4]
    for cell, varied in cells:
        assert cell["n_neurons"] == 2
        bins = varied.encoders["position"].pairs.time_offset_bins
        assert bins == cell["encoders.position.pairs.time_offset_bins"]
        assert (varied.training.seeds, varied.decoders.metric) == ((5, 6), "cosine")
        assert varied.encoders["time"] == described.encoders["time"]
        assert varied.sweep is None
    assert list(rats().sweep_cells()) == []


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"training.step": [1]}, "the sweep names training.step, but training has no step; it ha"),
        ({"training.steps": [1, 0]}, r"\{'training.steps': 0\}: .*greater than or equal to 1"),
        ({"encoders.other.steps": [1]}, "but encoders has no other; it has position, time"),
        ({"encoders.position.pairs.delta": [0.1]}, "the time_delta law has no delta"),
        ({"encoders.position.like": ["time"]}, "encoders.position has no like"),
        ({"n_neurons.x": [1]}, "names n_neurons.x, but the experiment has no n_neurons"),
        ({"encoders.position.sessions": ["joint"]}, "a joint encoder cannot be swept"),
    ],
)
def test_a_grid_that_leads_nowhere_or_out_of_range_is_refused(grid, message):
    described = rats(sweep=sweep(**grid))
    with pytest.raises(ValueError, match=message):
        list(described.sweep_cells())


def test_a_joint_encoder_is_not_swept():
    joint = encoders(position=POSITION | {"sessions": "joint"})
    refused("sweep.encoders: position is joint", encoders=joint, sweep=sweep(n_neurons=[3]))


# --- what `kedro run` alone does ------------------------------------------------------------------

PART = {"sessions": ["ann", "cat"], "encoders": ["position", "together"], "baselines": ["pca"]}
TOGETHER = {"like": "position", "sessions": "joint"}


def part_of(**blocks):
    return rats(encoders=encoders(together=TOGETHER), default_run=PART, **blocks).for_default_run()


def test_the_default_run_is_a_part_of_the_description():
    part = part_of()
    assert part.is_of_default_run
    assert (part.sessions, tuple(part.encoders)) == (("ann", "cat"), ("position", "together"))
    assert tuple(part.baselines) == ("pca",)
    assert part.sessions_of("together") == ("ann", "cat")
    assert tuple(part.figures) == ("loss",)  # nothing is said of figures: all
    assert part.training == rats().training


def test_what_names_other_sessions_and_encoders_is_left_out_of_the_default_run():
    part = part_of(
        transfers=[
            {"fitted_to": "ann", "scored_on": "cat"},
            {"fitted_to": "ann", "scored_on": "ben"},
        ],
        guidance={"ben": {"labels": ["position"], "pairs": DELTA}},
        compare={"sessions": {"align": ["position"], "variants": ["position", "time", "pca"]}},
        sweep={"grid": {"training.steps": [1, 2]}, "encoders": ["time"]},
    )
    assert [transfer.name for transfer in part.transfers] == ["ann_to_cat"]
    assert part.guidance == {}
    assert part.compare.sessions[0].variants == ("position", "pca")
    assert part.sweep is None


def test_a_default_run_that_cannot_be_is_refused():
    refused("default_run.sessions names bert", default_run={"sessions": ["bert"]})
    refused("default_run.encoders names tim", default_run={"encoders": ["tim"]})
    refused(
        "default_run: encoders.together is joint, but has one session only",
        encoders=encoders(together=TOGETHER),
        default_run={"sessions": ["ann"]},
    )


def test_a_description_is_no_part_of_another_and_says_so_after_a_copy():
    import pickle

    assert not rats().is_of_default_run
    assert pickle.loads(pickle.dumps(part_of())).is_of_default_run
    with pytest.raises(ValueError, match="no default_run"):
        rats().for_default_run()
