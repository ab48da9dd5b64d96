"""Published results beside ours: the same quantity and unit, and what is simulated says so."""

import numpy as np
import pandas as pd
import pytest

import published_fixtures
from cebra_kedro.plots.paper import COMPARISONS, draw_comparison
from cebra_kedro.plots.paper.side_by_side import origin_words

FILES = published_fixtures.contents()
COLUMNS = ["subject", "variant", "fold", "seed", "decoder", "metric", "value", "unit"]
RATS = ("achilles", "buddy", "cicero", "gatsby")


def scores(subjects, variants, metrics, decoders=("knn",)):
    """Every run with a value of its own; folds and seeds as the report reads them: as text."""
    rng = np.random.default_rng(5)
    rows = [
        (subject, variant, str(fold), str(seed), decoder, metric, rng.uniform(0.1, 0.9), unit)
        for subject in subjects
        for variant in variants
        for fold in range(3)
        for seed in range(2)
        for decoder in decoders
        for metric, unit in metrics.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS).assign(origin="simulated")


def consistency():
    rng = np.random.default_rng(6)
    rows = [
        ("sessions", f"{a}/{v}/fold0_seed0", f"{b}/{v}/fold0_seed0", rng.uniform(0.3, 0.9))
        for v in ("position_direction", "time")
        for a in RATS
        for b in RATS
        if a != b
    ]
    rows.append(("seeds", "achilles/time/fold0_seed0", "achilles/time/fold0_seed1", 0.1))
    table = pd.DataFrame(rows, columns=["between", "source", "target", "r2"])
    return table.assign(subject=table["source"].str.split("/").str[0], origin="simulated")


TABLES = {
    "hippocampus/metrics": scores(
        RATS,
        ("position_direction", "time", "time_transductive", "pca", "raw"),
        {"position_error_median": "m", "position_r2": ""},
    ),
    "hippocampus/consistency": consistency(),
    "synthetic/metrics": scores(
        ("poisson", "t"), ("default", "tsne", "umap"), {"reconstruction_r2_all_rows": ""}
    ),
    "monkey_reaching/metrics": scores(
        ("active", "all"),
        ("position", "target", "time", "shuffled_position", "raw", "pca"),
        {"position_r2": "", "direction_accuracy": "%"},
        ("knn", "ridge"),
    ),
    "allen_decoding/sweep": pd.concat(
        scores(("VISp",), ("neuropixels", "raw_neuropixels"), {"frame_accuracy_1s": "%"}).assign(
            n_neurons=count
        )
        for count in (10, 100)
    ),
}
ALL = [one for of_figure in COMPARISONS.values() for one in of_figure]


def numbers(name, table=None):
    one = next(one for one in ALL if one.name == name)
    data = one.draw(FILES, TABLES[one.table] if table is None else table).data
    return data.set_index(["method", "item", "quantity"])["value"]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_both_sides_share_an_axis_and_ours_say_that_they_are_simulated(one):
    picture, found = draw_comparison(one, FILES, TABLES[one.table])
    picture.canvas.draw()
    left, right = picture.axes
    assert (left.get_title(), right.get_title()) == (
        "published",
        "this run (simulated recordings)",
    )
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylabel()
    sides = found["method"].str.rsplit(", ", n=1).str[1]
    assert set(sides) == {"published", "this run (simulated recordings)"}
    assert np.isfinite(found["value"]).all()


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_method_has_a_colour_of_its_own_on_both_sides(one):
    picture, _ = draw_comparison(one, FILES, TABLES[one.table])
    colours = {}
    for ax in picture.axes:
        for handle in ax.get_legend().legend_handles:
            colours.setdefault(handle.get_label(), set()).add(handle.get_color())
    assert all(len(of_method) == 1 for of_method in colours.values())
    assert len(set.union(*colours.values())) == len(colours)


def test_our_errors_are_means_over_folds_in_cm():
    table = TABLES["hippocampus/metrics"]
    rows = table[
        (table["subject"] == "buddy")
        & (table["variant"] == "time_transductive")
        & (table["metric"] == "position_error_median")
    ]
    expected = 100 * rows.groupby("seed")["value"].mean()
    found = numbers("this_run_position_error")["CEBRA-Time †, this run (simulated recordings)"]
    assert found["buddy", "n"] == 2
    assert found["buddy", "mean"] == pytest.approx(expected.mean())
    published = numbers("this_run_position_error")["PCA, published"]["cicero", "mean"]
    runs = FILES["results_v1/pca.csv"]
    assert published == pytest.approx(
        100 * runs.loc[runs["animal"] == 2, "test_position_error"].mean()
    )


def test_only_pairs_of_rats_are_compared_with_pairs_of_rats():
    found = numbers("this_run_consistency")
    table = TABLES["hippocampus/consistency"]
    ours = table[(table["between"] == "sessions") & table["source"].str.contains("/time/")]
    side = found["CEBRA-Time, this run (simulated recordings)"]
    assert side["rats", "n"] == 12 == found["CEBRA-Time, published"]["rats", "n"]
    assert side["rats", "mean"] == pytest.approx(100 * ours["r2"].mean())


def test_of_several_decoders_that_of_the_paper_is_shown():
    table = TABLES["monkey_reaching/metrics"]
    rows = table[
        (table["subject"] == "active")
        & (table["variant"] == "target")
        & (table["decoder"] == "knn")
        & (table["metric"] == "direction_accuracy")
    ]
    found = numbers("this_run_decoding")["target, this run (simulated recordings)"]
    assert found["direction", "mean"] == pytest.approx(rows["value"].mean())


def test_fractions_become_percent_and_percent_stays():
    found = numbers("this_run_reconstruction")
    poisson = TABLES["synthetic/metrics"]
    rows = poisson[(poisson["subject"] == "poisson") & (poisson["variant"] == "default")]
    side = found["default, this run (simulated recordings)"]
    assert side["poisson", "mean"] == pytest.approx(100 * rows["value"].mean())
    assert found["CEBRA, published"]["poisson", "mean"] == pytest.approx(92, abs=1)  # the fixture's


def test_origins_are_told_apart():
    def words(*origins):
        return origin_words(pd.DataFrame({"subject": ["a", "b"], "origin": origins}))

    assert words("real", "real") == "this run (real recordings)"
    assert words("unknown", "unknown") == "this run (origin not recorded)"
    assert words("real", "simulated") == "this run (simulated: b; real: a)"


def test_a_table_without_the_methods_compared_is_refused():
    table = TABLES["hippocampus/metrics"]
    with pytest.raises(ValueError, match="none of them"):
        numbers("this_run_position_error", table[table["variant"] == "raw"])
    with pytest.raises(ValueError, match="column seed is missing"):
        numbers("this_run_position_error", table.drop(columns="seed"))
