"""A trained encoder as the start of another: a new first layer for new neurons, the rest as it is.

What is trained then, on which pairs, is left to ``loop``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from cebra_kedro.training.model import EncoderModel

_FIRST_LAYER = 2
"""Its weight and its bias come first in the state dict of every network of cebra."""


@dataclass(frozen=True, eq=False)
class Start:
    """The encoder that a training starts from.

    Attributes:
        read: gives it, e.g. from its file.
        fingerprint: of it.
        network: number of its network whose layers after the first the new one takes over.
    """

    read: Callable[[], EncoderModel]
    fingerprint: str
    network: int = 0

    def begin(self, networks: torch.nn.ModuleList) -> None:
        """Put the weights into freshly initialised networks, and freeze what is not to be trained.

        The last network is the new one: its first layer stays as it is and is trained, the others
        are taken over and frozen, as by ``_adapt_model`` in cebra's
        ``integrations/sklearn/cebra.py``. The networks before it are the encoder's own, if its
        sessions are trained along, and frozen as a whole; cebra has no such way.

        Raises:
            ValueError: the networks do not have the layers of the encoder.
        """
        model = self.read()
        for number, network in enumerate(networks[:-1]):
            network.load_state_dict(model.network(number).state_dict())
            network.requires_grad_(False)
        _take_over(networks[-1], model.network(self.network))


def _take_over(new: torch.nn.Module, old: torch.nn.Module) -> None:
    """All layers but the first, of as many inputs and outputs."""
    own = list(new.state_dict().items())[:_FIRST_LAYER]
    try:
        new.load_state_dict(old.state_dict() | dict(own))
    except RuntimeError as error:
        raise ValueError(
            "an encoder can be adapted if its first layer alone depends on the number of neurons, "
            f"and the network of the new session is like it otherwise: {error}"
        ) from error
    for name, parameter in new.named_parameters():
        parameter.requires_grad_(name in dict(own))
