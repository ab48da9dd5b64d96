"""Which results a figure shows, and under which names."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.pipelines.reporting import hippocampus, nodes
from cebra_kedro.plots.style import variant_label


def first_titles(figure):
    titles = [ax.get_title() or ax.get_title(loc="left") for ax in figure.axes]
    return [title.split("\n")[0] for title in titles if title]


def entry(value, n=30):
    row = np.arange(n)
    return {
        "embedding": np.random.default_rng(int(value)).normal(value, 1, (n, 3)),
        "position": np.abs(np.sin(row / 5)),
        "increasing": (row // 10) % 2,
        "time_s": row * 0.025,
        "trial": np.zeros(n, int),
        "predicted_position": np.abs(np.sin(row / 5)) + value,
    }


@pytest.fixture
def drawn(monkeypatch):
    """What the library function of a figure was given, instead of a picture."""
    from cebra_kedro import plots

    calls = {}

    def watch(name):
        def stand_in(*args, **kwargs):
            calls[name] = (args, kwargs)
            return plots.figure_message(name)

        monkeypatch.setattr(plots, name, stand_in)

    for name in ("figure_embedding_grid", "figure_decoded_positions", "figure_consistency"):
        watch(name)
    return calls


def test_embeddings_shown_are_those_of_the_lowest_fold_and_seed(drawn, partitions):
    entries = {"fold1_seed0": entry(1), "fold0_seed10": entry(2), "fold0_seed2": entry(3)}
    hippocampus.embedding_figure("buddy", time=partitions(entries), hybrid=partitions(entries))
    (embeddings, position, increasing), _ = drawn["figure_embedding_grid"]
    assert list(embeddings) == ["time", "hybrid"]
    for embedding in embeddings.values():
        np.testing.assert_array_equal(embedding, entries["fold0_seed2"]["embedding"])
    np.testing.assert_array_equal(position, entries["fold0_seed2"]["position"])
    np.testing.assert_array_equal(increasing, entries["fold0_seed2"]["increasing"])


def test_decoded_positions_shown_are_those_of_the_lowest_fold_and_seed(drawn, partitions):
    entries = {"fold0_seed10": entry(2), "fold0_seed2": entry(3)}
    hippocampus.decoded_position_figure("buddy", time=partitions(entries))
    (predictions,), _ = drawn["figure_decoded_positions"]
    assert predictions["time"] is entries["fold0_seed2"]


def seeds_table(*runs, between="seeds"):
    names = [f"buddy/time/fold{fold}_seed{seed}" for fold, seed, _ in runs]
    return pd.DataFrame(
        {
            "experiment": "hippocampus",
            "between": between,
            "source": names,
            "target": [f"buddy/time/fold{fold}_seed{other}" for fold, _, (other, _) in runs],
            "r2": [score for _, _, (_, score) in runs],
        }
    )


def test_consistency_between_seeds_is_the_mean_over_folds(drawn):
    table = seeds_table((0, 2, (10, 0.2)), (0, 10, (2, 0.5)), (1, 2, (10, 0.4)), (1, 10, (2, 0.7)))
    nodes.seed_consistency_figure(table, "buddy")
    (matrices,), _ = drawn["figure_consistency"]
    expected = pd.DataFrame([[np.nan, 0.3], [0.6, np.nan]])
    # Seeds in the order of the table, not of the alphabet (10 before 2).
    assert list(matrices["time"].index) == list(matrices["time"].columns) == ["seed2", "seed10"]
    np.testing.assert_allclose(matrices["time"], expected, atol=1e-12)


def test_one_seed_gives_a_figure_that_says_so():
    figure = nodes.seed_consistency_figure(seeds_table(), "buddy")
    assert [text.get_text() for text in figure.texts] == [
        "buddy: one seed was trained, so seeds cannot be compared"
    ]


def test_consistency_between_rats_leaves_out_that_between_seeds(drawn):
    rats = pd.DataFrame(
        {
            "between": ["subjects", "subjects", "seeds"],
            "source": [
                "gatsby/time/fold0_seed0",
                "buddy/time/fold0_seed0",
                "buddy/time/fold0_seed1",
            ],
            "target": [
                "buddy/time/fold0_seed0",
                "gatsby/time/fold0_seed0",
                "buddy/time/fold0_seed0",
            ],
            "r2": [0.2, 0.4, 0.9],
        }
    )
    hippocampus.subject_consistency_figure(rats)
    (matrices,), _ = drawn["figure_consistency"]
    assert list(matrices) == ["time"]
    assert list(matrices["time"].index) == ["gatsby", "buddy"]
    np.testing.assert_allclose(
        matrices["time"], pd.DataFrame([[np.nan, 0.2], [0.4, np.nan]]), atol=1e-12
    )


def test_pictures_are_drawn_from_real_entries(partitions):
    entries = partitions({"fold0_seed0": entry(0)})
    assert first_titles(hippocampus.embedding_figure("buddy", time=entries, hybrid=entries))
    decoded = hippocampus.decoded_position_figure("buddy", time=entries)
    assert first_titles(decoded) == [f"{variant_label('time')}: median error 0.000 m"]
    assert decoded.get_suptitle().startswith("buddy")


def test_loss_curves_of_all_encoders_are_drawn_together():
    curve = pd.DataFrame(
        {
            "step": [0, 1] * 2,
            "loss": [3.0, 2.0, 3.0, 2.5],
            "goodness_of_fit_bits": [0.0, 0.5, 0.0, 0.2],
            "learning_rate": 0.001,
            "fold": ["0", "0", "1", "1"],
            "seed": 0,
        }
    )
    figure = nodes.loss_figure("buddy", time=curve, time_transductive=curve.assign(fold="all"))
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    names = {text.get_text() for legend in legends for text in legend.texts}
    assert {variant_label("time"), variant_label("time_transductive")} <= names


def test_results_are_listed_by_a_checksum_that_follows_their_content():
    table = pd.DataFrame({"value": [1.0, 2.0]})
    listed = nodes.list_results(metrics=table, figure=b"picture", buddy={"metrics": "ab"})
    assert listed["buddy"] == {"metrics": "ab"}
    assert listed["figure"] == hashlib.sha256(b"picture").hexdigest()
    assert listed == nodes.list_results(
        metrics=table.copy(), figure=b"picture", buddy={"metrics": "ab"}
    )
    other = nodes.list_results(metrics=table + 1e-9, figure=b"picture", buddy={"metrics": "ab"})
    assert other["metrics"] != listed["metrics"]
