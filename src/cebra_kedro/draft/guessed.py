"""A guess: options of a source, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cebra_kedro.draft.facts import Fact
from cebra_kedro.draft.roles import unit_of_angles


@dataclass
class Guess:
    """Options of a source.

    Attributes:
        source: its name.
        options: its options.
        reasons: option, or ``labels.<label>``, → why; those are marked in the file.
        left_out: array that is used for nothing → what it looks like.
    """

    source: str
    options: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, dict[str, Any]]:
        """Label → its block."""
        return self.options.get("labels", {})

    @property
    def trial_label(self) -> str:
        """The label whose changes are the borders of trials; empty if none is."""
        return self.options.get("trials", {}).get("label", "")

    def say(self, option: str, value: Any, why: str) -> None:
        """One more option."""
        self.options[option], self.reasons[option] = value, why

    def say_angles(self, found: Mapping[str, Fact], key: str) -> None:
        """Angles are circular; their unit follows from how far they reach.

        Args:
            found: the arrays.
            key: of the block of a label, which names its array.
        """
        for name, block in self.labels.items():
            fact = found.get(block[key]) if isinstance(block[key], str) else None
            unit = "" if fact is None else unit_of_angles(name, fact)
            if unit:
                block |= {"kind": "circular", "unit": unit}
                self.reasons[f"labels.{name}"] = "an angle by its name and how far it reaches"
