"""Tables of pandas 1 inside pickles: rebuilt as they were, and no way to run code through them."""

import base64
import io
import pickle
import sys
import zlib

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.sources.pickled_frames import TABLE_NAMES, with_tables
from cebra_kedro.sources.published_pickle import (
    DamagedPickleError,
    UnsafePickleError,
    loads_restricted,
)

# Written by pandas 1.5.3 and numpy 1.26.4: pickle.dumps(tables below, 5), compressed with zlib.
PANDAS_1_5 = (
    "eNqVlN1OE0EUx3e3LV9KBBVFjQa9sd40ioZ4YQKImODGYoCAN7jOttPOhu22zs4KTSTBCyokc2HCkXfQp/ER9A18Az"
    "0zu4VdqBEn6Z7Tdj7O+f3/szuFLz/7DD22oSjzPApCkKMtElRJWKo0OS3VOGlQkIPPiCDPdX4A9z6Cnu406hzkrfR0"
    "LxCUB8QPSw0SkDrluN/5p36zsvEy/o7L5ZVkheN7bni8BOQFJwpaXmXDp46r1qjJY0HUaLXj3RuRLzzCOWnjrg6nlW"
    "YQCh5VhJpY0BNB9uPeesoB2MYuzJkufIIlKNqmbdm5DrBRWaiKdkt1Iq3Fx7C/F/+fk+YHKJfLL37j0A97WoC7v656"
    "XV1YbgG7rRNfJQVMOGZ3KM6RA27kYW0KXyH0vQrVp+OBptrbttSTDcuLqWYwpdyrgDzn1Hiz4Ua1msZTPBw3UmNibU"
    "bHVytx3FmdAXZdWrVM4U9OFG5gUdgwtivNORDq9Luq/XQ9HVCdjWflq9ItGpZcEqLoQ05AN50F9RvWxaZloZtr+ato"
    "CWAj7JLCzMa6kHP45aaGVpjllDyAOE5ifE/8iIIGlg+Ul8pRR5U2K6/1qoKToK7KWFIxdTRbLCNlQbhAxjIfimYLEA"
    "ImFBNT70nVAy2KQqN7ValdJzsNKoiufR1LIkKgR7dB9jk1n9R1epX4fnMzdKpRC6Ukgjo+cSkadC+MXNkXvosIp8Dy"
    "8T1g/WyIDbNS8XAirRvqpOP3RLeJ5US/NdRvErWw0IpTiTInnLKrlGGzbE5tP38asXWMGF1IlB8VVOSS8Pz3StbOrt"
    "G82Dp7wxz2lpFtYBX8UN3xQA29TTmt9uh5JGnXTGIuidqjXsqj7GFPh2YpmNn7kj4gHj+m45jXELPLzSzEzpkhmgRv"
    "iQtZhPJGL0seXdqhhUBMPUqbcv50tYZhHeH4rA+Maz0D80FOm7z6F+j3M2dcjo1ljCdxIIkjSfyVMDM0s1yKWenEuy"
    "ZVcC5VeK5b+JEup2DGSiQ4txBnO8b536rkj1VBymYI7Bv7esLcK/E7gK3aBluzLfY6fed784xKfwAunmCt"
)
SQUARE = pd.DataFrame([[90.0, 76.5], [83.25, 94.0]], ["VISal", "VISp"], ["VISal", "VISp"])
MIXED = pd.DataFrame({"Area1": ["VISp", "VISl"], "value": [92.5, 81.25]})


def read(data: bytes):
    return with_tables(loads_restricted(data, TABLE_NAMES))


def assert_same(table, expected):
    # Text is stored as objects there, and as pandas 3's own type here.
    pd.testing.assert_frame_equal(
        table, expected, check_dtype=False, check_column_type=False, check_index_type=False
    )


