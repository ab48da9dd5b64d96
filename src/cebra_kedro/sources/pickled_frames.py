"""Tables inside pickles of pandas 1, rebuilt without importing anything that the pickle names.

Those pickles name modules that pandas 2 removed. Each name is answered by a small part of this
file that keeps arrays; :func:`with_tables` turns the parts into tables of today's pandas. Which
other names a pickle may use is left to ``published_pickle``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.sources.published_pickle import PicklePart, UnsafePickleError


def with_tables(value: Any) -> Any:
    """The same dicts, lists and arrays of objects, with a DataFrame for each table in them."""
    if isinstance(value, _Frame):
        return value.table()
    if isinstance(value, dict):
        return {key: with_tables(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(with_tables(item) for item in value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        tables = np.empty(value.shape, object)
        for place, item in np.ndenumerate(value):
            tables[place] = with_tables(item)
        return tables
    return value


class _Frame(PicklePart):
    """Stands for pandas' DataFrame: an empty one, filled by the state that follows."""

    _manager: _Manager | None = None

    def __new__(cls) -> _Frame:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        manager = state.get("_mgr") if isinstance(state, dict) else None
        _require(isinstance(manager, _Manager), "a table without its columns")
        self._manager = manager

    def table(self) -> pd.DataFrame:
        """The table as today's pandas has it."""
        _require(self._manager is not None, "a table without its columns")
        assert self._manager is not None
        columns, rows = self._manager.axes
        values: dict[int, np.ndarray] = {}
        for block in self._manager.blocks:
            values |= dict(zip(block.places, block.values, strict=True))
        # Compared before any range is written out, which may claim to be of any length.
        _require(len(values) == len(columns) > 0, "a table with gaps between columns")
        _require(set(values) == set(range(len(columns))), "a table with gaps between columns")
        _require(all(len(v) == len(rows) for v in values.values()), "columns of unequal length")
        table = pd.DataFrame({place: values[place] for place in sorted(values)}, index=list(rows))
        return table.set_axis(list(columns), axis=1)


class _Manager(PicklePart):
    """Stands for BlockManager, which holds the columns; pandas 1.3 fills it by arguments."""

    def __new__(cls, *arguments: Any) -> _Manager:
        manager = super().__new__(cls)
        if arguments:
            _require(len(arguments) == 2, "a table of unknown layout")
            manager._fill(*arguments)
        return manager

    def __init__(self, *arguments: Any) -> None:
        """All is done by ``__new__``, which pickles may call without this."""

    def __setstate__(self, state: Any) -> None:
        """Pandas 1.0 to 1.2 fill it by a state whose fourth item says everything."""
        known = isinstance(state, tuple) and len(state) == 4 and isinstance(state[3], dict)
        parts: Any = state[3].get("0.14.1") if known else None
        _require(isinstance(parts, dict) and {"axes", "blocks"} <= parts.keys(), "an old table")
        blocks = parts["blocks"]
        _require(
            isinstance(blocks, list)
            and all(isinstance(b, dict) and {"values", "mgr_locs"} <= b.keys() for b in blocks),
            "a table of unknown layout",
        )
        self._fill(tuple(_Block(b["values"], b["mgr_locs"]) for b in blocks), parts["axes"])

    def _fill(self, blocks: Any, axes: Any) -> None:
        _require(
            isinstance(blocks, tuple) and all(isinstance(b, _Block) for b in blocks),
            "a table whose columns are not arrays",
        )
        _require(
            isinstance(axes, list)
            and len(axes) == 2
            and all(isinstance(names, tuple | range) for names in axes),
            "a table without names of columns and rows",
        )
        self.blocks: tuple[_Block, ...] = blocks
        self.axes: list[tuple | range] = axes


class _Block(PicklePart):
    """Some columns of one type: ``values`` (column, row) and the places of these columns."""

    def __init__(self, values: Any, placement: Any, ndim: Any = 2) -> None:
        _require(isinstance(values, np.ndarray) and values.ndim == 2, "columns that are no array")
        _require(ndim == 2, "a table that is not two-dimensional")
        if isinstance(placement, range):
            _require(len(placement) == len(values), "more names of columns than columns")
        else:
            whole = isinstance(placement, np.ndarray) and placement.dtype.kind in "iu"
            _require(whole and placement.shape == (len(values),), "columns without a place")
        self.values = values
        self.places = [int(place) for place in placement]


class _BlockMaker(PicklePart):
    """Stands for functools.partial, which pandas 1.3 wraps around the making of a block."""

    def __new__(cls, function: Any) -> _BlockMaker:
        _require(function is _Block, "a call of something else than a block of columns")
        return super().__new__(cls)

    def __init__(self, function: Any) -> None:
        """All is done by ``__new__``."""

    def __setstate__(self, state: Any) -> None:
        known = isinstance(state, tuple) and len(state) == 4 and state[0] is _Block
        _require(known and state[1:] == ((), {"ndim": 2}, None), "a block of unknown layout")

    def __call__(self, values: Any, placement: Any) -> _Block:
        return _Block(values, placement)


_INDEX, _RANGE_INDEX = object(), object()


def _index(kind: Any, state: Any) -> tuple | range:
    """Stands for _new_Index: the names of columns or rows."""
    _require(isinstance(state, dict), "an index of unknown layout")
    if kind is _RANGE_INDEX:
        bounds = [state.get(key) for key in ("start", "stop", "step")]
        _require(all(type(bound) is int for bound in bounds) and bounds[2] != 0, "a wrong range")
        return range(*bounds)
    data = state.get("data")
    _require(
        kind is _INDEX and isinstance(data, np.ndarray) and data.ndim == 1,
        "an index that is no array",
    )
    return tuple(data.tolist())


def _slice(start: Any, stop: Any, step: Any) -> range:
    """Stands for slice: the places of columns that lie side by side."""
    step = 1 if step is None else step
    stop = -1 if stop is None and step == -1 else stop  # down to the first column
    _require(
        all(type(bound) is int for bound in (start, stop, step)) and step != 0, "a wrong slice"
    )
    return range(start, stop, step)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise UnsafePickleError(
            f"the pickle holds {what}; expected a table as pandas 1.0 to 1.5 pickle it"
        )


TABLE_NAMES = MappingProxyType(
    {
        ("pandas.core.frame", "DataFrame"): _Frame,
        ("pandas.core.internals.managers", "BlockManager"): _Manager,
        ("pandas._libs.internals", "_unpickle_block"): _Block,  # pandas 1.4 and later
        ("pandas.core.internals.blocks", "new_block"): _Block,  # pandas 1.3
        ("functools", "partial"): _BlockMaker,  # pandas 1.3, around new_block only
        ("builtins", "slice"): _slice,
        ("pandas.core.indexes.base", "_new_Index"): _index,
        ("pandas.core.indexes.base", "Index"): _INDEX,
        ("pandas.core.indexes.range", "RangeIndex"): _RANGE_INDEX,
        ("pandas.core.indexes.numeric", "Int64Index"): _INDEX,
        ("pandas.core.indexes.numeric", "Float64Index"): _INDEX,
    }
)
"""What a pickle with tables may name beyond plain arrays, and what stands for it."""
