"""What every block of parameters is: typed, immutable, and without unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every parameter block: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
