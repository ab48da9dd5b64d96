"""Open the pickles of publishers without running anything they name.

What the arrays mean is left to the readers beside this file, fetching and checksums to ``io``.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import pickle
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, ClassVar, Literal, cast

import numpy as np

_MOST_INSTRUCTIONS = 2**23
"""Beyond as many as the file has bytes: what is unfolded is read by a machine in Python, within
seconds. Beside its arrays, a published file has thousands."""
_BLOCK_BYTES = 2**16

ChecksumStatus = Literal["verified", "unverified", "mismatch", "simulated"]


class UnsafePickleError(ValueError):
    """The pickle asks for something that could run code; the message names it. Nothing ran."""


class DamagedPickleError(ValueError):
    """The bytes end too early or are no pickle of the expected kind."""


@dataclass(frozen=True, eq=False)
class PublishedFile:
    """What a published file holds and how far it can be trusted to be that file.

    Attributes:
        content: what is stored there, as the publisher lays it out: of a joblib file the dict of
            arrays; else one array, a table, or a mapping of files to their arrays.
        checksum: hex digest: md5 of a file, sha256 of arrays that were simulated or put together.
        checksum_status: ``verified`` (equals the published one), ``unverified`` (none is
            declared), ``mismatch`` (differs, let through by ``allow_mismatch``) or ``simulated``.
        source: the file, or the generator with its arguments.
    """

    content: Any
    checksum: str
    checksum_status: ChecksumStatus
    source: str


def load_restricted_joblib(path: str | Path) -> Any:
    """Read a file written by ``joblib.dump`` (0.10 or later), admitting plain arrays only.

    Dicts, lists, tuples, numbers, text and arrays of numbers, booleans or text are read; files
    compressed with zlib, gzip, bz2, lzma or xz too. Arrays come in native byte order, as from
    ``joblib.load``. joblib itself is not used: it stores an array as a pickled header followed by
    raw bytes, and an array of Python objects as a second pickle, which some of its versions open
    without asking the outer unpickler; here such arrays are refused.

    Args:
        path: the ``.jl`` file.

    Returns:
        What was dumped, usually a dict of arrays.

    Raises:
        UnsafePickleError: the file asks for a name that is not admitted, or holds Python objects.
        DamagedPickleError: the file is cut short or is no joblib file.
        OSError: the file is missing or cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        try:
            size = path.stat().st_size
            return _unpickle(_decompressed(file), _ADMITTED | _ADMITTED_IN_JOBLIB, size)
        except (UnsafePickleError, DamagedPickleError) as error:
            raise type(error)(f"{path}: {error}") from error


def loads_restricted(
    data: bytes, also: Mapping[tuple[str, str], Any] = MappingProxyType({})
) -> Any:
    """Read a plain pickle, e.g. an object column of a pandas HDF file, admitting arrays only.

    Unlike in joblib files, arrays of Python objects are read: their elements are part of the same
    pickle and pass the same allow-list.

    Args:
        data: the whole pickle stream.
        also: further names (module, name) and the harmless stand-in for each.

    Returns:
        What was pickled.

    Raises:
        UnsafePickleError: the pickle asks for a name that is not admitted.
        DamagedPickleError: the pickle is cut short or is none.
    """
    return _unpickle(io.BytesIO(data), _ADMITTED | dict(also), len(data))


def _unpickle(file: IO[bytes], admitted: Mapping[tuple[str, str], Any], n_bytes: int) -> Any:
    """What is in a stream whose file has so many bytes, compressed or not."""
    try:
        content = _RestrictedUnpickler(file, admitted, _MOST_INSTRUCTIONS + n_bytes).load()
        file.read(1)  # at the end of a compressed stream stands its checksum
        return content
    except (UnsafePickleError, DamagedPickleError):
        raise
    except Exception as error:  # a damaged stream can raise anything, MemoryError included
        raise DamagedPickleError(
            f"not a readable pickle ({type(error).__name__}: {error}); the file is damaged, cut "
            "short or of another format: fetch it again"
        ) from error


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    """The content as a stream, so that no more of it is unfolded than is read."""
    magic = file.read(6)
    file.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if magic.startswith(b"BZ"):
        return bz2.BZ2File(file)
    if magic.startswith((b"\xfd7zXZ", b"]\x00")):
        return lzma.LZMAFile(file)
    if magic.startswith(b"\x78"):
        return io.BufferedReader(_ZlibStream(file), _BLOCK_BYTES)
    if magic.startswith((b"ZF", b"\x04\x22\x4d\x18")):
        raise DamagedPickleError(
            "written by joblib before 0.10 or compressed with lz4, which are not read here; "
            "write it again with joblib.dump(content, path)"
        )
    return file


