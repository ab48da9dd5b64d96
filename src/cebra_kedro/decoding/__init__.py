"""Decoders and their scores: features and labels in, numbers out.

Which rows are training, validation and test is decided in ``splits``; where the features come
from (an encoder, PCA, raw counts) is the business of the caller. A protocol, by name, says how
samples become scores; what it takes is in ``protocols``, without importing it.
"""

from cebra_kedro.decoding.protocols import (
    PROTOCOLS,
    DecodingProtocol,
    ProtocolEntry,
    check_request,
    protocol,
)
from cebra_kedro.decoding.samples import Decoded, Samples
from cebra_kedro.decoding.settings import DecoderSettings

__all__ = [
    "PROTOCOLS",
    "Decoded",
    "DecoderSettings",
    "DecodingProtocol",
    "ProtocolEntry",
    "Samples",
    "check_request",
    "protocol",
]
