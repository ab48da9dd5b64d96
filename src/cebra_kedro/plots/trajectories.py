"""Figures of trajectories: held-out trials of each class, of a label and through embeddings.

Trials are chosen and averaged in ``held_out``, each panel is drawn in ``paths``; this file decides
which panels there are, and which of them share coordinates and limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style
from cebra_kedro.plots.class_colours import ClassKey, class_key
from cebra_kedro.plots.held_out import HeldOut, classes_of, held_out_embedding, held_out_path
from cebra_kedro.plots.panels import add_key, finish, lay_cubes, new_panels, panel_title
from cebra_kedro.plots.paths import plot_paths
from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.plots.space import Shown, shown_coordinates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class _Panel:
    title: str
    held_out: HeldOut


_Group = tuple[_Panel, ...]
"""Panels in one space, with common coordinates and limits."""
_Choose = Callable[[HeldOut, Sequence[int]], np.ndarray]


def trajectories_figure(
    results: Results,
    session: str | None,
    *,
    by: str,
    path: str | None = None,
    directions: bool = False,
    variants: Sequence[str] | None = None,
) -> Figure | None:
    """Mean held-out trial of each class, of a label first, then of each encoder.

    Args:
        results: the results.
        session: the session.
        by: discrete label, one throughout each trial, of at most twelve classes.
        path: continuous label of two or three dimensions that is shown first.
        directions: class ``i`` is the direction of ``45 i`` degrees, and named so.
        variants: names of those shown; None for encoders and controls.

    Returns:
        The figure, or None without any embedding of two dimensions or more.

    Raises:
        KeyError: there is no such label or variant.
        ValueError: a label has another kind or too many classes, trials have several lengths, or
            there is no session.
    """
    title = f"{session}: mean of held-out trials of each {_text(by)}"
    shown = _variants(results, variants, ("encoder", "control"))
    return _of_session(results, session, by, path, directions, shown, HeldOut.means, title)


def single_trials_figure(
    results: Results,
    session: str | None,
    *,
    by: str,
    path: str | None = None,
    directions: bool = False,
    variants: Sequence[str] | None = None,
) -> Figure | None:
    """First held-out trial of each class; all else as in :func:`trajectories_figure`."""
    title = f"{session}: first held-out trial of each {_text(by)}"
    shown = _variants(results, variants, ("encoder", "control"))
    return _of_session(results, session, by, path, directions, shown, HeldOut.firsts, title)


def transfer_trajectories_figure(
    results: Results,
    session: str | None = None,
    *,
    by: str,
    path: str | None = None,
    directions: bool = False,
    variants: Sequence[str] | None = None,
) -> Figure | None:
    """Means of two sessions side by side, embedded by the encoders of the first of them.

    The two panels of an encoder have common coordinates and limits, and so have those of the
    label.

    Args:
        results: the results.
        session: None, as transfers are of the whole experiment.
        by: discrete label, one throughout each trial, of at most twelve classes.
        path: continuous label of two or three dimensions that is shown first.
        directions: class ``i`` is the direction of ``45 i`` degrees, and named so.
        variants: names of those shown; None for encoders without the controls.

    Returns:
        The figure, or None if nothing was transferred.

    Raises:
        KeyError: there is no such label or variant.
        ValueError: as in :func:`trajectories_figure`, or a session is given.
    """
    if session is not None:
        raise ValueError(f"transfers are of the whole experiment, got session {session!r}")
    shown = _variants(results, variants, ("encoder",))
    embedded = [
        (variant.name, group)
        for variant in shown
        for transfer in results.transfers
        if (group := _transferred(results, variant, transfer, by))
    ]
    if not embedded:
        return None
    population = shown[0].population
    sessions = dict.fromkeys(name for transfer in results.transfers for name in transfer)
    ids = {i for name in sessions for i in classes_of(results, name, population, by)}
    recorded: list[_Group] = []
    if path is not None:
        recorded = [
            tuple(_recorded(results, name, population, by, path, f": {name}") for name in transfer)
            for transfer in results.transfers
        ]
    sources = ", ".join(dict.fromkeys(fitted_to for fitted_to, _ in results.transfers))
    return _draw(
        [*recorded, *(group for _, group in embedded)],
        class_key(by, sorted(ids), directions=directions),
        HeldOut.means,
        f"Means of held-out trials, both by the {sources} encoders",
        [name for name, _ in embedded],
    )


def _of_session(
    results: Results,
    session: str | None,
    by: str,
    path: str | None,
    directions: bool,
    variants: Sequence[Variant],
    choose: _Choose,
    title: str,
) -> Figure | None:
    if session is None:
        raise ValueError(f"trajectories are of one session, got none of {results.sessions}")
    embedded = {
        variant.name: (_Panel(style.variant_label(variant.name), held_out),)
        for variant in variants
        if (held_out := held_out_embedding(results, session, variant, by, embedded=session))
    }
    if not embedded:
        return None
    population = variants[0].population
    recorded: list[_Group] = []
    if path is not None:
        recorded = [(_recorded(results, session, population, by, path),)]
    key = class_key(by, classes_of(results, session, population, by), directions=directions)
    return _draw([*recorded, *embedded.values()], key, choose, title, list(embedded))


def _transferred(results: Results, variant: Variant, transfer: tuple[str, str], by: str) -> _Group:
    """The session that an encoder was fitted to, and the other one; none where one is missing."""
    fitted_to, scored_on = transfer
    label = style.variant_label(variant.name)
    source = held_out_embedding(results, fitted_to, variant, by, embedded=fitted_to)
    target = held_out_embedding(
        results, scored_on, variant, by, embedded=f"{fitted_to}_to_{scored_on}"
    )
    if source is None or target is None:
        return ()
    return _Panel(f"{label}: {fitted_to}", source), _Panel(f"{label}: {scored_on}", target)


def _recorded(
    results: Results, session: str, population: str, by: str, path: str, suffix: str = ""
) -> _Panel:
    """The panel of a label; encoders may have its name, thus a word before it."""
    held_out = held_out_path(results, session, population, by, path)
    return _Panel(f"recorded {_text(path)}{suffix}", held_out)


def _draw(
    groups: Sequence[_Group],
    key: ClassKey,
    choose: _Choose,
    title: str,
    names: Sequence[str],
) -> Figure:
    """All panels, group by group, with one key."""
    panels = [panel for group in groups for panel in _shown(group, key, choose)]
    there = set()
    with house_style():
        dims = [shown.points.shape[-1] for _, shown, _ in panels]
        figure, axes = new_panels(dims, max(map(len, groups)))
        for ax, (title_of_panel, shown, limits_of) in zip(axes, panels, strict=True):
            drawn = plot_paths(
                shown,
                np.array(key.ids),
                key,
                ax=ax,
                title=panel_title(title_of_panel),
                limits_of=limits_of,
                legend=False,
            )
            there |= set(drawn.data["class"])
        add_key(figure, key.handles(there))
        finish(figure, title, names)
        lay_cubes(figure)
    return figure


def _shown(
    group: _Group, key: ClassKey, choose: _Choose
) -> Iterator[tuple[str, Shown, np.ndarray]]:
    """Title, coordinates, and the points that the limits of the whole group hold."""
    paths = [choose(panel.held_out, key.ids) for panel in group]
    # Sessions may differ in bins per trial, thus rows of all of them make the coordinates.
    rows = shown_coordinates(np.concatenate([p.reshape(-1, p.shape[-1]) for p in paths]))
    ends = np.cumsum([path.shape[0] * path.shape[1] for path in paths])[:-1]
    for panel, path, points in zip(group, paths, np.split(rows.points, ends), strict=True):
        labels = panel.held_out.axis_labels or rows.axis_labels
        shown = Shown(points.reshape(*path.shape[:-1], -1), labels, rows.note)
        yield panel.title, shown, rows.points


def _variants(
    results: Results, names: Sequence[str] | None, kinds: tuple[str, ...]
) -> list[Variant]:
    if names is not None:
        return [results.variant(name) for name in names]
    return [variant for variant in results.variants if variant.kind in kinds]


def _text(label: str) -> str:
    return label.replace("_", " ")
