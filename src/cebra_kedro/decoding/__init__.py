"""Decoders and their scores: features and labels in, numbers out.

Which rows are training, validation and test is decided in ``splits``; where the features come
from (an encoder, PCA, raw counts) is the business of the caller.
"""

from cebra_kedro.decoding.frames import FrameDecoding, decode_frames, frame_confusion
from cebra_kedro.decoding.hippocampus import DecodingResult, decode_hippocampus
from cebra_kedro.decoding.knn import (
    KnnSelection,
    knn_classification,
    knn_regression,
    select_knn,
)
from cebra_kedro.decoding.latents import LabelDecoding, decode_label, reconstruction_scores
from cebra_kedro.decoding.movie import MovieActivity, movie_activity, movie_map
from cebra_kedro.decoding.naive_bayes import bayes_classification
from cebra_kedro.decoding.presentations import FramePresentations, average_over_frames
from cebra_kedro.decoding.reaching import ReachingDecoding, ReachingSamples, decode_reaching
from cebra_kedro.decoding.scores import accuracy_percent, median_absolute_error, r2
from cebra_kedro.decoding.tidy import METRIC_COLUMNS, METRIC_UNITS, metrics_rows

__all__ = [
    "METRIC_COLUMNS",
    "METRIC_UNITS",
    "DecodingResult",
    "FrameDecoding",
    "FramePresentations",
    "KnnSelection",
    "LabelDecoding",
    "MovieActivity",
    "ReachingDecoding",
    "ReachingSamples",
    "accuracy_percent",
    "average_over_frames",
    "bayes_classification",
    "decode_frames",
    "decode_hippocampus",
    "decode_label",
    "decode_reaching",
    "frame_confusion",
    "knn_classification",
    "knn_regression",
    "median_absolute_error",
    "metrics_rows",
    "movie_activity",
    "movie_map",
    "r2",
    "reconstruction_scores",
    "select_knn",
]