class _ZlibStream(io.RawIOBase):
    """A zlib stream, unfolded block by block; the standard library has none."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._unfolding = file, zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer as far as one block reaches; 0 at the end."""
        while not self._unfolding.eof:
            folded = self._unfolding.unconsumed_tail or self._file.read(_BLOCK_BYTES)
            if not folded:
                raise EOFError("compressed file ended before the end of its stream")
            found = self._unfolding.decompress(folded, len(buffer))
            if found:
                buffer[: len(found)] = found
                return len(found)
        return 0


class _Counted:
    """A file whose reads are counted: a pickle of arrays consists of few instructions.

    The bytes of arrays in joblib files are read past it.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._count, self._most = file, 0, most

    def read(self, size: int) -> bytes:
        self.count(1)
        return self._file.read(size)

    def readline(self) -> bytes:
        self.count(1)
        return self._file.readline()

    def count(self, more: int) -> None:
        """Note reads, or bytes that may each be an instruction."""
        self._count += more
        if self._count > self._most:
            raise UnsafePickleError(
                f"the pickle has more than {self._most} instructions, where published "
                "files have thousands; refused, as it would keep the reader busy for long. Fetch "
                "the file from its publisher, or store the arrays as .npz"
            )


class _RestrictedUnpickler(pickle._Unpickler):
    """The pickle machine of the standard library with every way to foreign code closed.

    The pure-Python machine, as in joblib, because it reads no further than the current
    instruction, so that the raw bytes of an array can be taken from the file in between.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = pickle._Unpickler.dispatch.copy()
    stack: list[Any]  # the machine's own

    def __init__(
        self, file: IO[bytes], admitted: Mapping[tuple[str, str], Any], most_instructions: int
    ) -> None:
        self._counted = _Counted(file, most_instructions)
        super().__init__(cast("IO[bytes]", self._counted))
        self._file = file
        self._admitted = admitted

    def find_class(self, module: str, name: str, /) -> Any:
        """Our stand-in for an admitted name; nothing is ever imported."""
        try:
            return self._admitted[module, name]
        except KeyError:
            known = ", ".join(".".join(key) for key in self._admitted)
            raise UnsafePickleError(
                f"the pickle asks for {module}.{name}, which could run code; refused before "
                f"anything ran. Admitted are only {known}. Fetch the file from its publisher and "
                "compare its checksum, or store the arrays as .npz where you trust the file"
            ) from None

    def get_extension(self, code: int) -> None:
        """Extension codes are a second road to globals, with a cache that skips find_class."""
        raise UnsafePickleError(
            f"the pickle uses extension code {code} of copyreg; refused, no published file has one"
        )

    def load_build(self) -> None:
        """BUILD sets attributes of any object; admit it for what arrays are made of."""
        built, state = self.stack[-2], self.stack[-1]
        if isinstance(built, np.dtype):
            _check_dtype_state(built, state)
        elif type(built) is not np.ndarray and not isinstance(built, PicklePart):
            raise UnsafePickleError(
                f"the pickle sets the state of a {type(built).__name__}; refused, only arrays "
                "have a state in published files"
            )
        super().load_build()  # type: ignore[misc]
        if isinstance(built, _ArrayHeader):
            self.stack[-1] = built.read(self._file)

    dispatch[pickle.BUILD[0]] = load_build

    def load_frame(self) -> None:
        """A frame is read as a whole, and the instructions in it without asking the file."""
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        self._counted.count(size)
        self._unframer.load_frame(size)  # type: ignore[attr-defined]

    dispatch[pickle.FRAME[0]] = load_frame


class PicklePart:
    """Base of stand-ins; only one that checks its state itself takes one."""

    def __setstate__(self, state: Any) -> None:
        raise UnsafePickleError(f"the pickle gives a {type(self).__name__} a state; refused")


