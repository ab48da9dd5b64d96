"""Decoders and their scores: features and labels in, numbers out.

Which rows are training, validation and test is decided in ``splits``; where the features come
from (an encoder, PCA, raw counts) is the business of the caller.
"""

from cebra_kedro.decoding.hippocampus import DecodingResult, decode_hippocampus
from cebra_kedro.decoding.knn import KnnSelection, knn_regression, select_knn
from cebra_kedro.decoding.scores import accuracy_percent, median_absolute_error, r2
from cebra_kedro.decoding.tidy import METRIC_COLUMNS, METRIC_UNITS, metrics_rows

__all__ = [
    "METRIC_COLUMNS",
    "METRIC_UNITS",
    "DecodingResult",
    "KnnSelection",
    "accuracy_percent",
    "decode_hippocampus",
    "knn_regression",
    "median_absolute_error",
    "metrics_rows",
    "r2",
    "select_knn",
]
