"""Figures of reaching with a panel per variant: embeddings, mean trajectories, single trials.

Each panel is drawn by a ``plot_*`` of ``reaching`` or ``trajectories``; sessions side by side are
in ``reaching_sessions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style
from cebra_kedro.plots.panels import add_key, check_not_empty, finish, new_panels
from cebra_kedro.plots.reaching import (
    MAX_POINTS,
    largest_cm,
    plot_embedding_by_position,
    plot_embedding_by_target,
)
from cebra_kedro.plots.reaching_colours import (
    add_position_bar,
    direction_handles,
    position_colours,
)
from cebra_kedro.plots.trajectories import HAND_AXES, paths_there, plot_trajectories

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COORDINATES: tuple[Literal["x", "y"], ...] = ("x", "y")


def figure_embeddings_by_position(
    embeddings: Mapping[str, np.ndarray],
    position: np.ndarray | Mapping[str, np.ndarray],
    *,
    title: str | None = None,
    max_points: int = MAX_POINTS,
) -> Figure:
    """:func:`plot_embedding_by_position` of every variant, x and y side by side, in one colour bar.

    Args:
        embeddings: variant, or session, → float array (time, dim).
        position: float array (time, 2), x and y of the hand in cm; or one for each of
            ``embeddings``, where their time bins differ (active beside passive).
        title: title over the whole figure.
        max_points: at most so many time bins are drawn in a panel.

    Raises:
        ValueError: ``embeddings`` is empty, a name has no position, or as in
            :func:`plot_embedding_by_position`.
    """
    positions = _for_each(embeddings, "position", position)
    names = style.ordered_variants(embeddings)
    limit_cm = max(largest_cm(positions[name]) for name in names)
    with house_style():
        figure, axes = new_panels(
            [np.shape(embeddings[n])[-1] for n in names for _ in _COORDINATES], 2
        )
        pairs = ((name, coordinate) for name in names for coordinate in _COORDINATES)
        for ax, (name, coordinate) in zip(axes, pairs, strict=True):
            plot_embedding_by_position(
                embeddings[name],
                positions[name],
                coordinate,
                ax=ax,
                title=f"{style.variant_label(name)}: {coordinate}",
                limit_cm=limit_cm,
                colour_bar=False,
                max_points=max_points,
            )
        add_position_bar(figure, axes, position_colours(limit_cm), "hand position (cm)")
        finish(figure, title, names)
    return figure


def figure_embeddings_by_target(
    embeddings: Mapping[str, np.ndarray],
    target: np.ndarray | Mapping[str, np.ndarray],
    *,
    title: str | None = None,
    max_points: int = MAX_POINTS,
) -> Figure:
    """:func:`plot_embedding_by_target` of every variant, with one legend of directions.

    Args:
        embeddings: variant, or session, → float array (time, dim).
        target: integer array (time,) of directions 0 … 7; or one for each of ``embeddings``.
        title: title over the whole figure.
        max_points: at most so many time bins are drawn in a panel.

    Raises:
        ValueError: ``embeddings`` is empty, a name has no target, or as in
            :func:`plot_embedding_by_target`.
    """
    targets = _for_each(embeddings, "target", target)
    names = style.ordered_variants(embeddings)
    with house_style():
        figure, axes = new_panels([np.shape(embeddings[name])[-1] for name in names])
        for ax, name in zip(axes, names, strict=True):
            plot_embedding_by_target(
                embeddings[name],
                targets[name],
                ax=ax,
                title=style.variant_label(name),
                legend=False,
                max_points=max_points,
            )
        add_key(figure, direction_handles(np.concatenate([targets[name] for name in names])))
        finish(figure, title, names)
    return figure


def figure_direction_trajectories(
    averages: Mapping[str, np.ndarray],
    *,
    hand: np.ndarray | None = None,
    title: str | None = None,
) -> Figure:
    """:func:`plot_trajectories` of the mean of each direction, the hand first, then every variant.

    Args:
        averages: variant → float array (direction, bin, dim) of
            ``decoding.trajectories.direction_average``.
        hand: float array (direction, bin, 2) of the mean hand position in cm.
        title: title over the whole figure.

    Raises:
        ValueError: ``averages`` is empty, or as in :func:`plot_trajectories`.
    """
    check_not_empty("averages", averages)
    n_directions = len(next(iter(averages.values())))
    return _figure_trajectories(averages, np.arange(n_directions), hand, title)


def figure_single_trials(
    trials: Mapping[str, np.ndarray],
    target: np.ndarray,
    *,
    hand: np.ndarray | None = None,
    title: str | None = None,
) -> Figure:
    """:func:`plot_trajectories` of single trials, the hand first, then every variant.

    Args:
        trials: variant → float array (trial, bin, dim) of ``decoding.trajectories.stack_trials``,
            of the few trials to draw (``first_trials`` chooses some of each direction).
        target: integer array (trial,) of directions 0 … 7.
        hand: float array (trial, bin, 2) of the hand position in cm.
        title: title over the whole figure.

    Raises:
        ValueError: ``trials`` is empty, or as in :func:`plot_trajectories`.
    """
    check_not_empty("trials", trials)
    return _figure_trajectories(trials, np.asarray(target), hand, title)


def _figure_trajectories(
    panels: Mapping[str, np.ndarray],
    direction: np.ndarray,
    hand: np.ndarray | None,
    title: str | None,
) -> Figure:
    names = style.ordered_variants(panels)
    with house_style():
        hand_dims = [] if hand is None else [np.shape(hand)[-1]]
        figure, axes = new_panels([*hand_dims, *(np.shape(panels[name])[-1] for name in names)])
        if hand is not None:
            plot_trajectories(
                hand, direction, ax=axes[0], title="hand", axis_labels=HAND_AXES, legend=False
            )
        for ax, name in zip(axes[len(hand_dims) :], names, strict=True):
            label = style.variant_label(name)
            plot_trajectories(panels[name], direction, ax=ax, title=label, legend=False)
        there = [paths_there(np.asarray(panels[name]), direction) for name in names]
        add_key(figure, direction_handles(direction[np.any(there, axis=0)], marks=True))
        finish(figure, title, names)
    return figure


def _for_each(
    embeddings: Mapping[str, np.ndarray],
    label_name: str,
    label: np.ndarray | Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """The label of every panel, as an array."""
    check_not_empty("embeddings", embeddings)
    if not isinstance(label, Mapping):
        return {name: np.asarray(label) for name in embeddings}
    missing = [name for name in embeddings if name not in label]
    if missing:
        raise ValueError(f"{label_name} must have an array for each embedding, missing: {missing}")
    return {name: np.asarray(label[name]) for name in embeddings}