class _ArrayHeader(PicklePart):
    """Stands for joblib's NumpyArrayWrapper: the header in front of an array's raw bytes."""

    _FIELDS = frozenset(
        {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
    )

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict) or not state.keys() <= self._FIELDS:
            raise UnsafePickleError(
                f"the header of an array holds {state!r:.200}; expected the fields "
                f"{', '.join(sorted(self._FIELDS))} of joblib"
            )
        if state["subclass"] is not _NDARRAY or not isinstance(state["dtype"], np.dtype):
            raise UnsafePickleError("the header of an array is not that of a plain numpy array")
        if state["dtype"].kind == "O":
            raise UnsafePickleError(
                "the file holds an array of Python objects (dtype object), which joblib stores as "
                "a second pickle; refused before it was opened. Store numbers or text instead"
            )
        self.shape = tuple(int(size) for size in state["shape"])
        self.order, self.dtype = state["order"], state["dtype"]
        self.padded = state.get("numpy_array_alignment_bytes") is not None

    def read(self, file: IO[bytes]) -> np.ndarray:
        """The array of this header; the file stands at its first byte."""
        if self.padded:  # one byte tells how many bytes of alignment follow
            file.read(file.read(1)[0])
        array = np.empty(math.prod(self.shape), self.dtype)
        if array.nbytes:
            _read_exactly(file, array.view(np.uint8).data)
        array = array.reshape(self.shape, order=self.order)
        return array.astype(array.dtype.newbyteorder("="), copy=False)


def _read_exactly(file: IO[bytes], buffer: memoryview) -> None:
    done = 0
    while done < len(buffer):
        count = file.readinto(buffer[done:])  # type: ignore[attr-defined]
        if not count:
            raise DamagedPickleError(
                f"the file ends {len(buffer) - done} bytes before the end of an array; "
                "it is cut short: fetch it again"
            )
        done += count


# The stand-ins below admit only what published files contain. The real numpy names would not do:
# numpy.dtype accepts a state that hides its Python objects (raw bytes then become pointers), and
# numpy.ndarray and _frombuffer make views of an array whose memory a second state would free.
_NDARRAY = object()
_real_reconstruct: Any = np.empty(0).__reduce__()[0]
_real_scalar: Any = np.float64().__reduce__()[0]


def _dtype(spec: Any, align: bool = False, copy: bool = True) -> np.dtype:
    """Stands for numpy.dtype: numbers, booleans, text and (plain pickles only) objects."""
    dtype = np.dtype(spec, align=False, copy=True) if isinstance(spec, str) else None
    if dtype is None or dtype.kind not in "biufcSUO":
        raise UnsafePickleError(
            f"the pickle asks for dtype {spec!r:.80}; only numbers, booleans and text are admitted"
        )
    return dtype


def _check_dtype_state(dtype: np.dtype, state: Any) -> None:
    """Refuse any state but the one numpy itself writes for this dtype (its byte order)."""
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
    if order not in ("<", ">", "|") or state != dtype.newbyteorder(order).__reduce__()[2]:
        raise UnsafePickleError(
            f"the pickle gives dtype {dtype} the state {state!r:.200}, which numpy never writes"
        )


def _reconstruct(subtype: Any, shape: Any, dtype: Any) -> np.ndarray:
    """Stands for numpy's _reconstruct: an empty array, filled by the state that follows."""
    if subtype is not _NDARRAY:
        raise UnsafePickleError("the pickle reconstructs something that is not a plain array")
    return _real_reconstruct(np.ndarray, (0,), b"b")


def _frombuffer(
    data: Any, dtype: np.dtype, shape: Any, order: str, axis_order: Any = None
) -> np.ndarray:
    """Stands for numpy's _frombuffer (pickle protocol 5): an array from bytes."""
    if not isinstance(data, bytes | bytearray) or not isinstance(dtype, np.dtype):
        raise UnsafePickleError(
            f"the pickle makes an array from a {type(data).__name__}; only bytes are admitted"
        )
    array = np.frombuffer(data, dtype)
    if order == "K" and axis_order is not None:
        return array.reshape(shape, order="C").transpose(axis_order)
    return array.reshape(shape, order=order)  # type: ignore[call-overload]


_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _NDARRAY,  # names the class of every array
    ("numpy", "dtype"): _dtype,  # the element type of every array
}
for _core in ("numpy.core", "numpy._core"):  # as numpy 1 and numpy 2 call it
    # arrays in plain pickles of protocol 4 and of protocol 5 (the object columns of HDF files)
    _ADMITTED[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _ADMITTED[f"{_core}.numeric", "_frombuffer"] = _frombuffer
    # single numpy numbers, e.g. num_trials of the reaching files
    _ADMITTED[f"{_core}.multiarray", "scalar"] = _real_scalar

# the header in front of each array of a joblib file
_ADMITTED_IN_JOBLIB = {("joblib.numpy_pickle", "NumpyArrayWrapper"): _ArrayHeader}
