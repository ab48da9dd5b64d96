"""Files that are damaged, odd or made to harm; each function writes one to a path.

What becomes of them is in the table of ``test_hostile_files``.
"""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

from mat73_files import write_mat73

Writer = Callable[[Path], object]
BOMB_MIB = 512
N_TIME, N_NEURONS = 6, 2
COUNTS = np.arange(N_TIME * N_NEURONS).reshape(N_TIME, N_NEURONS)
SPEED = np.linspace(0.5, 3, N_TIME)
PAIRS = [np.array([0.5, 1.0]), np.zeros(0), np.array([2.0])]


class Trap:
    """Leaves a file beside the pickle when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.mark = path.with_name("ran")

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def holding(content: bytes | str, encoding: str = "utf-8") -> Writer:
    """A file of these bytes or this text."""
    data = content if isinstance(content, bytes) else content.encode(encoding)
    return lambda path: path.write_bytes(data)


def cut(write: Writer, share: float = 0.5) -> Writer:
    """What another writer writes, but only the first part of it."""

    def cut_short(path: Path) -> None:
        write(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut_short


# Any suffix


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(path)))


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to(target: str) -> Writer:
    return lambda path: path.symlink_to(target)


def link_round(path: Path) -> None:
    other = path.with_name("other")
    other.symlink_to(path)
    path.symlink_to(other)


def unreadable(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


# .npz


def npz(**arrays: Any) -> Writer:
    return lambda path: np.savez(path, **arrays)


def npz_of(members: dict[str, bytes]) -> Writer:
    """A zip archive of these members."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)

    return write


def npy(header: str, content: bytes = b"", version: int = 1) -> bytes:
    """A member of an ``.npz`` file with this header."""
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H", len(header))
        + header.encode()
        + (content)
    )


def npy_header(shape: tuple[int, ...], dtype: str = "<f8") -> str:
    return repr({"descr": dtype, "fortran_order": False, "shape": shape}) + "\n"


def npz_with_a_pickle(path: Path) -> None:
    np.savez(path, cells=np.array([Trap(path)], object), allow_pickle=True)


