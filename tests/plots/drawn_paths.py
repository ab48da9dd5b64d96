"""What panels of paths show, read off their axes; and the means that they should show."""

from __future__ import annotations

import numpy as np
import reaching_results


def panels(figure):
    return {ax.get_title(): ax for ax in figure.axes if ax.get_title()}


def key(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def limits(ax):
    return tuple(getattr(ax, f"get_{name}lim")() for name in ("xyz" if ax.name == "3d" else "xy"))


def shown(ax):
    """Array (path, bin, dim) of the lines on axes."""
    if ax.name == "3d":
        return np.stack([np.stack(line.get_data_3d(), axis=1) for line in ax.lines])
    return np.stack([line.get_xydata() for line in ax.lines])


def inside(figure):
    """Whether titles, legends and labels end within the picture."""
    figure.draw_without_rendering()  # as saving does
    artists = [ax.title for ax in figure.axes] + [
        ax.xaxis.label for ax in figure.axes if ax.name != "3d"
    ]
    artists += [*figure.legends, *(text for text in figure.texts if text.get_text())]
    boxes = [artist.get_window_extent() for artist in artists]
    width, height = figure.canvas.get_width_height()
    # Two pixels are blank: boxes hold the descent of letters that have none.
    return all(
        box.x0 >= -2 and box.y0 >= -2 and box.x1 <= width + 2 and box.y1 <= height + 2
        for box in boxes
    )


def held_out_means(values, session, n_classes=8):
    """Independent of the figure: trials 2 and 3 of each class are held out."""
    n_bins = reaching_results.N_BINS[session]
    trials = values.reshape(reaching_results.TRIALS_PER_CLASS, n_classes, n_bins, -1)
    return trials[2:].mean(axis=0)
