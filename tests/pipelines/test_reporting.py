"""Which results a figure shows, which figures there are, and the list of all results."""

import hashlib
import pickle

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_experiments import (
    POSITION,
    TIME,
    TRAINING,
    area,
    computed,
    experiment,
    movie,
    rat,
    saved,
    split,
    trained,
)

from cebra_kedro.io.figure_dataset import without_texts
from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.pipelines.consistency.nodes import compare
from cebra_kedro.pipelines.decoding.nodes import decode, score
from cebra_kedro.pipelines.reporting import nodes
from cebra_kedro.pipelines.reporting.nodes import (
    describe,
    draw,
    list_results,
    one_table,
    tell_apart,
)
from cebra_kedro.pipelines.training.nodes import embed_baseline, join_stores
from cebra_kedro.plots.figures import FigureKind
from cebra_kedro.report.explorer import variant_facts
from cebra_kedro.report.significance import significance, significance_table

FIGURES = {
    "embedding": {"colour": "position"},
    "decoded": {"labels": ["position"]},
    "scores": {"metrics": ["position_r2"]},
    "loss": {},
    "consistency": {},
}
BLOCKS = {
    "encoders": {
        "position": POSITION,
        "time_transductive": {"pairs": TIME, "fit_on": "all"},
        "together": POSITION | {"sessions": "joint"},
    },
    "baselines": {"raw": {}, "pca": {"components": 2}, "tsne": {"perplexity": 5, "max_iter": 250}},
    "transfers": [{"fitted_to": "buddy", "scored_on": "cicero"}],
    "decode": {"rat": {"protocol": "rat_on_track", "labels": ["position", "direction"]}},
    "training": TRAINING | {"seeds": [10, 2]},
    "compare": {"sessions": {"align": ["position"], "bins": 20}},
    "figures": FIGURES,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Everything that a node that draws is given, of two rats."""
    folder = tmp_path_factory.mktemp("results")
    described = experiment(**BLOCKS)
    recordings = {name: rat(name) for name in described.sessions}
    splits = split(recordings, described)
    models, embeddings = trained(recordings, described, folder)
    stores = {name: embeddings.below(name) for name in described.encoders}
    for name in described.stored_baselines:
        pieces = embed_baseline(recordings, splits, described, None, name="r", baseline=name)
        stores[name] = saved(pieces, folder / name, "arrays")
    embeddings = join_stores(**stores)
    pieces = decode(recordings, splits, embeddings, models, described, None, "rats")
    predictions = saved(pieces, folder / "predictions", "arrays")
    return {
        "recordings": saved(recordings, folder / "recordings", "recordings"),
        "splits": saved(splits, folder / "splits", "arrays"),
        "embeddings": embeddings,
        "models": models,
        "metrics": score(models, described, "rats", predictions),
        "experiment": described,
        "only": None,
        "name": "rats",
        "predictions": predictions,
        "consistency": compare(recordings, splits, embeddings, described, "rats"),
    }


@pytest.fixture
def shown(monkeypatch):
    """Draws a stand-in of a figure, and gives the results that the figure was given."""

    def of(results, per="session", session="buddy", **options):
        calls = {}

        def stand_in(given, place, **options):
            calls[place] = (given, options)
            return Figure()

        kind = FigureKind("stand_in", "", per, "")
        monkeypatch.setattr(FigureKind, "function", property(lambda _: stand_in))
        monkeypatch.setattr(nodes, "figure_kind", lambda _: kind)
        described = results["experiment"].model_copy(update={"figures": {"stand_in": options}})
        pieces = draw(**results | {"experiment": described, "figure": "stand_in"})
        keys = list(computed(pieces))
        return keys, calls.get(session)

    return of


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("session", ["buddy/stand_in", "cicero/stand_in"]),
        ("experiment", ["stand_in"]),
        ("both", ["buddy/stand_in", "cicero/stand_in", "stand_in"]),
    ],
)
def test_there_is_one_figure_of_each_session_of_the_experiment_or_of_both(
    results, shown, per, expected
):
    assert shown(results, per)[0] == expected


def test_a_run_draws_its_own_sessions_and_the_experiment_with_all(results, shown):
    keys, (given, _) = shown(results | {"only": "cicero"}, "both", session=None)
    assert keys == ["cicero/stand_in", "stand_in"]
    assert given.sessions == ("buddy", "cicero")
    assert shown(results | {"only": "VISp"}, "session")[0] == []


def test_a_session_that_no_run_has_embedded_is_not_drawn(results, shown):
    described = experiment(**BLOCKS | {"sessions": ["buddy", "new", "cicero"]})
    changed = results | {"experiment": described}
    keys, (given, _) = shown(changed, "both", session=None)
    assert keys == ["buddy/stand_in", "cicero/stand_in", "stand_in"]
    assert given.sessions == ("buddy", "cicero")


def test_options_of_the_description_reach_the_figure(results, shown):
    _, (given, options) = shown(results, colour="position", split_by="increasing")
    assert options == {"colour": "position", "split_by": "increasing"}
    assert given.experiment == "rats"


def test_variants_are_in_the_order_of_the_description_with_what_they_have_seen(results, shown):
    _, (given, _) = shown(results)
    kinds = [(one.name, one.kind, one.transductive) for one in given.variants]
    assert kinds == [
        ("position", "encoder", False),
        ("time_transductive", "encoder", True),
        ("together", "encoder", False),
        ("raw", "baseline", False),
        ("pca", "baseline", False),
        ("tsne", "baseline", True),
    ]
    assert given.transfers == (("buddy", "cicero"),)
    np.testing.assert_array_equal(
        given.recording("cicero", "").neural, results["recordings"]["cicero"].neural
    )
    np.testing.assert_array_equal(given.part("cicero", ""), results["splits"]["cicero"]["part"][0])


def test_embeddings_shown_are_those_of_the_lowest_fold_and_seed(results, shown):
    _, (given, _) = shown(results)
    first = {
        "position": "position/buddy/fold0_seed2",
        "time_transductive": "time_transductive/buddy/all_seed2",
        "together": "together/buddy/fold0_seed2",
        "pca": "pca/buddy/fold0_seed0",
        "tsne": "tsne/buddy/all_seed0",
    }
    for variant, key in first.items():
        expected = results["embeddings"][key]["embedding"]
        np.testing.assert_array_equal(given.embedding("buddy", variant), expected)
    assert given.embedding("buddy", "raw") is None  # as many dimensions as neurons


def test_a_transfer_is_shown_in_the_space_of_the_session_it_was_fitted_to(results, shown):
    _, (given, _) = shown(results)
    cicero = results["recordings"]["cicero"]
    model = results["models"]["position/buddy/fold0_seed2"]
    expected = model.transform(cicero.neural, cicero.segment())
    np.testing.assert_array_equal(given.embedding("buddy_to_cicero", "position"), expected)
    assert given.embedding("buddy_to_cicero", "tsne") is None
    assert given.embedding("buddy_to_cicero", "raw") is None


def test_predictions_shown_are_those_of_the_lowest_fold_and_seed(results, shown):
    _, (given, _) = shown(results)
    for session, variant, key in [
        ("buddy", "position", "buddy/position/fold0_seed2"),
        ("cicero", "raw", "cicero/raw/fold0_seed0"),
        ("buddy_to_cicero", "pca", "buddy_to_cicero/pca/fold0_seed0"),
    ]:
        arrays = results["predictions"][key]
        for label in ("position", "direction"):
            found = given.predicted(session, variant, label)
            np.testing.assert_array_equal(found.row, arrays["rat/row"])
            np.testing.assert_array_equal(found.true, arrays[f"rat/{label}"])
            assert list(found.predicted) == ["knn"]
            np.testing.assert_array_equal(found.predicted["knn"], arrays[f"rat/knn/{label}"])
    assert given.predicted("buddy", "position", "increasing") is None
    assert given.predicted("buddy_to_cicero", "tsne", "position") is None


def test_without_decoding_nothing_is_predicted(results, shown):
    _, (given, _) = shown(results | {"predictions": None})
    assert given.predicted("buddy", "position", "position") is None


def test_loss_curves_are_told_apart_by_variant_fold_and_seed(results, shown):
    _, (given, _) = shown(results)
    history = given.history("buddy")
    runs = history[["variant", "fold", "seed"]].drop_duplicates().to_numpy().tolist()
    assert runs == [
        *(["position", str(fold), seed] for fold in range(3) for seed in (2, 10)),
        *(["time_transductive", "all", seed] for seed in (2, 10)),
        *(["together", str(fold), seed] for fold in range(3) for seed in (2, 10)),
    ]
    one = history[(history["variant"] == "together") & (history["fold"] == "2")]
    model = results["models"]["together/joint/fold2_seed2"]
    np.testing.assert_array_equal(one[one["seed"] == 2]["loss"], model.loss)


def test_an_encoder_has_no_curve_in_a_session_that_it_is_not_trained_on(results, shown):
    encoders = BLOCKS["encoders"] | {"position": POSITION | {"sessions": ["cicero"]}}
    described = experiment(**BLOCKS | {"encoders": encoders})
    _, (given, _) = shown(results | {"experiment": described})
    assert "position" not in set(given.history("buddy")["variant"])
    assert "position" in set(given.history("cicero")["variant"])


def test_tables_shown_are_those_given_with_empty_units(results, shown, tmp_path):
    path = tmp_path / "metrics.csv"
    results["metrics"].to_csv(path, index=False)
    from_file = pd.read_csv(path)
    assert from_file["unit"].isna().any()  # what a CSV file makes of an empty text
    sweep = from_file.assign(steps=1)
    _, (given, _) = shown(results | {"metrics": from_file, "sweep": sweep})
    assert list(given.metrics["unit"]) == list(results["metrics"]["unit"])
    assert list(given.sweep["unit"]) == list(results["metrics"]["unit"])
    pd.testing.assert_frame_equal(given.consistency, results["consistency"])
    _, (without, _) = shown({key: one for key, one in results.items() if key != "consistency"})
    assert without.consistency.empty
    assert without.sweep.empty


def test_populations_are_read_by_their_own_keys(shown, tmp_path):
    recordings, described = area(), movie()
    models, embeddings = trained(recordings, described, tmp_path)
    given = {
        "recordings": recordings,
        "splits": split(recordings, described),
        "embeddings": embeddings,
        "models": models,
        "metrics": pd.DataFrame(columns=list(METRIC_COLUMNS)),
        "experiment": described,
        "only": None,
        "name": "movie",
    }
    keys, (found, _) = shown(given, session="VISp")
    assert keys == ["VISp/stand_in"]
    for variant in found.variants:
        n_time = recordings[f"VISp/{variant.population}"].n_time
        assert found.recording("VISp", variant.population).n_time == n_time
        assert found.part("VISp", variant.population).shape == (n_time,)
        assert len(found.embedding("VISp", variant.name)) == n_time
    assert set(found.history("VISp")["variant"]) == {"joint"}


@pytest.mark.parametrize("figure", FIGURES)
def test_pictures_are_drawn_from_real_results(results, figure, tmp_path):
    pieces = draw(**results, figure=figure)
    store = saved(pieces, tmp_path, "figures", index=f".{figure}.json")
    sessions = {f"{name}/{figure}" for name in ("buddy", "cicero")}
    whole = {figure} if figure in ("scores", "consistency") else set()
    assert set(store) == sessions | whole
    for key in store:
        assert (tmp_path / f"{key}.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_of_sessions_outside_a_run_stay(results, tmp_path):
    saved(draw(**results, figure="scores"), tmp_path, "figures", index=".scores.json")
    before = (tmp_path / "buddy/scores.png").stat().st_mtime_ns
    pieces = draw(**results | {"only": "cicero"}, figure="scores")
    store = saved(pieces, tmp_path, "figures", index=".scores.json")
    assert set(store) == {"buddy/scores", "cicero/scores", "scores"}
    assert (tmp_path / "buddy/scores.png").stat().st_mtime_ns == before


def test_where_there_is_nothing_to_draw_there_is_no_picture(results, tmp_path):
    changed = results | {"consistency": results["consistency"].iloc[:0]}
    pieces = draw(**changed, figure="consistency")
    assert set(saved(pieces, tmp_path, "figures", index=".consistency.json")) == set()


def test_drawing_can_be_sent_to_other_processes(results):
    """Tables and paths travel, arrays do not."""
    arrays = [results["recordings"]["buddy"].neural]
    arrays += [each["embedding"] for each in results["embeddings"].values()]
    for cell in draw(**results, figure="loss").cells.values():
        sent = pickle.dumps(cell)
        assert not any(array.tobytes()[:200] in sent for array in arrays)


def test_results_are_listed_by_a_checksum_that_follows_their_content():
    table = pd.DataFrame({"value": [1.0, 2.0]})
    pictures = {"buddy/loss": b"one", "loss": b"all"}
    listed = list_results(metrics=table, figure_loss=pictures)
    assert listed["metrics"] == hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
    assert listed["figure_loss"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in pictures.items()
    }
    assert listed == list_results(metrics=table.copy(), figure_loss=dict(pictures))
    changed = list_results(metrics=table + 1e-9, figure_loss=pictures | {"loss": b"other"})
    assert changed["metrics"] != listed["metrics"]
    assert changed["figure_loss"]["loss"] != listed["figure_loss"]["loss"]
    assert changed["figure_loss"]["buddy/loss"] == listed["figure_loss"]["buddy/loss"]


def test_pictures_are_listed_as_they_lie_in_their_files_but_for_texts(results, tmp_path):
    store = saved(draw(**results, figure="loss"), tmp_path, "figures", index=".loss.json")
    listed = list_results(figure_loss=store)["figure_loss"]
    for key in ("buddy/loss", "cicero/loss"):
        content = without_texts((tmp_path / f"{key}.png").read_bytes())
        assert listed[key] == hashlib.sha256(content).hexdigest()


def test_pairs_are_tested_as_on_the_page_which_reads_the_table_from_its_file(results, tmp_path):
    about = describe(results["recordings"], results["experiment"], None)
    table = tell_apart(results["metrics"], about)
    assert set(zip(table["first"], table["second"], strict=True)) == {
        ("position", "raw"),
        ("position", "pca"),
        ("together", "position"),
    }
    assert set(table["smallest_p_corrected"]) == {4 * 2 / 2**6}  # 4 pairs, 6 folds
    results["metrics"].to_csv(tmp_path / "metrics.csv", index=False)
    as_text = pd.read_csv(tmp_path / "metrics.csv", dtype=str, keep_default_na=False)
    again = significance(as_text, variant_facts(about), about["headline"])
    # Floats come back from text to the last bit or the one before.
    pd.testing.assert_frame_equal(significance_table(again), table, rtol=1e-12)


def test_tables_of_a_sweep_stand_one_under_another(tmp_path):
    tables = {
        f"{session}/position/ab": pd.DataFrame({"steps": [1, 2], "subject": session})
        for session in ("cicero", "buddy")
    }
    table = one_table(saved(tables, tmp_path / "some", "tables"))
    assert table["subject"].tolist() == ["buddy", "buddy", "cicero", "cicero"]
    assert table.index.tolist() == [0, 1, 2, 3]
    assert "metric" in one_table(saved({}, tmp_path / "none", "tables"))


def test_what_is_shown_is_not_changed(results):
    before = {name: results[name].copy() for name in ("metrics", "consistency")}
    for figure in ("scores", "consistency"):
        computed(draw(**results, figure=figure))
    for name, table in before.items():
        pd.testing.assert_frame_equal(results[name], table)