def npz_bomb(*names: str, mib: int = BOMB_MIB) -> Writer:
    """Members of zeros that deflate to a thousandth."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name in names:
                with archive.open(f"{name}.npy", "w") as member:
                    member.write(npy(npy_header((mib, 2**20), "|u1")))
                    for _ in range(mib):
                        member.write(bytes(2**20))

    return write


def npz_with_a_twin(path: Path) -> None:
    npz_of({name: npy(npy_header((1,)), bytes(8)) for name in ("neural.npy", "neurxl.npy")})(path)
    path.write_bytes(path.read_bytes().replace(b"neurxl", b"neural"))


def npz_encrypted(path: Path) -> None:
    """Its one member says that it wants a password."""
    np.savez(path, neural=COUNTS)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)


# .h5


def h5(fill: Callable[[h5py.File], object]) -> Writer:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            fill(file)

    return write


def h5_of(**arrays: Any) -> Writer:
    return h5(lambda file: [file.create_dataset(name, data=a) for name, a in arrays.items()])


def h5_link_outside(path: Path) -> None:
    h5_of(secret=COUNTS)(path.with_name("other.h5"))
    h5(lambda file: file.__setitem__("neural", h5py.ExternalLink("other.h5", "/secret")))(path)


def h5_stored_outside(path: Path) -> None:
    stored = [("/etc/passwd", 0, 40)]
    h5(lambda file: file.create_dataset("neural", (5,), "i8", external=stored))(path)


def h5_virtual(path: Path) -> None:
    h5_of(secret=np.arange(5))(path.with_name("other.h5"))
    layout = h5py.VirtualLayout((5,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (5,))
    h5(lambda file: file.create_virtual_dataset("neural", layout))(path)


def h5_links_round(file: h5py.File) -> None:
    file["there"], file["back"] = h5py.SoftLink("/back"), h5py.SoftLink("/there")


def h5_unallocated(file: h5py.File) -> None:
    """10 TB that are declared, but not there."""
    file.create_dataset("neural", (10**6, 10**7), "u1", chunks=(1000, 1000), compression="gzip")


def h5_inflating(file: h5py.File) -> None:
    """A chunk of 10 kB that inflates to much more; of fewer bytes, old HDF5 writes no long one."""
    data = file.create_dataset("neural", (10_000,), "u1", chunks=(10_000,), compression="gzip")
    data.id.write_direct_chunk((0,), zeros(BOMB_MIB))


def h5_honest_bomb(file: h5py.File) -> None:
    """Chunks that inflate to what they declare, a thousand times what is stored."""
    shape, chunk = (BOMB_MIB, 2**20), (8, 2**20)
    data = file.create_dataset("neural", shape, "u1", chunks=chunk, compression="gzip")
    packed = zeros(chunk[0])
    for row in range(0, shape[0], chunk[0]):
        data.id.write_direct_chunk((row, 0), packed)


def h5_huge_chunk(file: h5py.File) -> None:
    data = file.create_dataset("neural", (10,), "f8", maxshape=(None,), chunks=(10**8,))
    data.id.write_direct_chunk((0,), bytes(100), 1)


def h5_wide_texts(file: h5py.File) -> None:
    """One long text makes all of an array of fixed width long."""
    texts = file.create_dataset("names", (3000,), h5py.string_dtype())
    texts[0] = "x" * 100_000


def h5_heap_without_end(path: Path) -> None:
    """A heap in which an object has no size; HDF5 2.0 never returns from it."""
    h5_of(names=["left", "right"])(path)
    data = bytearray(path.read_bytes())
    free = data.index(b"GCOL") + 16
    while data[free]:  # the last object has number 0: the space that is left
        free += 16 + -(-int.from_bytes(data[free + 8 : free + 16], "little") // 8) * 8
    data[free + 8 : free + 16] = bytes(8)
    path.write_bytes(data)


def h5_pickles(path: Path) -> None:
    """As PyTables keeps Python objects: pickles in attributes and in bytes."""
    with h5py.File(path, "w") as file:
        file["cells"] = np.frombuffer(pickle.dumps(Trap(path)), np.uint8)
        file.attrs["PYTABLES_FORMAT_VERSION"] = "2.1"
        file["cells"].attrs["FLAVOR"] = np.void(pickle.dumps(Trap(path)))


def h5_named_in_no_encoding(file: h5py.File) -> None:
    space = h5py.h5s.create_simple((2,))
    h5py.h5d.create(file.id, b"neural\xff", h5py.h5t.NATIVE_UINT8, space)


def zeros(mib: int) -> bytes:
    """Zeros, deflated."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(mib)) + packer.flush()


# .mat


def mat(**variables: Any) -> Writer:
    return lambda path: scipy.io.savemat(path, variables, do_compression=True)


def mat73(**variables: Any) -> Writer:
    return lambda path: write_mat73(path, variables)


def cell(*items: Any) -> np.ndarray:
    array = np.empty((1, len(items)), object)
    for i, item in enumerate(items):
        array[0, i] = item
    return array


_MAT5_HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
HUGE = (10**6, 10**6)


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def _variable(shape: tuple[int, ...], content: bytes, kind: int = 6) -> bytes:
    flags = _element(6, struct.pack("<II", kind, 0))
    dims = _element(5, struct.pack(f"<{len(shape)}i", *shape))
    return _element(14, flags + dims + _element(1, b"neural") + content)


def mat5_of(shape: tuple[int, ...], content: bytes = b"", kind: int = 6) -> Writer:
    """A variable of version 5 of any class, whatever its content."""
    return holding(_MAT5_HEADER + _variable(shape, content, kind))