def test_tables_that_pandas_1_5_pickled_come_back():
    tables = read(zlib.decompress(base64.b64decode(PANDAS_1_5)))
    runs = {
        "Area1": ["VISp", "VISp", "VISl"],
        "Area2": ["VISp", "VISrl", "VISl"],
        "value": [92.5, 81.25, 90.0],
    }
    assert_same(tables["runs"], pd.DataFrame(runs))
    assert_same(tables["square"], SQUARE)
    assert_same(tables["filtered"], pd.DataFrame({"a": [1, 3], "b": [0.5, 2.5]}, index=[0, 2]))
    reordered = pd.DataFrame({"c": [5.0, 6.0], "s": ["x", "y"], "b": [3.0, 4.0], "a": [1.0, 2.0]})
    assert_same(tables["reordered"], reordered)


class Named:
    """Pickles as a class or function of a module that need not exist."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as the call of something, with a state or without."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state


class Pickler(pickle._Pickler):
    """Writes Named as a global and Call as its call, so that no old pandas is needed."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Named):
            super().save(obj.module)
            super().save(obj.name)
            self.write(pickle.STACK_GLOBAL)
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def dumps(obj) -> bytes:
    stream = io.BytesIO()
    Pickler(stream, 4).dump(obj)
    return stream.getvalue()


FRAME = Named("pandas.core.frame", "DataFrame")
MANAGER = Named("pandas.core.internals.managers", "BlockManager")
INDEX = Named("pandas.core.indexes.base", "Index")
NEW_INDEX = Named("pandas.core.indexes.base", "_new_Index")
RANGE = Named("pandas.core.indexes.range", "RangeIndex")
NEW_BLOCK = Named("pandas.core.internals.blocks", "new_block")
UNPICKLE_BLOCK = Named("pandas._libs.internals", "_unpickle_block")
PARTIAL = Named("functools", "partial")
SLICE = Named("builtins", "slice")


def names(*values):
    return Call(NEW_INDEX, INDEX, {"data": np.array(values, object), "name": None})


def numbered(n):
    return Call(NEW_INDEX, RANGE, {"name": None, "start": 0, "stop": n, "step": 1})


def frame(blocks, columns, rows):
    manager = Call(MANAGER, blocks, [columns, rows])
    return Call(FRAME, state={"_mgr": manager, "_typ": "dataframe", "_metadata": [], "attrs": {}})


def block(values, start, stop, function=UNPICKLE_BLOCK):
    return Call(function, values, Call(SLICE, start, stop, 1), 2)


def test_tables_as_pandas_1_3_pickles_them_come_back():
    """There, a block is made by functools.partial(new_block, ndim=2)."""

    def made(values, start, stop):
        maker = Call(PARTIAL, NEW_BLOCK, state=(NEW_BLOCK, (), {"ndim": 2}, None))
        return Call(maker, values, Call(SLICE, start, stop, 1))

    text = np.array([["VISp", "VISl"]], object)
    blocks = (made(text, 0, 1), made(np.array([[92.5, 81.25]]), 1, 2))
    assert_same(read(dumps(frame(blocks, names("Area1", "value"), numbered(2)))), MIXED)


def test_tables_as_pandas_1_2_pickles_them_come_back():
    """There, the manager is filled by a state of four parts."""
    values, axes = np.array([[90.0, 83.25], [76.5, 94.0]]), [names("VISal", "VISp")] * 2
    parts = {"axes": axes, "blocks": [{"values": values, "mgr_locs": Call(SLICE, 0, 2, 1)}]}
    manager = Call(MANAGER, state=(axes, [values], [axes[0]], {"0.14.1": parts}))
    assert_same(read(dumps(Call(FRAME, state={"_mgr": manager}))), SQUARE)


def test_tables_are_found_in_dicts_lists_and_arrays_of_objects():
    whole = frame((block(np.array([[1.0, 2.0]]), 0, 1),), names("a"), numbered(2))
    cells = np.empty(1, object)
    cells[0] = whole
    found = read(dumps({"x": [whole], "y": cells, "z": (whole, 1)}))
    for table in (found["x"][0], found["y"][0], found["z"][0]):
        assert_same(table, pd.DataFrame({"a": [1.0, 2.0]}))


