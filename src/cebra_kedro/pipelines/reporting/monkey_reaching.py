"""Reaching: results → figures, and one file of all embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.experiments import MONKEY_REACHING
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.reporting.nodes import Partitions, consistency_matrices, first_entry
from cebra_kedro.splits import rows

_ENDS = ("source", "target")
_UNIT_NORM_TOLERANCE = 1e-4
# Name of a label in the file of all embeddings, with its unit.
_LABEL_KEYS = {
    "position_cm": "position",
    "velocity_cm_per_s": "velocity",
    "target_angle_over_45_deg": "target",
    "is_passive": "passive",
    "condition_target_plus_8_if_passive": "condition",
    "trial": "trial",
    "time_s": "time_s",
    "part_0_train_1_valid_2_test": "part",
}


def all_embeddings(**embeddings: Partitions) -> dict[str, np.ndarray]:
    """Every embedding of every kind of session, and the labels of its rows.

    Keys are ``<subject>/<variant>/<fold and seed>``, and ``<subject>/labels/<label>`` once a
    subject, as the rows of all its embeddings are the same bins.

    Args:
        embeddings: ``<subject>__<variant>`` → embeddings by fold and seed.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, partitions in embeddings.items():
        subject, variant = name.split("__")
        for key in sorted(partitions, key=fold_and_seed):
            entry = partitions[key]()
            labels = {f"{subject}/labels/{k}": entry[label] for k, label in _LABEL_KEYS.items()}
            arrays |= labels | {f"{subject}/{variant}/{key}": entry["embedding"]}
    return arrays


def position_colours_figure(subject: str, **embeddings: Any) -> Figure:
    """Every encoder's embedding of the first seed, all trials, coloured by x and by y."""
    from cebra_kedro.plots.reaching_grids import figure_embeddings_by_position

    entries = _first_entries(embeddings)
    return figure_embeddings_by_position(
        {variant: entry["embedding"] for variant, entry in entries.items()},
        _any(entries)["position"],
        title=f"{subject}: embeddings coloured by hand position",
    )


def target_colours_figure(subject: str, **embeddings: Any) -> Figure:
    """Every encoder's embedding of the first seed, all trials, coloured by target."""
    from cebra_kedro.plots.reaching_grids import figure_embeddings_by_target

    entries = _first_entries(embeddings)
    return figure_embeddings_by_target(
        {variant: entry["embedding"] for variant, entry in entries.items()},
        _any(entries)["target"],
        title=f"{subject}: embeddings coloured by target",
    )


def trajectories_figure(subject: str, **embeddings: Any) -> Figure:
    """Mean trajectory of each direction over the held-out trials, of the hand and each encoder."""
    from cebra_kedro.plots.reaching_grids import figure_direction_trajectories

    entries = _first_entries(embeddings)
    return figure_direction_trajectories(
        {variant: _average(entry, "embedding") for variant, entry in entries.items()},
        hand=_average(_any(entries), "position"),
        title=f"{subject}: mean of held-out trials to each target",
    )


def single_trials_figure(subject: str, **embeddings: Any) -> Figure:
    """The first held-out trial of each direction, of the hand and each encoder."""
    from cebra_kedro.decoding.trajectories import first_trials
    from cebra_kedro.plots.reaching_grids import figure_single_trials

    entries = _first_entries(embeddings)
    targets = _held_out_trials(_any(entries), "target")[:, 0]
    chosen = first_trials(targets, per_direction=1)
    return figure_single_trials(
        {variant: _held_out_trials(e, "embedding")[chosen] for variant, e in entries.items()},
        targets[chosen],
        hand=_held_out_trials(_any(entries), "position")[chosen],
        title=f"{subject}: first held-out trial to each target",
    )


def decoded_position_figure(subject: str, **predictions: Any) -> Figure:
    """Decoded against true x along the test trials, one row per variant."""
    from cebra_kedro.plots import figure_decoded_positions

    shown = {}
    for variant, entry in _first_entries(predictions).items():
        decoder = "knn" if "knn_position" in entry else "ridge"
        x, predicted_x = entry["position"][:, 0], entry[f"{decoder}_position"][:, 0]
        shown[variant] = entry | {"position": x, "predicted_position": predicted_x}
    return figure_decoded_positions(
        shown, title=f"{subject}: x of the hand on test trials (first seed)", unit="cm"
    )


def transfer_trajectories_figure(**embeddings: Any) -> Figure:
    """Active beside passive in the space of the active encoders: means of held-out trials.

    Args:
        embeddings: ``<session>__<variant>`` → embeddings by the encoder of the first session.
    """
    from cebra_kedro.plots.reaching_sessions import figure_trajectories_by_session

    averages: dict[str, dict[str, np.ndarray]] = {}
    hand: dict[str, np.ndarray] = {}
    for name, entry in _first_entries(embeddings).items():
        session, variant = name.split("__")
        averages.setdefault(session, {})[variant] = _average(entry, "embedding")
        hand[session] = _average(entry, "position")
    encoders = next(iter(averages))
    return figure_trajectories_by_session(
        averages, hand=hand, title=f"Means of held-out trials, both by the {encoders} encoders"
    )


