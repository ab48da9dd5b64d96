"""Published pickles are read without running anything; each attack here is shown to be real."""

import io
import os
import pickle
import shlex
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import hypothesis.extra.numpy as hnp
import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib.numpy_pickle import NumpyArrayWrapper

from cebra_kedro.sources.published_pickle import (
    DamagedPickleError,
    UnsafePickleError,
    load_restricted_joblib,
    loads_restricted,
)

PLAIN_DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="?"),
    hnp.unicode_string_dtypes(endianness="?"),
    hnp.byte_string_dtypes(),
)
ARRAYS = hnp.arrays(PLAIN_DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
LEAVES = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.none(), ARRAYS)


class Reduced:
    """Pickles as whatever its arguments say, as an attacker's file would."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def shell(command):
    return Reduced(os.system, (command,))


def write_marker(marker):
    return shell(f"echo ran > {shlex.quote(str(marker))}")


def same(one, other):
    """Same structure, types, dtypes and values (NaN equal to NaN)."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


class TestReading:
    @given(content=st.dictionaries(st.text(max_size=5), st.one_of(LEAVES, st.lists(LEAVES))))
    @settings(deadline=None, max_examples=60)
    def test_reads_what_joblib_reads(self, tmp_path_factory, content):
        path = tmp_path_factory.getbasetemp() / "any.jl"
        joblib.dump(content, path)
        assert same(load_restricted_joblib(path), joblib.load(path))

    @given(content=st.dictionaries(st.text(max_size=5), LEAVES), protocol=st.integers(3, 5))
    @settings(deadline=None, max_examples=60)
    def test_reads_plain_pickles_as_pickle_does(self, content, protocol):
        data = pickle.dumps(content, protocol)
        assert same(loads_restricted(data), pickle.loads(data))

    @pytest.mark.parametrize("compress", ["zlib", "gzip", "bz2", "lzma", "xz"])
    def test_reads_compressed_files(self, tmp_path, compress):
        content = {"x": np.arange(1000.0), "y": [np.arange(3)]}
        path = tmp_path / "x.jl"
        joblib.dump(content, path, compress=(compress, 3))
        assert same(load_restricted_joblib(path), content)

    def test_reads_headers_without_padding_as_in_the_published_files(self, tmp_path):
        array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        header = NumpyArrayWrapper(np.ndarray, array.shape, "F", array.dtype)
        del header.numpy_array_alignment_bytes
        path = tmp_path / "old.jl"
        path.write_bytes(pickle.dumps(header, 2)[:-1] + array.tobytes("F") + b".")
        np.testing.assert_array_equal(joblib.load(path), array)
        np.testing.assert_array_equal(load_restricted_joblib(path), array)

    def test_reads_numpy_numbers_under_both_module_names(self, tmp_path):
        data = pickle.dumps({"num_trials": np.int64(193)}, 3)
        assert b"numpy._core.multiarray" in data
        for stream in (data, data.replace(b"numpy._core.", b"numpy.core.")):
            value = loads_restricted(stream)["num_trials"]
            assert value == 193
            assert type(value) is np.int64

    def test_reads_object_arrays_of_plain_pickles_with_shared_elements(self):
        shared = np.arange(3.0)
        cells = np.empty((2, 2), object)
        cells[:] = [[shared, 1.5], ["text", shared]]
        result = loads_restricted(pickle.dumps(cells, 5))
        assert result.dtype == object
        assert result[0, 0] is result[1, 1]
        np.testing.assert_array_equal(result[0, 0], shared)
        assert result[0, 1] == 1.5

    def test_arrays_are_writable(self, tmp_path):
        joblib.dump({"x": np.zeros(3)}, tmp_path / "x.jl")
        load_restricted_joblib(tmp_path / "x.jl")["x"][0] = 1

    @pytest.mark.data
    def test_reads_the_object_column_of_a_published_hdf_file(self):
        path = Path(os.environ.get("CEBRA_KEDRO_DATA", "")) / "published_results" / "Figure1.h5"
        if "CEBRA_KEDRO_DATA" not in os.environ or not path.is_file():
            pytest.skip("needs published_results/Figure1.h5 in the folder CEBRA_KEDRO_DATA")
        with h5py.File(path) as file:
            cells = loads_restricted(bytes(file["data/block0_values"][0]))
        assert cells.shape == (10, 3)
        scores = [cell for cell in cells[:, 1] if isinstance(cell, list)]
        means = sorted(float(np.mean(score)) for score in scores)
        # means of CEBRA, piVAE, UMAP and tSNE as printed with the paper's file, six decimals
        np.testing.assert_allclose(means, [0.788089, 0.809193, 0.840699, 0.919929], atol=5e-7)