class TestAttacks:
    def test_the_ordinary_reader_would_run_a_partial_of_a_shell_command(self, tmp_path):
        marker = tmp_path / "marker"
        attack = Call(Call(PARTIAL, Named("os", "system")), f"echo ran > {marker}")
        pickle.loads(dumps(attack))
        assert marker.exists()
        marker.unlink()
        with pytest.raises(UnsafePickleError, match=r"os\.system"):
            read(dumps(attack))
        assert not marker.exists()

    @pytest.mark.parametrize(
        "target", [Named("os", "system"), Named("builtins", "eval"), Named("pandas", "read_pickle")]
    )
    def test_names_beyond_the_list_are_refused_by_name(self, target):
        with pytest.raises(UnsafePickleError, match=f"{target.module}.{target.name}"):
            read(dumps(Call(target, "1")))

    @pytest.mark.parametrize(
        "attack",
        [
            Call(PARTIAL, SLICE),
            Call(PARTIAL, FRAME),
            Call(PARTIAL, NEW_BLOCK, state=(SLICE, (), {"ndim": 2}, None)),
            Call(PARTIAL, NEW_BLOCK, state=(NEW_BLOCK, (), {"ndim": 2}, {"func": SLICE})),
            Call(PARTIAL, NEW_BLOCK, state={"function": SLICE}),
            Call(UNPICKLE_BLOCK, [[1.0]], Call(SLICE, 0, 1, 1), 2),
            Call(UNPICKLE_BLOCK, np.zeros((1, 1)), Call(SLICE, 0, 10**12, 1), 2),
            Call(UNPICKLE_BLOCK, np.zeros((1, 1)), "0", 2),
            Call(FRAME, state={"_mgr": {"blocks": []}}),
            Call(FRAME, state=[1]),
            Call(MANAGER, (np.zeros((1, 1)),), [names("a"), numbered(1)]),
            Call(MANAGER, (), "axes"),
            Call(MANAGER, state={"blocks": ()}),
            Call(NEW_INDEX, FRAME, {"data": np.zeros(1)}),
            Call(NEW_INDEX, INDEX, {"data": [1]}),
            Call(NEW_INDEX, RANGE, {"start": 0, "stop": 2.5, "step": 1}),
            Call(SLICE, 0, 1, 0),
            Call(SLICE, "0", 1, 1),
        ],
    )
    def test_parts_in_other_shapes_are_refused(self, attack):
        with pytest.raises(UnsafePickleError):
            read(dumps(attack))

    def test_a_block_takes_no_state(self):
        values = np.zeros((1, 1))
        attack = Call(UNPICKLE_BLOCK, values, Call(SLICE, 0, 1, 1), 2, state={"values": "other"})
        with pytest.raises(UnsafePickleError, match="state"):
            read(dumps(attack))

    @pytest.mark.parametrize(
        ("blocks", "columns", "rows"),
        [
            ((block(np.zeros((1, 2)), 0, 1),), names("a", "b"), numbered(2)),
            ((block(np.zeros((2, 2)), 0, 2),), names("a"), numbered(2)),
            ((block(np.zeros((1, 2)), 0, 1),), names("a"), numbered(10**15)),
            ((), names(), numbered(10**15)),
            ((block(np.zeros((1, 2)), 3, 4),), names("a"), numbered(2)),
        ],
    )
    def test_tables_whose_parts_do_not_fit_are_refused_without_filling_the_memory(
        self, blocks, columns, rows
    ):
        with pytest.raises(UnsafePickleError):
            read(dumps(frame(blocks, columns, rows)))

    def test_an_unfinished_table_is_no_table(self):
        with pytest.raises(UnsafePickleError):
            read(dumps(Call(FRAME)))

    def test_nothing_the_pickle_names_is_imported(self, monkeypatch):
        module = "pandas.core.indexes.numeric"
        monkeypatch.delitem(sys.modules, module, raising=False)
        index = Call(NEW_INDEX, Named(module, "Int64Index"), {"data": np.array([4, 7])})
        table = read(dumps(frame((block(np.array([[1.0, 2.0]]), 0, 1),), names("a"), index)))
        assert list(table.index) == [4, 7]
        assert module not in sys.modules


def test_a_cut_pickle_is_damaged():
    data = dumps(frame((block(np.zeros((1, 2)), 0, 1),), names("a"), numbered(2)))
    with pytest.raises(DamagedPickleError):
        read(data[:-20])
