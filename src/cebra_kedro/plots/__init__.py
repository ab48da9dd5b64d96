"""Figures of results: embeddings, decoded labels, scores, training curves, consistency.

Every ``plot_*`` draws on an optional ``ax`` and returns a :class:`~cebra_kedro.plots.canvas.Drawn`
(the axes and the numbers on them); every ``figure_*`` returns a whole matplotlib ``Figure``.
They take results as arrays and tables; training, decoding and reading files are left to others.
"""

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.consistency import plot_consistency
from cebra_kedro.plots.decoding import plot_decoded_position
from cebra_kedro.plots.embedding import figure_embedding_grid, plot_embedding
from cebra_kedro.plots.grids import figure_consistency, figure_decoded_positions, figure_message
from cebra_kedro.plots.loss import plot_loss_curves
from cebra_kedro.plots.scores import figure_error_by_variant_and_subject, plot_error_by_variant
from cebra_kedro.plots.style import metric_label, variant_colour, variant_label

__all__ = [
    "Drawn",
    "figure_consistency",
    "figure_decoded_positions",
    "figure_embedding_grid",
    "figure_error_by_variant_and_subject",
    "figure_message",
    "metric_label",
    "plot_consistency",
    "plot_decoded_position",
    "plot_embedding",
    "plot_error_by_variant",
    "plot_loss_curves",
    "variant_colour",
    "variant_label",
]
