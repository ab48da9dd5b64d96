"""Mean trajectories of several sessions side by side, e.g. active beside passive.

Each panel is drawn by ``draw_trajectories``; this file decides which coordinates
and limits panels share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style
from cebra_kedro.plots.panels import add_key, finish, new_panels
from cebra_kedro.plots.reaching_colours import direction_handles
from cebra_kedro.plots.space import Shown, shown_coordinates
from cebra_kedro.plots.trajectories import HAND_AXES, draw_trajectories, paths_there

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_trajectories_by_session(
    averages: Mapping[str, Mapping[str, np.ndarray]],
    *,
    hand: Mapping[str, np.ndarray] | None = None,
    same_space: bool = True,
    title: str | None = None,
) -> Figure:
    """Mean trajectories of two sessions side by side, e.g. active beside passive.

    The two panels of the hand have the same limits, and so have those of a variant in one space.

    Args:
        averages: session → variant → float array (direction, bin, dim); every session has the
            same variants.
        hand: session → float array (direction, bin, 2) of the mean hand position in cm.
        same_space: one encoder embedded both sessions, thus principal components and limits are
            common; False for encoders trained apart, whose axes have nothing to do with each
            other, as a note then says.
        title: title over the whole figure.

    Raises:
        ValueError: ``averages`` is empty, sessions have different variants or dimensions, or as
            in :func:`~cebra_kedro.plots.plot_trajectories`.
    """
    _check_sessions(averages, hand)
    sessions = list(averages)
    names = style.ordered_variants(averages[sessions[0]])
    rows: dict[str, list[Shown]] = {}
    if hand is not None:
        of_hand = _shown([hand[session] for session in sessions], same_space=True)
        rows["hand"] = [Shown(panel.points, HAND_AXES) for panel in of_hand]
    for name in names:
        paths = [averages[session][name] for session in sessions]
        rows[style.variant_label(name)] = _shown(paths, same_space)
    with house_style():
        dims = [panel.points.shape[-1] for panels in rows.values() for panel in panels]
        figure, axes = new_panels(dims, len(sessions))
        for number, (label, panels) in enumerate(rows.items()):
            common = same_space or label == "hand"
            places = axes[number * len(sessions) :]
            for ax, session, panel in zip(places, sessions, panels, strict=False):
                draw_trajectories(
                    panel,
                    np.arange(len(panel.points)),
                    ax=ax,
                    title=f"{label}: {style.variant_label(session)}",
                    limits_of=_rows(panels) if common else None,
                    legend=False,
                )
        add_key(figure, direction_handles(_directions_there(rows), marks=True))
        note = "" if same_space else "encoders were trained apart: axes of sessions differ"
        finish(figure, title, names, note)
    return figure


def _shown(paths: Sequence[np.ndarray], same_space: bool) -> list[Shown]:
    """Coordinates of the same variant in each session."""
    if not same_space:
        return [shown_coordinates(np.asarray(of_session)) for of_session in paths]
    if len({np.shape(of_session)[-1] for of_session in paths}) > 1:
        raise ValueError(
            f"sessions in one space must have one dimension, got "
            f"{[np.shape(p)[-1] for p in paths]}; pass same_space=False for encoders trained apart"
        )
    # Sessions may differ in bins per trial, thus rows of all of them make the coordinates.
    shapes = [np.shape(of_session) for of_session in paths]
    rows = shown_coordinates(np.concatenate([np.reshape(p, (-1, np.shape(p)[-1])) for p in paths]))
    ends = np.cumsum([int(np.prod(shape[:-1])) for shape in shapes])[:-1]
    return [
        replace(rows, points=points.reshape(*shape[:-1], -1))
        for points, shape in zip(np.split(rows.points, ends), shapes, strict=True)
    ]


def _rows(panels: Sequence[Shown]) -> np.ndarray:
    """The points of all panels, array (row, 2 or 3)."""
    return np.concatenate([p.points.reshape(-1, p.points.shape[-1]) for p in panels])


def _directions_there(rows: Mapping[str, Sequence[Shown]]) -> np.ndarray:
    """Directions with a trial in some panel."""
    points = [panel.points for panels in rows.values() for panel in panels]
    there = [np.flatnonzero(paths_there(paths, np.arange(len(paths)))) for paths in points]
    return np.unique(np.concatenate(there))


def _check_sessions(
    averages: Mapping[str, Mapping[str, np.ndarray]], hand: Mapping[str, np.ndarray] | None
) -> None:
    if not averages or not next(iter(averages.values())):
        raise ValueError("averages must hold at least one session with one variant, got none")
    if len({frozenset(variants) for variants in averages.values()}) > 1:
        there = {session: sorted(variants) for session, variants in averages.items()}
        raise ValueError(f"every session must have the same variants, got {there}")
    missing = [] if hand is None else [session for session in averages if session not in hand]
    if missing:
        raise ValueError(f"hand must have an array for each session, missing: {missing}")
