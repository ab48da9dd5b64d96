"""The block ``sweep`` of an experiment's description."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from cebra_kedro.parameter_block import Settings
from cebra_kedro.sweep import cells_of, drawn_cells


class Between(Settings):
    """Numbers to draw from.

    Attributes:
        low: the smallest.
        high: the largest; if both are whole numbers, so are those that are drawn.
        log: whether orders of magnitude are equally likely, not numbers.
    """

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"with log, low must be above 0, got {self.low}")
        return self


class RandomDraw(Settings):
    """Combinations drawn at random: of many parameters, better than a grid of as many cells.

    Attributes:
        draws: how many.
        seed: of the draws.
        over: parameter with its block → values to draw from: a list, or ``{low, high, log}``.
    """

    draws: PositiveInt
    seed: NonNegativeInt = 0
    over: dict[str, Between | tuple[Any, ...]] = Field(min_length=1)


class SweepBlock(Settings):
    """Several values of parameters: every combination is trained and decoded.

    One of ``grid``, ``points`` and ``random``. They name parameters with their block, e.g.
    ``training.steps`` or ``encoders.position.loss.temperature``; ``n_neurons`` takes the first so
    many neurons of a recording (null takes all).

    Attributes:
        grid: parameter → values to try, all with all.
        points: combinations, each parameter → value; all name the same parameters.
        random: combinations drawn at random.
        sessions: those it runs on; None for all.
        encoders: those it runs.
        baselines: decoded beside them.
    """

    grid: dict[str, tuple[Any, ...]] | None = None
    points: tuple[dict[str, Any], ...] = ()
    random: RandomDraw | None = None
    sessions: tuple[str, ...] | None = Field(None, min_length=1)
    encoders: tuple[str, ...] = Field(min_length=1)
    baselines: tuple[str, ...] = ()

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The combinations: parameter → value."""
        if self.random is not None:
            over = {
                name: tuple(one.model_dump().values()) if isinstance(one, Between) else [*one]
                for name, one in self.random.over.items()
            }
            return drawn_cells(over, self.random.draws, self.random.seed)
        return [dict(point) for point in self.points] or cells_of(self.grid or {})

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = {"grid": self.grid, "points": self.points, "random": self.random}
        said = [name for name, value in kinds.items() if value]
        if len(said) != 1:
            raise ValueError(f"say one of {', '.join(kinds)}, got {' and '.join(said) or 'none'}")
        if len({frozenset(point) for point in self.points}) > 1 or {} in self.points:
            raise ValueError("all points must name the same parameters")
        over = self.random.over if self.random else {}
        if empty := [
            name for name, values in {**(self.grid or {}), **over}.items() if values == ()
        ]:
            raise ValueError(f"{said[0]} has no values for {empty[0]}; list some or remove it")
        return self

    @model_validator(mode="after")
    def _names_blocks(self) -> Self:
        over = self.random.over if self.random else {}
        blocks = ("training", "encoders", "decoders", "n_neurons")
        for name in (*(self.grid or ()), *(self.points[0] if self.points else ()), *over):
            if name.split(".")[0] not in blocks:
                raise ValueError(f"{name} is swept, but a sweep can change {', '.join(blocks)}")
        counts = [cell["n_neurons"] for cell in self.cells if cell.get("n_neurons") is not None]
        if wrong := [count for count in counts if type(count) is not int or count < 1]:
            raise ValueError(f"n_neurons must be whole numbers of at least 1, got {wrong[0]!r}")
        return self


class SearchBlock(Settings):
    """Settings chosen by what decoders of the validation trials say; test trials are kept out.

    Attributes:
        encoder: whose settings are searched; it is fitted to the training trials only.
        over: parameter with its block, e.g. ``encoders.position.loss.temperature`` → values to
            choose from: a list, or ``{low, high, log}``.
        trials: combinations that are tried.
        at_once: combinations that are chosen before any of them is known, so as to be trained side
            by side; the choice does not depend on how many workers there are.
        prune: whether a combination that is worse than most after some folds is given up.
        score: what is made best; None for ``headline``.
        decoder: whose score; None for the first that gives this score.
        sessions: those over which scores are averaged; None for all.
        seed: of the search.
    """

    encoder: str
    over: dict[str, Between | tuple[Any, ...]] = Field(min_length=1)
    trials: PositiveInt = 30
    at_once: PositiveInt = 4
    prune: bool = True
    score: str | None = None
    decoder: str | None = None
    sessions: tuple[str, ...] | None = Field(None, min_length=1)
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _names_blocks(self) -> Self:
        for name, values in self.over.items():
            if name.split(".")[0] not in ("training", "encoders"):
                raise ValueError(f"over names {name}, but a search can change training, encoders")
            if values == ():
                raise ValueError(f"over has no values for {name}; list some or remove it")
        return self

    @property
    def corners(self) -> list[dict[str, Any]]:
        """Each value of the ends of ranges, and each listed one, by itself."""
        ends = {
            name: (one.low, one.high) if isinstance(one, Between) else one
            for name, one in self.over.items()
        }
        return [{name: value} for name, values in ends.items() for value in values]
