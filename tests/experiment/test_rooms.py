"""Rooms have what a description names; every environment that is shipped describes what it may."""

import pytest
from described import RATS, changed, rats

from cebra_kedro.configuration import configuration
from cebra_kedro.decoding.kinds import KINDS
from cebra_kedro.experiment import Descriptions, Experiment, check_description
from cebra_kedro.experiment.rooms import check_rooms
from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.plots.figures import FIGURES, known_options
from cebra_kedro.sources.registry import SOURCES
from cebra_kedro.training.baselines import FEATURES
from kedro_project import PROJECT, copy_project, shipped_experiments

ENVIRONMENTS = sorted(
    path.name for path in (PROJECT / "conf").iterdir() if path.is_dir() and path.name != "local"
)
NAMES = sorted(shipped_experiments())


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Descriptions of every environment, without the developer's own settings."""
    project = copy_project(tmp_path_factory.mktemp("described"))
    return {
        name: Descriptions.of(configuration(project / "conf", name)["parameters"])
        for name in ENVIRONMENTS
    }


def test_all_environments_are_looked_at():
    assert ENVIRONMENTS == ["base", "paper", "rehearsal", "test"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_shipped_environment_is_valid(described, environment):
    found = described[environment]
    assert found.problems == {}
    own = ["linear_track"] if environment == "paper" else []
    assert sorted(found.experiments) == sorted([*NAMES, *own])
    for name, experiment in found.experiments.items():
        check_rooms(name, experiment)


def nodes(name: str, experiment: Experiment) -> set[tuple]:
    """Nodes with what they read and write."""
    return {
        (node.name, *node.inputs, *node.outputs)
        for stage in stages_of(name, experiment).values()
        for node in stage.nodes
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("environment", [name for name in ENVIRONMENTS if name != "base"])
def test_an_environment_changes_numbers_and_no_node(described, environment, name):
    base, own = (described[env].experiments[name] for env in ("base", environment))
    assert nodes(name, own) == nodes(name, base)
    assert own.readouts == base.readouts
    for block in ("populations", "decode", "figures", "headline", "transfers"):
        assert getattr(own, block) == getattr(base, block), block
    assert (own.source.name, own.split.by) == (base.source.name, base.split.by)
    for encoder, block in own.encoders.items():
        assert block.all_labels == base.encoders[encoder].all_labels
        for what in ("shuffle_labels", "fit_on", "joint", "populations"):
            assert getattr(block, what) == getattr(base.encoders[encoder], what), what
        assert block.pairs.law == base.encoders[encoder].pairs.law


def refusal(description):
    with pytest.raises(ValueError, match=r".") as caught:
        check_rooms("rats", check_description("rats", description))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_the_rooms_have_passes():
    check_rooms("rats", rats())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("source", "rat", f"rats.source: there is no source 'rat'; there are {', '.join(SOURCES)}"),
        (
            "source",
            {"name": "rat_on_track", "bin_width": 1},
            "rats.source: source rat_on_track has no option bin_width; it takes bin_width_s, exp",
        ),
        ("source", "movie_areas", "rats.source: source movie_areas needs n_neurons"),
        (
            "source",
            {"name": "movie_areas", "n_neurons": 8, "seed": 1},
            "rats.source: source movie_areas makes several recordings of a session; name the pop",
        ),
        (
            "baselines",
            ["ica"],
            f"rats.baselines.ica: there are no features 'ica'; there are {', '.join(FEATURES)}",
        ),
        (
            "baselines",
            {"raw": {"bins": 3}},
            "rats.baselines.raw: features raw have no option bins; they take no options",
        ),
        ("baselines", ["raw_window"], "rats.baselines.raw_window: features raw_window need bins"),
        (
            "decode",
            {"position": {"protocol": "rats"}},
            "rats.decode.position: protocol must be one of labels, rat_on_track",
        ),
        (
            "decode",
            {"position": {"protocol": "rat_on_track"}},
            "rats.decode.position: labels of the protocol rat_on_track must be (position on the",
        ),
        (
            "decode",
            {"position": {"decoders": ["knn", "forest"]}},
            "rats.decode.position: decoders of the protocol labels are knn, ridge, logistic, bay",
        ),
        (
            "decode",
            {"latent": {"protocol": "latent", "scores": ["r2"]}},
            "rats.decode.latent: the protocol latent has scores of its own, got r2",
        ),
        (
            "decode",
            {"position": {"scores": ["r2", "r3"]}},
            "rats.decode.position: there are no scores r3; there are error_median, r2",
        ),
        (
            "figures",
            ["embeding"],
            "rats.figures.embeding: figures must be among overview, embedding",
        ),
        (
            "figures",
            {"embedding": {"color": "position"}},
            "rats.figures.embedding: the figure has no option color; it has colour, split_by",
        ),
    ],
)
def test_what_no_room_has_is_refused_with_what_there_is(path, value, message):
    assert refusal(changed(RATS, path, value)).startswith(message)


def test_a_figure_that_is_misspelt_comes_with_the_one_that_is_meant():
    assert refusal(RATS | {"figures": ["embeding"]}).endswith("(did you mean embedding?)")


@pytest.mark.parametrize("figure", FIGURES)
def test_the_options_of_every_figure_are_checked(figure):
    options = dict.fromkeys(known_options(figure), 1)
    check_rooms("rats", rats(figures={figure: options}))
    message = refusal(RATS | {"figures": {figure: options | {"misspelt": 1}}})
    assert message.startswith(f"rats.figures.{figure}: the figure has no option misspelt; it has ")


def test_every_score_of_every_kind_of_label_can_be_asked_for():
    scores = dict.fromkeys(name for kind in KINDS.values() for name in kind.score_names)
    check_rooms("rats", rats(decode={"position": {"scores": list(scores)}}))


def test_several_recordings_need_a_source_that_makes_them():
    encoder = {"a": {"populations": ["x"], "pairs": {"law": "time", "time_offset_bins": 3}}}
    block = {"populations": ["x", "y"], "source": "recording", "encoders": encoder}
    message = refusal(RATS | block | {"baselines": []})
    assert message.startswith("rats.source: source recording makes one recording of a session; re")


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"training.step": [1]}, "the sweep names training.step, but training has no step"),
        ({"training.steps": [1, 0]}, "{'training.steps': 0}: "),
        ({"training.steps": [1], "training.seeds": [[0, 0]]}, "seeds must be different"),
        ({"encoders.tiem.steps": [1]}, "but encoders has no tiem; it has position, time"),
        ({"decoders.alphas": [[-1]]}, "alphas must be positive"),
    ],
)
def test_every_cell_of_a_sweep_is_checked(grid, message):
    said = refusal(RATS | {"sweep": {"encoders": ["time"], "grid": grid}})
    assert said.startswith("rats.sweep: ")
    assert message in said


def test_everything_that_is_wrong_is_named_at_once():
    block = {"source": "rat", "baselines": ["ica"], "figures": ["los"], "decode": {}}
    said = refusal(RATS | block)
    for where in ("rats.source: ", "rats.baselines.ica: ", "rats.figures.los: "):
        assert where in said
