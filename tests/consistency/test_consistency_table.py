from __future__ import annotations

import numpy as np
import pytest

from cebra_kedro.consistency import (
    CONSISTENCY_COLUMNS,
    LabelledEmbedding,
    consistency_between_datasets,
    consistency_between_runs,
    consistency_between_seeds,
    stack_consistency,
)


def on_the_sphere(values):
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def arc_of(position):
    """A curve on the unit sphere, one function of position for every animal."""
    return on_the_sphere(np.stack([np.cos(2 * position), np.sin(3 * position), position], axis=1))


def rotation(rng):
    return np.linalg.qr(rng.normal(size=(3, 3)))[0]


def random_walk(rng, n, high=1.6):
    steps = np.cumsum(rng.normal(scale=0.05, size=n))
    return np.abs(np.mod(steps, 2 * high) - high)


# float64: the same numbers summed in another order; float32: cebra averages and solves in float32,
# whose eps is 1e-7, over up to 3500 rows
TOLERANCE_TO_CEBRA = {np.float64: 1e-10, np.float32: 5e-6}


def rats(seed=0, noise=0.3, n_runs=1, dtype=np.float64):
    rng = np.random.default_rng(seed)
    items = []
    for i, dataset in enumerate(["achilles", "buddy", "cicero"]):
        position = random_walk(rng, 2500 + 500 * i)
        for run in range(n_runs):
            embedding = arc_of(position) @ rotation(rng) + noise * rng.normal(
                size=(len(position), 3)
            )
            items.append(
                LabelledEmbedding(
                    dataset,
                    on_the_sphere(embedding).astype(dtype),
                    continuous=position.astype(dtype),
                    run=f"seed{run}",
                )
            )
    return items