class TestAttacks:
    """Each attack succeeds against the ordinary reader, so that its refusal means something."""

    @pytest.mark.parametrize("framed", [False, True])
    def test_instructions_without_end_are_not_carried_out(self, tmp_path, framed):
        """Some kilobytes that unfold to minutes of work."""
        work = (pickle.EMPTY_LIST + pickle.POP) * 10**7
        frame = pickle.FRAME + struct.pack("<Q", len(work)) if framed else b""
        path = tmp_path / "bomb.jl"
        bomb = pickle.PROTO + b"\x04" + frame + work + pickle.NONE + pickle.STOP
        path.write_bytes(zlib.compress(bomb))
        assert path.stat().st_size < 10**5
        with pytest.raises(UnsafePickleError, match=r"bomb\.jl: .* more than \d+ instructions"):
            load_restricted_joblib(path)

    @pytest.mark.parametrize("compress", [0, 3])
    def test_a_shell_command_is_named_and_not_run(self, tmp_path, compress):
        marker, path = tmp_path / "marker", tmp_path / "attack.jl"
        joblib.dump({"spikes": np.zeros(3), "x": write_marker(marker)}, path, compress=compress)
        with pytest.raises(UnsafePickleError, match=rf"attack\.jl.*{os.name}\.system") as caught:
            load_restricted_joblib(path)
        assert "refused before anything ran" in str(caught.value)
        assert not marker.exists()
        joblib.load(path)
        assert marker.exists()

    def test_a_shell_command_in_a_plain_pickle_is_named_and_not_run(self, tmp_path):
        marker = tmp_path / "marker"
        data = pickle.dumps(np.array([[write_marker(marker)]], object))
        with pytest.raises(UnsafePickleError, match=rf"{os.name}\.system"):
            loads_restricted(data)
        assert not marker.exists()
        pickle.loads(data)
        assert marker.exists()

    def test_the_pickle_nested_in_an_object_array_is_not_opened(self, tmp_path):
        marker, path = tmp_path / "marker", tmp_path / "nested.jl"
        joblib.dump({"x": np.array([write_marker(marker)], object)}, path)
        with pytest.raises(UnsafePickleError, match="array of Python objects"):
            load_restricted_joblib(path)
        assert not marker.exists()
        joblib.load(path)
        assert marker.exists()

    def test_a_harmless_object_array_is_refused_as_well(self, tmp_path):
        joblib.dump({"x": np.array(["a", 1], object)}, tmp_path / "x.jl")
        with pytest.raises(UnsafePickleError, match="Store numbers or text instead"):
            load_restricted_joblib(tmp_path / "x.jl")

    def test_a_dtype_that_hides_its_objects_is_refused(self, tmp_path):
        """The state makes numpy forget that the elements are pointers: raw bytes become some."""
        state = (3, "|", None, None, None, -1, -1, 0)
        hidden = Reduced(np.dtype, ("O8", False, True), state)
        data = pickle.dumps(hidden)
        assert pickle.loads(data).kind == "O"
        assert not pickle.loads(data).hasobject
        with pytest.raises(UnsafePickleError, match=r"dtype object the state .* never writes"):
            loads_restricted(data)
        header = NumpyArrayWrapper(np.ndarray, (1,), "C", hidden)
        (tmp_path / "x.jl").write_bytes(pickle.dumps(header)[:-1] + bytes(64) + b".")
        with pytest.raises(UnsafePickleError, match="never writes"):
            load_restricted_joblib(tmp_path / "x.jl")

    @pytest.mark.parametrize("spec", ["O,i8", "(2,)i8", "M8[ns]", [("a", "O")]])
    def test_structured_and_time_dtypes_are_refused(self, spec):
        with pytest.raises(UnsafePickleError, match="only numbers, booleans and text"):
            loads_restricted(pickle.dumps(Reduced(np.dtype, (spec, False, True))))

    def test_a_view_whose_memory_a_second_state_frees_is_refused(self):
        """bytes own their memory for good, an array gives it back when its state is set again."""
        from_array = Reduced(
            np.zeros(1).__reduce_ex__(5)[0], (np.zeros(8), np.dtype("f8"), (8,), "C")
        )
        assert pickle.loads(pickle.dumps(from_array)).base is not None
        with pytest.raises(UnsafePickleError, match="array from a ndarray"):
            loads_restricted(pickle.dumps(from_array))
        called = Reduced(np.ndarray, ((8,), "f8", np.zeros(8)))
        assert pickle.loads(pickle.dumps(called)).base is not None
        with pytest.raises(DamagedPickleError, match="not callable"):
            loads_restricted(pickle.dumps(called))

    def test_fields_that_replace_methods_of_the_header_are_refused(self, tmp_path):
        header = NumpyArrayWrapper(np.ndarray, (1,), "C", np.dtype("f8"))
        header.read = np.dtype
        (tmp_path / "x.jl").write_bytes(pickle.dumps(header))
        with pytest.raises(UnsafePickleError, match="header of an array holds"):
            load_restricted_joblib(tmp_path / "x.jl")

    def test_arrays_of_another_class_are_refused(self, tmp_path):
        header = NumpyArrayWrapper(np.dtype, (1,), "C", np.dtype("f8"))
        (tmp_path / "x.jl").write_bytes(pickle.dumps(header)[:-1] + b"\x00" + bytes(8) + b".")
        with pytest.raises(UnsafePickleError, match="not that of a plain numpy array"):
            load_restricted_joblib(tmp_path / "x.jl")
        reconstruct = np.zeros(1).__reduce__()[0]
        with pytest.raises(UnsafePickleError, match="not a plain array"):
            loads_restricted(pickle.dumps(Reduced(reconstruct, (np.dtype, (0,), b"b"))))

    def test_setting_the_state_of_a_function_is_refused(self):
        frombuffer = np.zeros(1).__reduce_ex__(5)[0]
        stream = io.BytesIO()
        stream.write(b"\x80\x02c" + frombuffer.__module__.encode() + b"\n_frombuffer\n")
        stream.write(b"}(U\x07plantedI1\nub.")
        with pytest.raises(UnsafePickleError, match="state of a function"):
            loads_restricted(stream.getvalue())

    def test_extension_codes_are_refused_although_their_cache_skips_the_allow_list(self, tmp_path):
        """In its own process: registered codes live as long as the process."""
        program = """
import copyreg, os, pickle
from cebra_kedro.sources.published_pickle import UnsafePickleError, loads_restricted
copyreg.add_extension(os.name, "system", 5)
data = pickle.dumps(os.system, 2)
assert pickle.loads(data) is os.system  # fills the cache
try:
    loads_restricted(data)
except UnsafePickleError as error:
    assert "extension code 5" in str(error)
else:
    raise SystemExit("the extension code was opened")
"""
        subprocess.run([sys.executable, "-c", program], check=True)

    @pytest.mark.parametrize(
        "name", ["builtins.getattr", "builtins.eval", "numpy.load", "operator.attrgetter"]
    )
    def test_every_other_name_is_refused_by_name(self, name):
        module, _, attribute = name.rpartition(".")
        stream = b"\x80\x02c" + f"{module}\n{attribute}\n".encode() + b"."
        with pytest.raises(UnsafePickleError, match=name.replace(".", r"\.")):
            loads_restricted(stream)

    def test_a_dotted_path_from_an_admitted_name_is_refused(self):
        stream = b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93."
        assert pickle.loads(stream) == np.ndarray.__init__
        with pytest.raises(UnsafePickleError, match=r"numpy\.ndarray\.__init__"):
            loads_restricted(stream)

    def test_a_plain_pickle_may_not_name_the_joblib_header(self):
        with pytest.raises(UnsafePickleError, match="NumpyArrayWrapper"):
            loads_restricted(pickle.dumps(NumpyArrayWrapper(np.ndarray, (), "C", np.dtype("f8"))))


