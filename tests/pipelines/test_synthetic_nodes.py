"""Sets with any kind of label are trained and decoded; what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_sets import METRICS, SETS, N, decoded, parameters, trained

from cebra_kedro.experiments import SYNTHETIC
from cebra_kedro.pipelines.ingestion.synthetic import read_set, split_set
from cebra_kedro.pipelines.reporting.synthetic import take_away
from cebra_kedro.pipelines.training import synthetic as training
from cebra_kedro.pipelines.training.nodes import goodness_of_fit
from cebra_kedro.pipelines.training.synthetic import (
    embed_set,
    pca_of_set,
    training_jobs,
    tsne_of_set,
    umap_of_set,
)
from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate import demo


@pytest.mark.parametrize("variant", SYNTHETIC.trained_variants)
@pytest.mark.parametrize("name", SETS)
def test_every_kind_of_label_is_trained_and_decoded(name, variant, tmp_path):
    recording, splits, models = trained(SETS[name], tmp_path, variant)
    embeddings = embed_set(recording, splits, models)
    assert set(embeddings) == {"fold0_seed0"}
    embedding = embeddings["fold0_seed0"]["embedding"]
    assert embedding.shape[0] == recording.n_time
    assert np.isfinite(embedding).all()
    table, predictions = decoded(embeddings, parameters())
    found = set(table["metric"])
    assert METRICS[name] | {"reconstruction_r2"} <= found
    assert {f"chance_{metric}" for metric in found if not metric.startswith("chance_")} <= found
    assert np.isfinite(table["value"].to_numpy(float)).all()
    rows = predictions["fold0_seed0"]["row"]
    np.testing.assert_array_equal(rows, np.flatnonzero(splits["part"][0] == 2))


@pytest.mark.parametrize("name", SETS)
def test_the_encoder_sees_training_rows_only(name):
    settings = parameters()
    recording = read_set(SETS[name], settings.ingestion, "poisson")
    splits = split_set(recording, settings.ingestion)
    ((sessions, _),) = training_jobs(
        recording,
        splits,
        settings.training,
        settings.variants["default"],
        settings.guidance,
    ).values()
    seen = np.concatenate([data.neural[:, 0] for data in sessions])
    np.testing.assert_array_equal(seen, recording.neural[splits["part"][0] == 0, 0])


def test_an_angle_guides_as_a_point_on_the_circle():
    settings = parameters()
    recording = read_set(SETS["circular"], settings.ingestion, "x")
    splits = split_set(recording, settings.ingestion)
    ((sessions, _),) = training_jobs(
        recording, splits, settings.training, settings.variants["default"], settings.guidance
    ).values()
    # float32
    np.testing.assert_allclose(np.linalg.norm(sessions[0].labels, axis=1), 1, atol=1e-6)


def test_the_control_trains_on_permuted_labels_of_the_same_rows():
    settings = parameters()
    recording = read_set(SETS["one_label"], settings.ingestion, "x")
    splits = split_set(recording, settings.ingestion)
    (true,), (control,) = (
        next(
            iter(
                training_jobs(
                    recording, splits, settings.training, settings.variants[v], settings.guidance
                ).values()
            )
        )[0]
        for v in ("default", "shuffled")
    )
    np.testing.assert_array_equal(true.neural, control.neural)
    assert not np.array_equal(true.labels, control.labels)
    np.testing.assert_array_equal(np.sort(true.labels, axis=0), np.sort(control.labels, axis=0))


def test_each_session_is_split_on_its_own():
    settings = parameters()
    recording = read_set(SETS["sessions"], settings.ingestion, "x")
    part = split_set(recording, settings.ingestion)["part"][0]
    np.testing.assert_array_equal(part[:N], part[N:])
    assert part[0] == part[N] == 0
    assert part[N - 1] == 2


@pytest.mark.parametrize("variant", ["default", "offset10_mse"])
def test_the_optimistic_split_trains_any_window(variant, tmp_path):
    random = {"split": "random_optimistic", "seed": 1}
    recording, splits, models = trained(SETS["one_label"], tmp_path, variant, ingestion=random)
    assert bool(splits["joined"])
    assert np.count_nonzero(np.diff(splits["part"][0])) > 20
    assert embed_set(recording, splits, models)["fold0_seed0"]["embedding"].shape[0] == N


def test_the_optimistic_split_is_optimistic():
    # slow labels: single test bins among training bins are easier than a block of unseen time
    settings = parameters()
    random = parameters(ingestion={"split": "random_optimistic", "seed": 0})
    scores = {}
    for name, chosen in (("contiguous", settings), ("random", random)):
        values = []
        for seed in range(5):
            content = demo.simulate_continuous(seed=seed, n_time=300, n_neurons=4)
            recording = read_set(content, chosen.ingestion, "x")
            splits = split_set(recording, chosen.ingestion)
            table, _ = decoded(pca_of_set(recording, splits, chosen.baselines), chosen)
            values.append(table.loc[table["metric"] == "reconstruction_r2", "value"].item())
        scores[name] = np.mean(values)
    assert scores["random"] > scores["contiguous"] + 0.05  # 0.2 apart, spread over seeds 0.05


@pytest.mark.parametrize("name", SETS)
def test_principal_components_are_those_of_each_session(name):
    settings = parameters()
    recording = read_set(SETS[name], settings.ingestion, "x")
    splits = split_set(recording, settings.ingestion)
    entry = pca_of_set(recording, splits, settings.baselines)["fold0_seed0"]
    assert entry["embedding"].shape == (recording.n_time, 2)
    assert {"part", "trial", "time_s", "latent"} <= set(entry)


def test_a_baseline_that_is_left_out_has_no_dimension_and_no_score():
    settings = parameters(baselines={"tsne": None, "umap": None})
    recording = read_set(SETS["one_label"], settings.ingestion, "x")
    splits = split_set(recording, settings.ingestion)
    for baseline in (tsne_of_set, umap_of_set):
        entries = baseline(recording, splits, settings.baselines)
        assert entries["fold0_seed0"]["embedding"].shape == (N, 0)
        table, predictions = decoded(entries, settings)
        assert table.empty
        assert list(predictions) == ["fold0_seed0"]


def test_tsne_embeds_each_session_with_the_settings_of_the_parameters(monkeypatch):
    calls = []

    def fake(neural, **options):
        calls.append((neural.shape, options))
        return np.zeros((len(neural), options["components"]), np.float32)

    monkeypatch.setattr(training, "tsne_features", fake)
    settings = parameters(baselines={"tsne": {"perplexity": 7, "max_iter": 260}, "components": 3})
    recording = read_set(SETS["sessions"], settings.ingestion, "x")
    tsne_of_set(recording, split_set(recording, settings.ingestion), settings.baselines)
    options = {"perplexity": 7, "max_iter": 260, "components": 3}
    assert calls == [((N, 5), options), ((N, 7), options)]


def test_a_discrete_decoder_on_a_continuous_label_is_refused_by_name():
    settings = parameters(decoding={"decoders": {"label": "knn"}})
    recording = read_set(SETS["one_label"], settings.ingestion, "x")
    splits = split_set(recording, settings.ingestion)
    entries = pca_of_set(recording, splits, settings.baselines)
    with pytest.raises(ValueError, match="knn is for discrete labels, but label is continuous"):
        decoded(entries, settings)


def test_an_own_set_without_its_truth_is_scored_by_its_label(tmp_path):
    content = {name: SETS["one_label"][name] for name in ("neural", "label")}
    recording, splits, models = trained(content, tmp_path)
    table, _ = decoded(embed_set(recording, splits, models), parameters())
    assert "label_r2" in set(table["metric"])
    assert "reconstruction_r2" not in set(table["metric"])


def test_what_is_wrong_with_a_set_is_told_with_its_source():
    with pytest.raises(RecordingError, match=r"expected neural and at least .*read from arrays"):
        read_set({"neural": np.zeros((5, 2))}, parameters().ingestion, "x")


def test_results_to_take_away_agree_with_the_tables(tmp_path):
    recording, splits, models = trained(SETS["one_label"], tmp_path)
    embeddings = embed_set(recording, splits, models)
    table, _ = decoded(embeddings, parameters())
    fit = goodness_of_fit(models, splits, "synthetic", "poisson", "default")
    partitions = {key: (lambda entry=entry: entry) for key, entry in embeddings.items()}
    array, results, _, summary = take_away(partitions, table, fit, models, "poisson", "default")
    np.testing.assert_array_equal(array, embeddings["fold0_seed0"]["embedding"])
    assert len(results["scores"]) == len(table) + len(fit)
    (score,) = [row for row in results["scores"] if row["metric"] == "label_r2"]
    expected = table.loc[table["metric"] == "label_r2", "value"].item()
    assert score["value"] == expected
    (line,) = [line for line in summary.splitlines() if line.startswith("label_r2 ")]
    assert f"{expected:.3f}" in line
    assert results["training"]["steps"] == 3