@pytest.mark.parametrize("dtype", TOLERANCE_TO_CEBRA)
def test_runs_score_as_cebra_scores_them(dtype):
    import cebra.integrations.sklearn.metrics as cebra_metrics

    rng = np.random.default_rng(1)
    embeddings = {f"seed{i}": rng.normal(size=(300, 2 + i)) for i in range(3)}
    embeddings["seed1"][:, 0] += 2 * embeddings["seed0"][:, 0]
    embeddings = {run: embedding.astype(dtype) for run, embedding in embeddings.items()}
    scores, pairs, _ = cebra_metrics.consistency_score(list(embeddings.values()), between="runs")
    table = consistency_between_runs(embeddings, dataset="buddy")
    assert tuple(table.columns) == CONSISTENCY_COLUMNS
    assert table["source"].tolist() == [f"buddy/seed{source}" for source, _ in pairs]
    assert table["target"].tolist() == [f"buddy/seed{target}" for _, target in pairs]
    assert set(table["between"]) == {"runs"}
    np.testing.assert_allclose(table["r2"], scores, rtol=0, atol=TOLERANCE_TO_CEBRA[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE_TO_CEBRA)
def test_datasets_score_as_cebra_scores_them(dtype):
    import cebra.integrations.sklearn.metrics as cebra_metrics

    items = rats(dtype=dtype)
    scores, pairs, _ = cebra_metrics.consistency_score(
        [item.embedding for item in items],
        between="datasets",
        labels=[item.continuous for item in items],
        dataset_ids=[item.dataset for item in items],
    )
    table = consistency_between_datasets(items)
    assert table["source"].str.split("/").str[0].tolist() == pairs[:, 0].tolist()
    assert table["target"].str.split("/").str[0].tolist() == pairs[:, 1].tolist()
    np.testing.assert_allclose(table["r2"], scores, rtol=0, atol=TOLERANCE_TO_CEBRA[dtype])


def test_the_mean_over_runs_is_what_cebra_scores():
    import cebra.integrations.sklearn.metrics as cebra_metrics

    items = rats(noise=1.0, n_runs=2)
    scores, pairs, _ = cebra_metrics.consistency_score(
        [item.embedding for item in items],
        between="datasets",
        labels=[item.continuous for item in items],
        dataset_ids=[item.dataset for item in items],
    )
    table = consistency_between_datasets(items)
    # 3 x 2 ordered pairs of rats, 2 x 2 pairs of runs each
    assert len(table) == 24
    rats_of = table[["source", "target"]].apply(lambda names: names.str.partition("/")[0])
    means = table["r2"].groupby([rats_of["source"], rats_of["target"]]).mean()
    ordered = list(dict.fromkeys(map(tuple, pairs.tolist())))
    assert [means[pair] for pair in ordered] == pytest.approx(
        scores.tolist(), abs=TOLERANCE_TO_CEBRA[np.float64]
    )


def test_different_ranges_are_compared_where_cebra_gives_up():
    import cebra.integrations.sklearn.metrics as cebra_metrics

    rng = np.random.default_rng(2)
    ranges = {"short": (0.0, 1.2), "long": (0.5, 1.6), "gap": (0.2, 1.4)}
    items = []
    for dataset, (low, high) in ranges.items():
        position = rng.uniform(low, high, 4000)
        if dataset == "gap":
            position = position[(position < 0.8) | (position > 0.95)]
        items.append(
            LabelledEmbedding(dataset, arc_of(position) @ rotation(rng), continuous=position)
        )
    with pytest.raises(ValueError, match="does not have elements close enough"):
        cebra_metrics.consistency_score(
            [item.embedding for item in items],
            between="datasets",
            labels=[item.continuous for item in items],
            dataset_ids=list(ranges),
        )
    sharp = consistency_between_datasets(items, max_widening=0)
    assert len(sharp) == 6
    # rotations of one noiseless curve: what is missing from 1 is where in a bin (1/40 of the
    # support) the samples happen to lie: squared, (1/40)² / (bins' own variance) < 1e-3
    assert sharp["r2"].min() > 0.999
    # borrowing at the ends and beside the gap blurs about 8 of some 35 bins, each by two widths
    assert consistency_between_datasets(items)["r2"].min() > 0.99


def test_unrelated_embeddings_score_near_chance_on_the_bins():
    rng = np.random.default_rng(3)
    items = [
        LabelledEmbedding(dataset, rng.normal(size=(3000, 3)), continuous=rng.uniform(size=3000))
        for dataset in ("a", "b")
    ]
    r2 = consistency_between_datasets(items)["r2"]
    # 99 bins, 3 dimensions: mean 3/98 = 0.031, sd of the mean over 3 targets 0.014; five sd
    np.testing.assert_allclose(r2, 3 / 98, rtol=0, atol=0.07)


def test_direction_tells_laps_apart_that_position_mixes():
    rng = np.random.default_rng(4)
    laps = {}
    # the one animal runs mostly right, the other mostly left
    for dataset, share_right in {"a": 0.9, "b": 0.2}.items():
        position, right = rng.uniform(0, 1, 8000), rng.uniform(size=8000) < share_right
        back = np.stack([np.sin(11 * position), np.cos(9 * position), position], axis=1)
        curve = np.where(right[:, None], arc_of(position), back)
        laps[dataset] = (curve @ rotation(rng), position, right.astype(int))
    items = [
        LabelledEmbedding(name, curve, position) for name, (curve, position, _) in laps.items()
    ]
    mixed = consistency_between_datasets(items, n_bins=40)["r2"]
    items = [LabelledEmbedding(name, *lap) for name, lap in laps.items()]
    apart = consistency_between_datasets(items, n_bins=40)["r2"]
    # rotations of one noiseless function of position and direction, 20 rows or more in each bin
    assert apart.min() > 0.99
    # the mean of two laps weighted 9:1 is another curve than that weighted 1:4
    assert mixed.min() < 0.9


def test_classes_missing_from_one_dataset_do_not_matter():
    rng = np.random.default_rng(5)
    means = rng.normal(size=(16, 3))
    present = {"active": np.arange(14), "passive": np.arange(3, 16)}
    items = []
    for dataset, classes in present.items():
        ids = np.repeat(classes, 20)
        items.append(
            LabelledEmbedding(dataset, on_the_sphere(means)[ids] @ rotation(rng), discrete=ids)
        )
    table = consistency_between_datasets(items, between="sessions_by_target")
    assert set(table["between"]) == {"sessions_by_target"}
    # a rotation of the same class means: exact maths in float64
    np.testing.assert_allclose(table["r2"], 1, rtol=0, atol=1e-12)


def test_runs_of_one_dataset_are_not_compared_between_datasets():
    table = consistency_between_datasets(rats(n_runs=2))
    assert not any(
        source.split("/")[0] == target.split("/")[0]
        for source, target in zip(table["source"], table["target"], strict=True)
    )


def test_source_and_target_are_not_confused():
    angle = np.linspace(0, 2 * np.pi, 1001)[:-1]
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    table = consistency_between_runs({"circle": circle, "shadow": circle[:, :1]})
    r2 = table.set_index(["source", "target"])["r2"]
    # a circle predicts its own shadow, the shadow only half of the circle
    assert r2["circle", "shadow"] == pytest.approx(1, abs=1e-12)
    assert r2["shadow", "circle"] == pytest.approx(0.5, abs=1e-12)


def test_seeds_are_compared_within_their_fold_in_natural_order():
    rng = np.random.default_rng(6)
    # folds have other rows, so comparing across them would be refused
    lengths = {"fold10_seed1": 60, "fold2_seed10": 50, "fold2_seed9": 50, "fold10_seed0": 60}
    runs = {key: rng.normal(size=(n, 2)) for key, n in lengths.items()}
    runs["fold3_seed0"] = rng.normal(size=(40, 2))
    table = consistency_between_seeds(runs, dataset="buddy/time")
    assert tuple(table.columns) == CONSISTENCY_COLUMNS
    assert set(table["between"]) == {"seeds"}
    assert table[["source", "target"]].to_numpy().tolist() == [
        ["buddy/time/fold2_seed9", "buddy/time/fold2_seed10"],
        ["buddy/time/fold2_seed10", "buddy/time/fold2_seed9"],
        ["buddy/time/fold10_seed0", "buddy/time/fold10_seed1"],
        ["buddy/time/fold10_seed1", "buddy/time/fold10_seed0"],
    ]
    fold = {key.removeprefix("fold2_"): runs[key] for key in ("fold2_seed9", "fold2_seed10")}
    alone = consistency_between_runs(fold)["r2"]
    assert table["r2"][:2].tolist() == alone.tolist()


def test_a_single_seed_gives_a_table_without_rows():
    table = consistency_between_seeds({"fold0_seed0": np.ones((9, 2))})
    assert table.empty
    assert tuple(table.columns) == CONSISTENCY_COLUMNS


def test_keys_that_are_no_fold_and_seed_are_refused():
    with pytest.raises(ValueError, match="keys must be like fold0_seed1, got 'seed1'"):
        consistency_between_seeds({"seed1": np.ones((9, 2))})


def test_tables_of_an_experiment_are_stacked_and_empty_ones_passed_over():
    rng = np.random.default_rng(8)
    runs = {f"fold0_seed{i}": rng.normal(size=(50, 2)) for i in range(2)}
    seeds, none = consistency_between_seeds(runs), consistency_between_seeds({})
    encoders = consistency_between_runs(runs, between="encoders")
    stacked = stack_consistency([none, seeds, encoders], "hippocampus")
    assert tuple(stacked.columns) == ("experiment", *CONSISTENCY_COLUMNS)
    assert stacked["between"].tolist() == ["seeds"] * 2 + ["encoders"] * 2
    assert set(stacked["experiment"]) == {"hippocampus"}
    assert stacked["r2"].tolist() == [*seeds["r2"], *encoders["r2"]]
    assert "experiment" not in seeds
    assert tuple(stack_consistency([none], "x").columns) == tuple(stacked.columns)


def test_comparisons_that_need_more_embeddings_are_refused():
    with pytest.raises(ValueError, match="at least 2 embeddings, got 1"):
        consistency_between_runs({"seed0": np.ones((9, 2))})
    with pytest.raises(ValueError, match="at least 2 datasets, got achilles"):
        consistency_between_datasets(rats(n_runs=2)[:2])


def test_runs_of_different_length_are_refused_by_name():
    rng = np.random.default_rng(7)
    with pytest.raises(ValueError, match=r"buddy/s1 must be an array \(50, dim\).*buddy/s0"):
        consistency_between_runs(
            {"s0": rng.normal(size=(50, 2)), "s1": rng.normal(size=(40, 2))}, dataset="buddy"
        )