class TestDamage:
    @pytest.mark.parametrize("compress", [0, "zlib", "gzip", "bz2", "lzma", "xz"])
    def test_a_file_cut_anywhere_says_so(self, tmp_path, compress):
        whole, path = tmp_path / "whole.jl", tmp_path / "cut.jl"
        joblib.dump({"x": np.arange(4.0), "y": 3}, whole, compress=compress)
        data = whole.read_bytes()
        for length in range(len(data)):
            path.write_bytes(data[:length])
            with pytest.raises(DamagedPickleError, match=r"cut\.jl: .*fetch it again"):
                load_restricted_joblib(path)

    def test_a_header_with_an_impossible_size_says_so(self, tmp_path):
        header = NumpyArrayWrapper(np.ndarray, (2**60,), "C", np.dtype("f8"))
        (tmp_path / "x.jl").write_bytes(pickle.dumps(header)[:-1] + b"\x00.")
        with pytest.raises(DamagedPickleError, match=r"MemoryError|ValueError"):
            load_restricted_joblib(tmp_path / "x.jl")

    def test_another_format_says_so(self, tmp_path):
        (tmp_path / "x.jl").write_text("name,value\n")
        with pytest.raises(DamagedPickleError, match=r"x\.jl: .*of another format"):
            load_restricted_joblib(tmp_path / "x.jl")

    @pytest.mark.parametrize("magic", [b"ZF0x", b"\x04\x22\x4d\x18rest"])
    def test_formats_that_are_not_read_are_named(self, tmp_path, magic):
        (tmp_path / "x.jl").write_bytes(magic)
        with pytest.raises(DamagedPickleError, match=r"joblib before 0\.10 or .* lz4"):
            load_restricted_joblib(tmp_path / "x.jl")

    def test_a_missing_file_is_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load_restricted_joblib(tmp_path / "none.jl")
