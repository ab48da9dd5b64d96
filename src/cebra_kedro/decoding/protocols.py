"""Protocols of decoding by name, and what each takes; a protocol is one function.

A protocol says how samples become scores: which rows choose, what is scored, what chance is. It is
imported when it is asked for, so that a description can be checked without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cebra_kedro.decoding.samples import Decoded, Samples
    from cebra_kedro.decoding.settings import DecoderSettings


class DecodingProtocol(Protocol):
    """Decodes labels of the test rows of one recording by decoders fitted to one."""

    def __call__(
        self,
        fit: Samples,
        test: Samples | None = None,
        *,
        labels: tuple[str, ...],
        decoders: tuple[str, ...] = (),
        scores: tuple[str, ...] | None = None,
        settings: DecoderSettings = ...,
        shuffle_seed: int | None = None,
    ) -> list[Decoded]:
        """Decode the labels.

        Args:
            fit: training and validation rows.
            test: whose test rows are scored, e.g. another recording embedded by the same encoder;
                None for those of ``fit``. Its other rows are not looked at.
            labels: names of the labels to decode.
            decoders: by name; empty for those that the protocol has by default.
            scores: by name; None for those that the protocol has by default. A published protocol
                has its own and takes None only.
            settings: candidates of the decoders.
            shuffle_seed: the control: permute all labels together over the training rows, and over
                the validation rows, before anything is fitted; None for not. Needed where an
                encoder's labels were shuffled, since such an embedding still shows the activity,
                from which a decoder with true labels reads them.

        Returns:
            One result for each decoder, in their order.

        Raises:
            ValueError: a label, decoder, score or setting does not fit the protocol.
            KeyError: the recording has no label of this name.
        """


@dataclass(frozen=True)
class ProtocolEntry:
    """What is known of a protocol without importing it.

    Attributes:
        function: its path, ``module:function``.
        decoders: those it takes.
        default_decoders: those it uses if none are named.
        labels: what its labels must be, in this order; empty for any number of labels of any kind.
        takes_scores: whether it can be asked for scores by name.
    """

    function: str
    decoders: tuple[str, ...]
    default_decoders: tuple[str, ...]
    labels: tuple[str, ...] = ()
    takes_scores: bool = False


PROTOCOLS: Mapping[str, ProtocolEntry] = MappingProxyType(
    {
        "labels": ProtocolEntry(
            "cebra_kedro.decoding.labels:decode_labels",
            decoders=("knn", "ridge", "logistic", "bayes"),
            default_decoders=("knn",),
            takes_scores=True,
        ),
        "rat_on_track": ProtocolEntry(
            "cebra_kedro.decoding.rat_on_track:decode_rat_on_track",
            decoders=("knn",),
            default_decoders=("knn",),
            labels=("position on the track", "running direction"),
        ),
        "reaching": ProtocolEntry(
            "cebra_kedro.decoding.reaching:decode_reaching",
            decoders=("knn", "ridge"),
            default_decoders=("knn", "ridge"),
            labels=("hand position", "target"),
        ),
        "frames": ProtocolEntry(
            "cebra_kedro.decoding.frames:decode_frames",
            decoders=("knn", "bayes"),
            default_decoders=("knn", "bayes"),
            labels=("frame of the movie",),
        ),
        "latent": ProtocolEntry(
            "cebra_kedro.decoding.latent:decode_latent",
            decoders=("linear",),
            default_decoders=("linear",),
            labels=("true latent",),
        ),
    }
)
"""Protocol → what it takes. A new one is a function of its own and an entry here."""


def protocol(name: str) -> DecodingProtocol:
    """The protocol of a name.

    Raises:
        ValueError: there is none of this name; the message lists those there are.
    """
    module, function = _entry(name).function.split(":")
    return getattr(import_module(module), function)


def check_request(
    name: str,
    *,
    labels: Sequence[str],
    decoders: Sequence[str] = (),
    scores: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Refuse what a protocol does not take, as far as names tell.

    Args:
        name: of the protocol.
        labels: names of labels.
        decoders: names of decoders; empty for the protocol's own.
        scores: names of scores, or None for the protocol's own.

    Returns:
        The decoders that will be used.

    Raises:
        ValueError: what the protocol does not take, with what it takes.
    """
    entry = _entry(name)
    for what, names in (("labels", labels), ("decoders", decoders), ("scores", scores or ())):
        if len(set(names)) < len(names):
            raise ValueError(f"{what} must differ, got {', '.join(names)}")
    if not labels or (entry.labels and len(labels) != len(entry.labels)):
        wanted = f"({', '.join(entry.labels)})" if entry.labels else "one or more"
        raise ValueError(
            f"labels of the protocol {name} must be {wanted}, got {', '.join(labels) or 'none'}"
        )
    unknown = [decoder for decoder in decoders if decoder not in entry.decoders]
    if unknown:
        raise ValueError(
            f"decoders of the protocol {name} are {', '.join(entry.decoders)}, "
            f"got {', '.join(unknown)}"
        )
    if scores is not None and not entry.takes_scores:
        raise ValueError(
            f"the protocol {name} has scores of its own, got {', '.join(scores)}; remove scores, "
            "or use the protocol labels"
        )
    return tuple(decoders) or entry.default_decoders


def _entry(name: str) -> ProtocolEntry:
    if name not in PROTOCOLS:
        raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {name!r}")
    return PROTOCOLS[name]