def mat5_bomb(declared_bytes: int) -> Writer:
    """A compressed variable of zeros."""

    def write(path: Path) -> None:
        packer = zlib.compressobj(1)
        packed = packer.compress(struct.pack("<II", 14, declared_bytes))
        packed += b"".join(packer.compress(bytes(2**20)) for _ in range(BOMB_MIB)) + packer.flush()
        path.write_bytes(_MAT5_HEADER + struct.pack("<II", 15, len(packed)) + packed)

    return write


def mat5_deep(path: Path) -> None:
    """Cells 60 000 deep, which end the interpreter where they are followed."""
    inner, openings = _variable((1, 1), _element(9, bytes(8))), []
    size = len(inner)
    for _ in range(60_000):
        body = _variable((1, 1), b"", kind=1)[8:]
        size += len(body)
        openings.append(struct.pack("<II", 14, size) + body)
        size += 8
    path.write_bytes(_MAT5_HEADER + b"".join(reversed(openings)) + inner)


def mat5_function(path: Path) -> None:
    """A function handle and nothing else."""
    mat5_of((1, 1), _variable((1, 1), _element(9, bytes(8))), kind=16)(path)


mat4_huge = holding(struct.pack("<5i", 0, *HUGE, 0, 2) + b"x\0")


def mat73_round(path: Path) -> None:
    """A cell that contains itself."""
    write_mat73(path, {"units": cell(1.0, 2.0)})
    with h5py.File(path, "r+") as file:
        file["units"][0, 0] = file["units"].ref


def mat73_link_outside(path: Path) -> None:
    write_mat73(path.with_name("other.mat"), {"secret": np.eye(2)})
    write_mat73(path, {"neural": np.eye(2)})
    with h5py.File(path, "r+") as file:
        file["more"] = h5py.ExternalLink("other.mat", "/secret")


# .csv and .parquet


def wide_csv(n_columns: int, value: str = "1") -> Writer:
    def write(path: Path) -> None:
        names = ",".join(f"c{i}" for i in range(n_columns))
        path.write_text(f"{names}\n" + f"{','.join([value] * n_columns)}\n" * 2)

    return write


def parquet(make: Callable[[Any], dict[str, Any]]) -> Writer:
    """A table of the columns that ``make`` makes with pyarrow."""

    def write(path: Path) -> None:
        import pyarrow
        from pyarrow.parquet import write_table

        write_table(pyarrow.table(make(pyarrow)), path, compression="zstd")

    return write


def _parquet_column(make: Callable[[Any], Any]) -> Writer:
    return parquet(lambda pa: {"neural": make(pa)})


parquet_rows = _parquet_column(lambda pa: pa.array(np.zeros(10**8, np.int8)))
parquet_list = _parquet_column(
    lambda pa: pa.ListArray.from_arrays(
        pa.array([0, 5 * 10**7], "i4"), pa.array(np.zeros(5 * 10**7, np.int8))
    )
)
parquet_texts = _parquet_column(
    lambda pa: pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(1000, np.int32)), pa.array(["a" * 10**6])
    )
)


# .nwb


def nwb(fill: Callable[[h5py.File], object]) -> Writer:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.attrs["nwb_version"] = "2.7.0"
            fill(file)

    return write


def nwb_units(ends: list[int], times: Any = (0.5, 1.0, 2.0)) -> Writer:
    def fill(file: h5py.File) -> None:
        file["units/spike_times"] = np.array(times)
        file["units/spike_times_index"] = np.array(ends)

    return nwb(fill)


def nwb_series(rate_hz: float, **attributes: Any) -> Writer:
    def fill(file: h5py.File) -> None:
        series = file.create_group("processing/behavior/speed")
        series.attrs["neurodata_type"] = "TimeSeries"
        series["data"], series["starting_time"] = SPEED, 0.0
        series["data"].attrs.update(attributes)
        series["starting_time"].attrs["rate"] = rate_hz

    return nwb(fill)


# Trodes


def trodes(fields: str, records: bytes, rate: str = "30000") -> Writer:
    header = f"<Start settings>\nclockrate: {rate}\nFields: {fields}\n<End settings>\n"
    return holding(header.encode() + records)
