"""Every kind of figure can be read at the size that the report shows it, however much it holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import movie_results
import numpy as np
import pandas as pd
import pytest
import rat_results
import reaching_results
from drawn_text import empty_axes, outside, overlapping, written
from matplotlib.figure import Figure

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots import style
from cebra_kedro.plots.figures import FIGURES, figure_kind
from cebra_kedro.plots.results import Predicted, Variant
from cebra_kedro.recording import Label

SMALLEST_POINTS = 7
TOUCHING_POINTS = 1.5
"""Boxes of text have room for accents and descenders, which few of them have."""

MANY = (
    *(Variant(f"encoder_with_a_long_name_{i}", "encoder") for i in range(8)),
    Variant("time_transductive", "encoder", transductive=True),
    Variant("shuffled_position_direction", "control"),
    Variant("raw_window", "baseline"),
    Variant("pca", "baseline"),
)
LONG_SESSIONS = tuple(f"mouse_{i:02d}_2024-03-1{i % 10}_probe_A" for i in range(12))
REGIONS = ("retrosplenial cortex", "dentate gyrus", "CA1", "CA3", "prelimbic area", "M2", "V1")


def many(**changes):
    """Twelve variants with long names in sessions with long names."""
    usual = {
        "sessions": LONG_SESSIONS[:6],
        "variants": MANY,
        "metrics": rat_results.metrics(LONG_SESSIONS[:6], MANY),
        "history": long_history,
        "consistency": rat_results.consistency(LONG_SESSIONS[:6], MANY),
    }
    return rat_results.results(**usual | changes)


def long_history(session):
    table = rat_results.history(session)
    names = [one.name for one in MANY if one.kind != "baseline"]
    first = table[table["variant"] == "position"]
    return pd.concat([first.assign(variant=name) for name in names], ignore_index=True)


def regions(n_classes):
    """A label of classes with names, decoded as well as others."""
    ids = np.arange(rat_results.N_TIME) // 10 % n_classes
    names = tuple((REGIONS * 2)[:n_classes])
    names = tuple(f"{name} {i}" if i >= len(REGIONS) else name for i, name in enumerate(names))
    label = Label(ids, "discrete", names=names)

    def recording(session, population):
        found = rat_results.recording(session)
        return type(found)(
            found.neural, {"region": label}, found.bin_width_s, session, trial=found.trial
        )

    def predicted(session, variant, name):
        if name != "region":
            return None
        true = ids[rat_results.TEST]
        moved = np.random.default_rng(len(variant)).integers(0, 2, len(true))
        return Predicted(rat_results.TEST, true, {"knn": (true + moved) % n_classes})

    return {"recording": recording, "predicted": predicted}


AREAS = tuple(f"VIS{name}" for name in ("p", "l", "rl", "al", "am", "pm"))
LONG_MOVIE = tuple(
    Variant(f"joint_encoder_{i}_of_ten_frames_{population}", "encoder", population)
    for i in range(5)
    for population in ("ca", "neuropixels")
)


def four_sessions():
    """Four metrics of few variants, with chance far below."""
    units = {"hand_position_error_median": "cm", "hand_position_r2": "", "angle_error_mean": "deg"}
    units |= {"direction_balanced_accuracy": "%"}
    sessions = LONG_SESSIONS[:4]
    table = rat_results.metrics(sessions, units=tuple(units.items()))
    table.loc[table["metric"] == "hand_position_r2", "value"] *= -20
    return rat_results.results(sessions=sessions, metrics=table)


def long_reaches():
    """Encoders with long names in three dimensions and more."""
    names = [f"position_and_target_with_offset_{i}" for i in range(6)]
    return reaching_results.results(dict(zip(names, (3, 3, 2, 8, 3, 2), strict=True)))


def many_areas(sessions=AREAS):
    """Areas with the variants of two recordings, scored by the number of neurons."""
    sweep = movie_results.neurons_sweep((10, 30, 50, 100, 200, 400, 800, 1000), sessions)
    return movie_results.results(sessions=sessions, sweep=sweep)


def swept(n_rows, n_columns, n_sessions=1):
    """Scores over two parameters with long names."""
    rows = [
        (a, b, "rats", f"session_{s}", variant, 0, 0, "knn", "position_r2", a * b / 100, "")
        for a in range(n_rows)
        for b in range(n_columns)
        for s in range(n_sessions)
        for variant in ("position_direction", "time_transductive")
    ]
    names = ["encoders.position_direction.pairs.time_offset_bins", "training.learning_rate"]
    return pd.DataFrame(rows, columns=[*names, *METRIC_COLUMNS])


def draws(n_draws=40):
    """Scores of combinations of four parameters drawn at random."""
    generator = np.random.default_rng(0)
    rows = [
        (
            *values,
            "rats",
            "buddy",
            variant,
            0,
            seed,
            "knn",
            "position_r2",
            0.1 * values[1] + seed,
            "",
        )
        for values in zip(
            10 ** generator.uniform(-4, -1, n_draws),
            generator.uniform(0.1, 3, n_draws),
            generator.integers(1, 20, n_draws),
            generator.choice(["time", "time_delta", "hybrid"], n_draws),
            strict=True,
        )
        for variant in ("position_direction", "time_transductive")
        for seed in (0, 1)
    ]
    names = ["learning_rate", "loss.temperature", "pairs.time_offset_bins", "pairs.law"]
    swept = [f"encoders.position_direction.{name}" for name in names]
    return pd.DataFrame(rows, columns=[*swept, *METRIC_COLUMNS])


def tried():
    """The same as a search."""
    table = draws().rename_axis("trial").reset_index()
    table = table[table["variant"] == "position_direction"]
    table.insert(1, "scored_on", ["test" if trial == 8 else "valid" for trial in table["trial"]])
    table.insert(2, "chosen_by", "position_r2")
    return pd.concat([table, table[table["trial"] == 8].assign(scored_on="valid")])


def embedding_of(dim):
    return partial(rat_results.embedding, dim=dim)


rats, reaches, movie = rat_results.results, reaching_results.results, movie_results.results
TARGETS = {"by": "target", "path": "position", "directions": True}
CASES: list[tuple[str, str, Callable, str | None, dict]] = [
    ("overview", "three dimensions", rats, "buddy", {}),
    ("overview", "eight", partial(rats, embedding=embedding_of(8)), "buddy", {}),
    ("overview", "one", partial(rats, embedding=embedding_of(1)), "buddy", {}),
    ("embedding", "rats", rats, "buddy", {"colour": "position", "split_by": "direction"}),
    ("embedding", "classes", rats, "buddy", {"colour": "target", "baselines": True}),
    ("embedding", "twelve", many, LONG_SESSIONS[0], {"colour": ["hand", "target"]}),
    ("embedding", "planes", partial(many, embedding=embedding_of(2)), LONG_SESSIONS[0], {}),
    ("embedding", "components", partial(many, embedding=embedding_of(8)), "buddy", {}),
    ("embedding", "names", partial(many, **regions(12)), "buddy", {"colour": "region"}),
    ("trajectories", "reaches", reaches, "active", TARGETS),
    ("single_trials", "reaches", reaches, "active", TARGETS),
    ("transfer_trajectories", "reaches", reaches, None, TARGETS),
    ("trajectories", "long names", long_reaches, "active", TARGETS),
    ("transfer_trajectories", "long names", long_reaches, None, TARGETS),
    ("activity", "movie", movie, "VISp", {}),
    ("movie_map", "movie", movie, None, {"perplexity": 10.0}),
    ("decoded", "every kind", rats, "buddy", {}),
    ("decoded", "angle", rats, "buddy", {"labels": ["heading"]}),
    ("decoded", "plane", rats, "buddy", {"labels": ["hand"]}),
    ("decoded", "twelve", many, LONG_SESSIONS[0], {"labels": ["position", "target"]}),
    ("decoded", "classes", rats, "buddy", {"labels": ["direction", "target"]}),
    ("decoded", "names", partial(rats, **regions(7)), "buddy", {}),
    ("decoded", "many names", partial(many, **regions(12)), "buddy", {}),
    ("frames_decoded", "movie", movie, "VISp", {}),
    ("frames_confusion", "movie", movie, "VISp", {}),
    ("frames_decoded", "long names", partial(movie, variants=LONG_MOVIE), "VISp", {}),
    ("frames_confusion", "long names", partial(movie, variants=LONG_MOVIE), "VISp", {}),
    ("scores", "one", rats, "buddy", {}),
    ("scores", "all", rats, None, {}),
    ("scores", "one metric", rats, "buddy", {"metrics": ["position_r2"], "decoder": "knn"}),
    ("scores", "twelve, one", many, LONG_SESSIONS[0], {}),
    ("scores", "twelve, all", many, None, {}),
    ("scores", "four sessions", four_sessions, None, {}),
    ("scores", "four metrics", four_sessions, LONG_SESSIONS[0], {}),
    ("by_neurons", "movie", partial(movie, sweep=movie_results.neurons_sweep()), None, {}),
    ("by_neurons", "six areas", many_areas, None, {}),
    ("by_neurons", "long names", partial(many_areas, LONG_SESSIONS[:5]), None, {}),
    ("sweep", "line", partial(rats, sweep=swept(4, 1)), None, {}),
    ("sweep", "map", partial(rats, sweep=swept(4, 5)), None, {}),
    ("search", "four parameters", partial(rats, search=tried()), None, {}),
    ("sweep", "draws", partial(rats, sweep=draws()), None, {}),
    ("sweep", "many maps", partial(rats, sweep=swept(3, 10, 4)), None, {}),
    ("across", "two", partial(rats, across=rat_results.across()), None, {}),
    (
        "across",
        "twelve",
        partial(many, across=rat_results.across(LONG_SESSIONS[:6], MANY)),
        None,
        {"metric": "direction_accuracy"},
    ),
    (
        "across",
        "twelve sessions",
        partial(
            rats,
            sessions=LONG_SESSIONS,
            across=rat_results.across(LONG_SESSIONS, rat_results.VARIANTS[:3]),
        ),
        None,
        {},
    ),
    ("loss", "rats", rats, "buddy", {}),
    ("loss", "twelve", many, LONG_SESSIONS[0], {}),
    ("attribution", "rats", partial(rats, **rat_results.attribution()), "buddy", {}),
    (
        "attribution",
        "twelve",
        partial(many, **rat_results.attribution(LONG_SESSIONS[0], MANY, 300)),
        LONG_SESSIONS[0],
        {},
    ),
    ("consistency", "one", rats, "buddy", {}),
    ("consistency", "two", rats, None, {}),
    ("consistency", "twelve, one", many, LONG_SESSIONS[0], {}),
    ("consistency", "twelve, all", many, None, {}),
    (
        "consistency",
        "twelve sessions",
        partial(
            rats,
            sessions=LONG_SESSIONS,
            consistency=rat_results.consistency(LONG_SESSIONS, rat_results.VARIANTS[:3]),
        ),
        None,
        {},
    ),
]


def drawn(case) -> Figure:
    kind, _, results, session, options = case
    figure = figure_kind(kind).function(results(), session, **options)
    assert figure is not None
    return figure


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}: {case[1]}")
def figure(request):
    return drawn(request.param)


@pytest.fixture(scope="module")
def texts(figure):
    return written(figure)


def test_every_kind_is_among_the_cases():
    assert {kind for kind, *_ in CASES} == set(FIGURES)


def test_a_figure_fits_the_page(figure):
    assert figure.get_figwidth() <= style.WIDEST_INCHES + 1e-9  # exact but for rounding


def test_text_is_large_enough_where_the_report_shows_it(texts):
    assert texts
    small = {one.text: one.points for one in texts if one.points < SMALLEST_POINTS}
    assert not small


def test_text_is_inside_the_figure(figure, texts):
    # A pixel: letters stand on whole ones.
    assert not outside(figure, texts, pixels=1)


def test_texts_do_not_run_into_each_other(figure, texts):
    assert not overlapping(texts, pixels=TOUCHING_POINTS / 72 * figure.dpi)


def test_there_are_no_empty_panels(figure):
    assert not empty_axes(figure)
