"""Figures of results: embeddings, decoded labels, scores, training curves, consistency.

Every ``plot_*`` draws on an optional ``ax`` and returns a :class:`~cebra_kedro.plots.canvas.Drawn`
(the axes and the numbers on them); every ``figure_*`` returns a whole matplotlib ``Figure``.
They take results as arrays and tables; training, decoding and reading files are left to others.
"""

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.consistency import plot_consistency
from cebra_kedro.plots.decoded_frames import (
    figure_decoded_frames,
    figure_frame_confusions,
    plot_decoded_frames,
    plot_frame_confusion,
)
from cebra_kedro.plots.decoding import plot_decoded_position
from cebra_kedro.plots.embedding import figure_embedding_grid, plot_embedding
from cebra_kedro.plots.frame_embedding import figure_frame_embeddings, plot_frame_embedding
from cebra_kedro.plots.frame_score_figures import (
    figure_frame_scores,
    figure_frame_scores_by_area,
    figure_frame_scores_by_neurons,
    plot_area_consistency,
)
from cebra_kedro.plots.frame_scores import plot_frame_scores, plot_frame_scores_by_area
from cebra_kedro.plots.frame_sweep import plot_frame_scores_by_neurons
from cebra_kedro.plots.grids import figure_consistency, figure_decoded_positions, figure_message
from cebra_kedro.plots.loss import figure_loss_by_subject, plot_loss_curves
from cebra_kedro.plots.movie import figure_movie_activity, plot_movie_activity, plot_movie_map
from cebra_kedro.plots.reaching import plot_embedding_by_position, plot_embedding_by_target
from cebra_kedro.plots.reaching_grids import (
    figure_direction_trajectories,
    figure_embeddings_by_position,
    figure_embeddings_by_target,
    figure_single_trials,
)
from cebra_kedro.plots.reaching_sessions import figure_trajectories_by_session
from cebra_kedro.plots.score_grid import figure_scores
from cebra_kedro.plots.scores import figure_error_by_variant_and_subject, plot_error_by_variant
from cebra_kedro.plots.style import metric_label, variant_colour, variant_label
from cebra_kedro.plots.trajectories import HAND_AXES, plot_trajectories

__all__ = [
    "HAND_AXES",
    "Drawn",
    "figure_consistency",
    "figure_decoded_frames",
    "figure_decoded_positions",
    "figure_direction_trajectories",
    "figure_embedding_grid",
    "figure_embeddings_by_position",
    "figure_embeddings_by_target",
    "figure_error_by_variant_and_subject",
    "figure_frame_confusions",
    "figure_frame_embeddings",
    "figure_frame_scores",
    "figure_frame_scores_by_area",
    "figure_frame_scores_by_neurons",
    "figure_loss_by_subject",
    "figure_message",
    "figure_movie_activity",
    "figure_scores",
    "figure_single_trials",
    "figure_trajectories_by_session",
    "metric_label",
    "plot_area_consistency",
    "plot_consistency",
    "plot_decoded_frames",
    "plot_decoded_position",
    "plot_embedding",
    "plot_embedding_by_position",
    "plot_embedding_by_target",
    "plot_error_by_variant",
    "plot_frame_confusion",
    "plot_frame_embedding",
    "plot_frame_scores",
    "plot_frame_scores_by_area",
    "plot_frame_scores_by_neurons",
    "plot_loss_curves",
    "plot_movie_activity",
    "plot_movie_map",
    "plot_trajectories",
    "variant_colour",
    "variant_label",
]