def position_figure(metrics: pd.DataFrame) -> Figure:
    """R² of the decoded hand position, one panel per kind of session."""
    return _scores_figure(metrics, "position_r2", "Hand position on test trials")


def position_error_figure(metrics: pd.DataFrame) -> Figure:
    """Median distance of decoded and true hand position, one panel per kind of session."""
    return _scores_figure(metrics, "position_error_median", "Hand position on test trials")


def direction_figure(metrics: pd.DataFrame) -> Figure:
    """Share of bins with the right direction, one panel per kind of session."""
    return _scores_figure(metrics, "direction_accuracy", "Direction on test trials")


def transfer_position_error_figure(metrics: pd.DataFrame) -> Figure:
    """Error on passive test trials by what was fitted to active trials, beside its own."""
    return _transfer_figure(metrics, "position_error_median", "Hand position on test trials")


def transfer_direction_figure(metrics: pd.DataFrame) -> Figure:
    """Direction on passive test trials by what was fitted to active trials, beside its own."""
    return _transfer_figure(metrics, "direction_accuracy", "Direction on test trials")


def kind_consistency_figure(table: pd.DataFrame, subject: str) -> Figure:
    """R² between kinds of encoders, fitted to the same training trials."""
    from cebra_kedro.plots import plot_consistency, variant_label

    source, target = (table[end].str.split("/").str[1].map(variant_label) for end in _ENDS)
    order = pd.unique(source)
    matrix = table.assign(source=source, target=target).pivot(
        index="source", columns="target", values="r2"
    )
    return plot_consistency(
        matrix.reindex(index=order, columns=order),
        title=f"{subject}: consistency between kinds of encoders",
    ).figure


def session_consistency_by_position_figure(table: pd.DataFrame) -> Figure:
    """R² between kinds of sessions, in cells of the plane that all have in common."""
    return _sessions_figure(table, "position")


def session_consistency_by_target_figure(table: pd.DataFrame) -> Figure:
    """R² between kinds of sessions, in moments of the trial for each target."""
    return _sessions_figure(table, "target")


def _first_entries(partitions: dict[str, Partitions]) -> dict[str, dict[str, np.ndarray]]:
    return {name: first_entry(one) for name, one in partitions.items()}


def _any(entries: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """An entry to take labels from; they are the same in all."""
    return next(iter(entries.values()))


def _held_out(entry: dict[str, np.ndarray]) -> np.ndarray:
    return rows(entry["part"], "valid", "test")


def _bins_per_trial(entry: dict[str, np.ndarray]) -> int:
    return int(np.count_nonzero(entry["trial"] == entry["trial"][0]))


def _held_out_trials(entry: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Array (trial, bin, ...) of the trials that no encoder was fitted to."""
    from cebra_kedro.decoding.trajectories import stack_trials

    chosen = _held_out(entry)
    return stack_trials(entry[name][chosen], entry["trial"][chosen], _bins_per_trial(entry))


def _average(entry: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Mean (direction, bin, dim) of held-out trials, put back onto the sphere if rows lie on it."""
    from cebra_kedro.decoding.trajectories import direction_average

    chosen = _held_out(entry)
    values = entry[name][chosen]
    on_sphere = bool(np.allclose(np.linalg.norm(values, axis=1), 1, atol=_UNIT_NORM_TOLERANCE))
    return direction_average(
        values,
        entry["target"][chosen],
        entry["trial"][chosen],
        _bins_per_trial(entry),
        normalise=on_sphere,
    )


def _scores_figure(metrics: pd.DataFrame, metric: str, title: str) -> Figure:
    """Kinds of sessions beside each other; transfers have a figure of their own."""
    return _panels(metrics, metric, MONKEY_REACHING.subjects, title)


def _transfer_figure(metrics: pd.DataFrame, metric: str, title: str) -> Figure:
    (transfer,) = MONKEY_REACHING.transfers
    return _panels(
        metrics,
        metric,
        (transfer.name, transfer.target),
        f"{title}: fitted to {transfer.source}, and to {transfer.target}",
    )


def _panels(metrics: pd.DataFrame, metric: str, subjects: tuple[str, ...], title: str) -> Figure:
    from cebra_kedro.plots import figure_error_by_variant_and_subject

    # pandas reads the empty unit of R² back as missing
    shown = metrics[metrics["subject"].isin(subjects)].fillna({"unit": ""})
    decoder = "knn" if "knn" in set(shown["decoder"]) else "ridge"
    return figure_error_by_variant_and_subject(
        shown, metric, decoder=decoder, title=f"{title} ({decoder})", n_columns=2
    )


def _sessions_figure(table: pd.DataFrame, by: str) -> Figure:
    from cebra_kedro.plots import figure_consistency

    return figure_consistency(
        consistency_matrices(table[table["between"] == f"sessions_by_{by}"], r"^([^/]+)/"),
        title=f"Consistency between kinds of sessions, aligned by {by}",
    )
