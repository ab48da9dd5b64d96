"""Hostile and odd files, and what becomes of each: a table, and how its rows are read.

The files are written by ``hostile_files``; claims about all are in ``test_hostile_files``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hostile_files as hf
import numpy as np
from hostile_files import COUNTS, PAIRS, SPEED

from cebra_kedro.draft.contents import FORMATS
from cebra_kedro.io import SessionsDataset
from cebra_kedro.sources.registry import source, typed_options


@dataclass(frozen=True)
class Case:
    """A file and what becomes of it."""

    name: str
    file: str
    write: hf.Writer
    says: tuple[str, ...] = ()
    gives: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] | None = None

    @property
    def suffix(self) -> str:
        """Of the file."""
        return Path(self.file).suffix

    @property
    def called(self) -> str:
        """What an error calls it: the file where it is read, the session where it is understood."""
        if "session" in self.entry:
            return repr(self.entry["session"])
        return "monday" if self.source or self.entry.get("type") == "os.system" else self.file


def refused(name, file, write, *says, source=None, **entry):
    """The error says each of these texts: where there is one the field, and the remedy."""
    return Case(name, file, write, says=says, entry=entry, source=source)


def given(name, file, write, gives, source=None, **entry):
    """The file is odd but sound, and gives these arrays among others."""
    return Case(name, file, write, gives=gives, entry=entry, source=source)


NPZ = [
    refused("npz of no bytes", "rat.npz", hf.holding(b""), "copy it again"),
    refused("npz cut short", "rat.npz", hf.cut(hf.npz(neural=COUNTS)), "copy it again"),
    refused("npz that is text", "rat.npz", hf.holding("spikes"), "copy it again"),
    refused("npz that is one array", "rat.npz", hf.holding(hf.npy("")), "copy it again"),
    refused(
        "zip of other things",
        "rat.npz",
        hf.npz_of({"readme.txt": b"text"}),
        "it holds readme.txt",
        "correct filepath or type",
    ),
    refused(
        "npz of objects",
        "rat.npz",
        hf.npz(cells=np.array([1, "a"], object)),
        "cells holds Python objects",
        "save numbers or text",
    ),
    refused(
        "npz of objects in fields",
        "rat.npz",
        hf.npz(table=np.zeros(2, [("a", "f8"), ("b", object)])),
        "table holds Python objects",
        "save numbers or text",
    ),
    refused("npz with a pickle", "rat.npz", hf.npz_with_a_pickle, "cells", "save numbers or text"),
    refused("pickle called npz", "rat.npz", hf.pickled, "copy it again"),
    refused(
        "npz with a program for a header",
        "rat.npz",
        hf.npz_of({"neural.npy": hf.npy("__import__('pathlib').Path('ran').touch()\n")}),
        "neural",
        "copy it again",
    ),
    refused(
        "npz of a version to come",
        "rat.npz",
        hf.npz_of({"neural.npy": hf.npy(hf.npy_header((1,)), bytes(8), version=9)}),
        "neural",
        "copy it again",
    ),
    refused(
        "npz with less than it declares",
        "rat.npz",
        hf.npz_of({"neural.npy": hf.npy(hf.npy_header((9,)), bytes(8))}),
        "neural",
        "copy it again",
    ),
    refused("npz of two arrays of a name", "rat.npz", hf.npz_with_a_twin, "neural", "save it"),
    refused("npz with a password", "rat.npz", hf.npz_encrypted, "neural", "password"),
    given(
        "npz with a path for a name",
        "rat.npz",
        hf.npz_of({"../../ran.npy": hf.npy(hf.npy_header((1,)), bytes(8))}),
        {"../../ran": [0.0]},
    ),
]
HDF5 = [
    refused("h5 of no bytes", "rat.h5", hf.holding(b""), "copy it again"),
    refused("h5 cut short", "rat.h5", hf.cut(hf.h5_of(neural=COUNTS)), "copy it again"),
    refused("h5 that is text", "rat.h5", hf.holding("spikes"), "correct filepath or type"),
    refused("pickle called h5", "rat.h5", hf.pickled, "correct filepath or type"),
    refused("h5 with nothing in it", "rat.h5", hf.h5(bool), "no dataset", "correct filepath"),
    refused(
        "h5 with an external link",
        "rat.h5",
        hf.h5_link_outside,
        "/neural is a link to another file",
        "copy the data into this file",
    ),
    refused(
        "h5 kept in /etc/passwd",
        "rat.h5",
        hf.h5_stored_outside,
        "neural is kept in other files",
        "copy it into one file",
    ),
    refused("h5 of views", "rat.h5", hf.h5_virtual, "neural is kept in other", "copy it into one"),
    refused(
        "h5 with links in circles",
        "rat.h5",
        hf.h5(hf.h5_links_round),
        "/back is a soft link that leads in circles",
        "name the arrays to read",
    ),
    refused(
        "h5 with references",
        "rat.h5",
        hf.h5(lambda file: file.create_dataset("cells", (2,), hf.h5py.ref_dtype)),
        "cells holds references",
        "name the arrays to read",
    ),
    refused(
        "h5 of opaque values",
        "rat.h5",
        hf.h5(lambda file: file.create_dataset("cells", (2,), "V8")),
        "cells holds values of type",
        "name the arrays to read",
    ),
    refused("h5 with a heap without end", "rat.h5", hf.h5_heap_without_end, "heap", "copy it"),
    refused(
        "h5 of groups 200 deep",
        "rat.h5",
        hf.h5(lambda file: file.create_dataset("g/" * 200 + "neural", data=COUNTS)),
        "more than 100 deep",
        "name the arrays to read",
    ),
    refused(
        "h5 with a name in no encoding",
        "rat.h5",
        hf.h5(hf.h5_named_in_no_encoding),
        "neural",
        "rename",
    ),
    given("h5 with pickles", "rat.h5", hf.h5_pickles, {}),
    given("h5 of no rows", "rat.h5", hf.h5_of(neural=COUNTS[:0]), {"neural": COUNTS[:0]}),
]
MAT = [
    refused("mat of no bytes", "rat.mat", hf.holding(b""), "copy it again"),
    refused("mat cut short", "rat.mat", hf.cut(hf.mat(neural=COUNTS), 0.9), "copy it again"),
    refused("mat that is text", "rat.mat", hf.holding("spikes" * 99), "correct filepath or type"),
    refused("pickle called mat", "rat.mat", hf.pickled, "correct filepath or type"),
    refused("mat with cells 60 000 deep", "rat.mat", hf.mat5_deep, "neural", "copy it again"),
    refused("mat of a function", "rat.mat", hf.mat5_function, "neural", "save the numbers"),
    refused("mat of another program", "rat.mat", hf.h5_of(neural=COUNTS), "read it with Hdf5Dat"),
    refused("mat 7.3 that contains itself", "rat.mat", hf.mat73_round, "units contains itself"),
    refused(
        "mat 7.3 with an external link",
        "rat.mat",
        hf.mat73_link_outside,
        "/more is a link to another file",
        "name the arrays to read",
    ),
    refused(
        "mat without the name that is asked for",
        "rat.mat",
        hf.mat(neural=COUNTS),
        "arrays: spikes: there is no units",
        "there are neural",
        "Correct the name",
        arrays={"spikes": "units"},
    ),
    given("mat 7.3 with cells", "rat.mat", hf.mat73(units=hf.cell(*PAIRS)), {"units": PAIRS}),
    given(
        "mat with cells in cells",
        "rat.mat",
        hf.mat(units=hf.cell(hf.cell(*PAIRS), hf.cell(PAIRS[0]))),
        {"units": [*PAIRS, PAIRS[0]]},
    ),
]
XY = {"x": [1.5, 2.0], "y": [0.5, 1.0]}
TABLES = [
    refused("csv of no bytes", "rat.csv", hf.holding(b""), "copy it again"),
    refused("csv with a header only", "rat.csv", hf.holding("x,y\n"), "no rows", "correct"),
    refused("csv without a header", "rat.csv", hf.holding("1,2\n3,4\n"), "header: null"),
    refused("csv of short rows", "rat.csv", hf.holding("x,y\n1,2\n3\n"), "line 3", "correct the l"),
    refused("csv with an open quote", "rat.csv", hf.holding('x,y\n"1,2\n3,4\n'), "line 3", "corr"),
    refused(
        "csv with an open quote before much",
        "rat.csv",
        hf.holding('x,y\n1,2\n"' + "1,2\n" * 50_000),
        "line 3",
        "quote",
    ),
    refused("csv with names twice", "rat.csv", hf.holding("x,x\n1,2\n"), "called x", "rename"),
    refused(
        "csv with a word among numbers",
        "rat.csv",
        hf.holding("x\n1\n2\n3\nlost\n"),
        "column x",
        "'lost' in row 4",
        "na_values",
    ),
    refused(
        "csv with both decimal signs",
        "rat.csv",
        hf.holding("x;y\n1,5;1.5\n"),
        "1,5 and such as 1.5",
        "load_args",
    ),
    refused(
        "csv with decimal commas between commas",
        "rat.csv",
        hf.holding('x,y\n"1,5","0,5"\n"2,0","1,0"\n'),
        "column x",
        "decimal",
    ),
    refused(
        "csv with points for thousands",
        "rat.csv",
        hf.holding("x;y\n1.234,5;1\n2.345,5;2\n"),
        "column x",
        "thousands",
    ),
    refused("pickle called csv", "rat.csv", hf.pickled, "zero bytes", "correct filepath or type"),
    refused("csv that is a workbook", "rat.csv", hf.npz_of({"a.xml": b""}), "zero bytes", "type"),
    refused("csv in utf-16 without a mark", "rat.csv", hf.holding("x\n1\n", "utf-16-le"), "utf-16"),
    refused(
        "csv of no encoding that is said",
        "rat.csv",
        hf.holding("größe\n1\n", "latin-1"),
        "utf-8",
        "load_args: encoding",
        load_args={"encoding": "utf-8"},
    ),
    refused("csv packed", "rat.csv.gz", hf.holding(b"\x1f\x8b"), "unpack", type="TableDataset"),
    given(
        "csv in latin-1 with decimal commas",
        "rat.csv",
        hf.holding("größe;y\n1,5;0,5\n2,0;1,0\n", "latin-1"),
        {"größe": XY["x"], "y": XY["y"]},
    ),
    given("csv in utf-16", "rat.csv", hf.holding("x;y\n1,5;0,5\n2;1\n", "utf-16"), XY),
    given("csv in utf-32", "rat.csv", hf.holding("x,y\n1.5,0.5\n2,1\n", "utf-32"), XY),
    given("csv with old line ends", "rat.csv", hf.holding("x,y\r1.5,0.5\r2,1\r"), XY),
    given(
        "csv with formulas",
        "rat.csv",
        hf.holding("x\n=1+1\n=a|'/C b'!A0\n"),
        {"x": ["=1+1", "=a|'/C b'!A0"]},
    ),
    given("csv of 5000 neurons", "rat.csv", hf.wide_csv(5000), {"c4999": [1, 1]}),
    given(
        "csv of 5000 long names",
        "rat.csv",
        hf.holding(
            ",".join(f"unit_{i:05}_good_of_the_tetrode" for i in range(5000))
            + "\n"
            + ",".join("1" * 5000)
            + "\n"
        ),
        {"unit_04999_good_of_the_tetrode": [1]},
    ),
    given(
        "parquet with lists and texts",
        "rat.parquet",
        hf.parquet(lambda pa: {"x": pa.array([[1, 2], []]), "area": pa.array(["CA1", None])}),
        {"x": [[1, 2], []], "area": ["CA1", ""]},
    ),
    refused(
        "parquet cut short",
        "rat.parquet",
        hf.cut(hf.parquet(lambda pa: {"x": pa.array([1, 2])})),
        "copy it again",
    ),
    refused("parquet that is text", "rat.parquet", hf.holding("x,y\n1,2\n"), "correct filepath"),
]
NWB = [
    refused("nwb that is h5", "rat.nwb", hf.h5_of(neural=COUNTS), "Hdf5Dataset"),
    refused("nwb with nothing in it", "rat.nwb", hf.nwb(bool), "no units", "correct filepath"),
    refused("nwb that is a folder", "rat.nwb", hf.folder, "Zarr", "export it"),
    refused(
        "nwb with spikes beyond the last",
        "rat.nwb",
        hf.nwb_units([2, 9]),
        "units/spike_times_index",
        "copy the file again",
    ),
    refused("nwb with units that overlap", "rat.nwb", hf.nwb_units([3, 1]), "must rise", "copy"),
    refused("nwb at no rate", "rat.nwb", hf.nwb_series(0.0), "starting_time", "correct the file"),
    refused(
        "nwb in no unit",
        "rat.nwb",
        hf.nwb_series(10.0, conversion=np.nan),
        "conversion of processing/behavior/speed",
        "correct the file",
    ),
    given(
        "nwb with a silent unit",
        "rat.nwb",
        hf.nwb_units([2, 2, 3]),
        {"units/spike_times": [[0.5, 1.0], [], [2.0]]},
    ),
]
XLOC = "<time uint32><xloc uint16>"
TRODES = [
    refused("trodes without a header", "rat.dat", hf.holding("time"), "export it again"),
    refused("trodes of no record", "rat.dat", hf.trodes(XLOC, b"1"), "no record", "export it"),
    refused("trodes of no clock", "rat.dat", hf.trodes(XLOC, bytes(6), "0"), "clockrate", "export"),
    refused(
        "trodes of a billion values a record",
        "rat.dat",
        hf.trodes("<time uint32><x 1000000000*double>", bytes(6)),
        "field x",
        "export it again",
    ),
    refused(
        "trodes of no type",
        "rat.dat",
        hf.trodes("<time uint32><x object>", bytes(12)),
        "field x",
        "export it again",
    ),
    given(
        "trodes that ends within a record",
        "rat.dat",
        hf.trodes(XLOC, np.array([(30000, 7)], "<u4,<u2").tobytes() + b"1"),
        {"time": [1.0], "xloc": [7]},
    ),
]
ARRAYS = {"name": "arrays", "bin_width_s": 0.1}


def session(**changes):
    """An ``.npz`` file with a row for each time bin."""
    return hf.npz(**{"neural": COUNTS, "speed": SPEED} | changes)


def changed(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


def bins(name, write, *says, gives=None, **options):
    """A case of ``source: arrays``; refused, or given."""
    return Case(name, "rat.npz", write, says, gives or {}, source=ARRAYS | options)


CONTENT = [
    bins("counts below zero", session(neural=-COUNTS), "neural", "correct the counts"),
    bins("activity of NaN", session(neural=COUNTS * np.nan), "neural", "remove these bins"),
    bins("activity beyond float32", session(neural=COUNTS * 1e300), "neural", "scale it"),
    bins("activity of text", session(neural=COUNTS.astype(str)), "neural", "correct"),
    bins("activity of complex numbers", session(neural=COUNTS * 1j), "neural", "correct"),
    bins("activity of four dimensions", session(neural=COUNTS[None, None]), "neural", "correct"),
    bins("no bins", session(neural=COUNTS[:0]), "neural", "correct"),
    bins("no neurons", session(neural=COUNTS[:, :0]), "neural", "correct"),
    bins("activity turned round", session(neural=COUNTS.T), "speed", "transposed: true", labels={
        "speed": None}),
    bins("no activity", hf.npz(speed=SPEED), "neural", "there are speed. Correct source"),
    bins("nothing at all", hf.npz(), "neural", "there are no arrays. Correct source"),
    bins("a label of fewer bins", session(speed=SPEED[1:]), "labels.speed has 5 rows", "one row",
         labels={"speed": None}),
    bins("a label with NaN", session(speed=changed(SPEED, 1, np.nan)), "labels.speed", "missing"),
    bins("a label of complex numbers", session(speed=SPEED * 1j), "labels.speed", "correct"),
    bins("a label of durations", session(speed=SPEED.astype("m8[s]")), "labels.speed", "correct"),
    bins("a label beyond float32", session(speed=SPEED * 1e300), "labels.speed", "scale it"),
    bins("classes beyond 64 bits", session(side=SPEED * 1e300), "labels.side", "number the cl",
         labels={"side": {"kind": "discrete"}}),
    bins("classes between whole numbers", session(), "labels.speed", "declare it continuous",
         labels={"speed": {"kind": "discrete"}}),
    bins("degrees called radians", session(speed=SPEED * 100), "labels.speed", "unit: deg",
         labels={"speed": {"kind": "circular"}}),
    bins("trials of NaN", session(trial=SPEED * np.nan), "trial", "number the trials"),
    bins("trials beyond 64 bits", session(trial=SPEED.round() * 1e300), "trial", "number the tr"),
    bins("several problems at once", session(neural=-COUNTS, trial=SPEED), "2 problems: (1) neural",
         "(2) trial", "correct the counts"),
    bins("one bin", session(neural=COUNTS[1:2], speed=SPEED[:1]),
         gives={"neural": [[2, 3]], "speed": [0.5]}),
    bins("one neuron", session(neural=COUNTS[:, :1]),
         gives={"neural": COUNTS[:, :1], "speed": SPEED.astype(np.float32)}),
    bins("one neuron without a dimension", session(neural=COUNTS[:, 0]), "neural", "a pattern"),
    bins("one neuron by a pattern", session(neural=COUNTS[:, 0]), neural="neura*",
         gives={"neural": COUNTS[:, :1]}),
    bins("more neurons than bins", session(neural=np.ones((6, 5000))), gives={
         "neural": np.ones((6, 5000))}),
    bins("activity of true and false", session(neural=COUNTS > 5), gives={"neural": COUNTS > 5}),
    bins("counts as large numbers", session(neural=COUNTS.astype(float) * 2.0**40), gives={
         "neural": COUNTS * 2**40}),
    bins("a label of text", session(speed=list("ababba")), gives={"speed": [0, 1, 0, 1, 1, 0]}),
]  # fmt: skip
SIGNALS = {
    "name": "signals",
    "bin_width_s": 0.5,
    "spikes": {"times": "spikes", "units": "unit"},
    "labels": {"speed": {"values": "speed", "times": "time"}},
}
TIME = np.arange(6) / 2
SPIKES = {"spikes": [0.25, 1.25, 1.5], "unit": [0, 1, 0]}
COUNTED = [[1, 0], [0, 0], [0, 1], [1, 0], [0, 0], [0, 0]]


def clocks(name, changes, *says, gives=None, **options):
    """A case of ``source: signals``; refused, or given."""
    write = hf.npz(**SPIKES | {"time": TIME, "speed": SPEED} | changes)
    return Case(name, "rat.npz", write, says, gives or {}, source=SIGNALS | options)


ON_CLOCKS = [
    clocks("a clock that goes back", {"time": TIME[::-1]}, "labels.speed", "sort the samples"),
    clocks("a clock that stands", {"time": TIME * 0}, "labels.speed", "correct the clock"),
    clocks("a clock with NaN", {"time": changed(TIME, 2, np.nan)}, "labels.speed", "leave out"),
    clocks("a clock of complex numbers", {"time": TIME * 1j}, "labels.speed.times", "correct"),
    clocks("a clock of dates", {"time": TIME.astype("M8[s]")}, "labels.speed.times", "correct"),
    clocks("a clock of text", {"time": TIME.astype(str)}, "labels.speed.times", "correct"),
    clocks("one sample", {"time": TIME[:1], "speed": SPEED[:1]}, "labels.speed", "correct"),
    clocks("no samples", {"time": TIME[:0], "speed": SPEED[:0]}, "labels.speed", "correct"),
    clocks("fewer times than samples", {"time": TIME[1:]}, "labels.speed", "correct times"),
    clocks("spikes of NaN", {"spikes": [np.nan] * 3}, "spikes", "leave out such spikes"),
    clocks("spikes of text", {"spikes": list("abc")}, "spikes.times", "correct"),
    clocks("a spike without a unit", {"unit": [0, 1]}, "spikes.units", "correct"),
    clocks("spikes of complex numbers", {"spikes": [1j, 2j]}, "spikes.times", "correct",
           spikes={"times": "spikes"}),
    clocks("no spikes in the time of the label", {"time": TIME + 1e6}, "spikes.scale", "correct",
           spikes=SIGNALS["spikes"] | {"lowest_rate_hz": 0.1}),
    clocks("a label in another time", {"other": TIME + 1e6}, "no time in common", "correct scale",
           labels=SIGNALS["labels"] | {"place": {"values": "speed", "times": "other"}}),
    clocks("trials that end before they begin", {"start": [1.0], "stop": [0.0]}, "trials", "corr",
           trials={"start": "start", "stop": "stop"}),
    clocks("some trials that end before they begin", {"start": [0, 2.0], "stop": [1, 1.0]},
           "trials", "correct", trials={"start": "start", "stop": "stop"}),
    clocks("a gap in the samples", {"time": TIME + 9 * (TIME > 1)}, "labels.speed", "missing"),
    clocks("duplicated time stamps", {"time": [0, 0.5, 0.5, 1, 1.5, 2]}, gives={
           "neural": COUNTED[:5], "speed": [0.5, 1.25, 2, 2.5, 3]}),
    clocks("spikes in no order", {"spikes": [1.5, 1.25, 0.25]}, gives={"neural": COUNTED}),
    clocks("spikes before and after", {"spikes": [-9, 1.25, 1e12]}, gives={
           "neural": np.array(COUNTED) * [[0, 1]]}),
    clocks("a unit of text", {"unit": list("aba")}, gives={"neural": COUNTED}),
    clocks("nanoseconds as whole numbers", {"time": (TIME * 1e9).astype(np.int64)}, labels={
           "speed": {"values": "speed", "times": "time", "scale": 1e-9}},
           gives={"neural": COUNTED}),
]  # fmt: skip


def place(name, write, *says, file="rat.npz", **entry):
    return refused(name, file, write, *says, **entry)


def nothing(path):
    """No file is written."""


PLACES = [
    place("a folder", hf.folder, "is a folder", "correct filepath"),
    place("a folder called h5", hf.folder, "is a folder", "correct filepath", file="rat.h5"),
    place("a pipe", hf.pipe, "is a pipe", "correct filepath"),
    place("a pipe called csv", hf.pipe, "is a pipe", "correct filepath", file="rat.csv"),
    place("a device without end", hf.link_to("/dev/zero"), "device", "correct filepath"),
    place("a device called mat", hf.link_to("/dev/zero"), "device", "correct", file="rat.mat"),
    place("a link round", hf.link_round, "is a link", "correct filepath"),
    place("a link to nowhere", hf.link_to("nowhere"), "is a link", "correct", file="rat.nwb"),
    place("no file", nothing, "does not exist", "correct filepath"),
    place("a name too long", nothing, "does not exist", "correct", file="r" * 300 + ".npz"),
    place("a name with a zero", nothing, "does not exist", "correct", file="rat\0.npz"),
    place("a folder that is a file", nothing, "does not exist", "correct", file="mark/rat.csv"),
    place("a file that may not be read", hf.unreadable, "permission", "chmod"),
    place("a session that leads out", nothing, "must not", "'..'", session="../../etc/passwd"),
    place("a session from the root", nothing, "must not", "a slash", session="/etc/passwd"),
    place("a session of two lines", nothing, "must not", session="mon\nday"),
    place("a session without a name", nothing, "text as name", session=" "),
    place("a part that leads out", nothing, "must not", "'..'", session="monday/.."),
    place("a program for a type", nothing, "os.system", "correct it", type="os.system"),
    place("a file elsewhere", nothing, "copy the file here", type="RecordingDataset",
          filepath="s3://bucket/rat.npz"),
]  # fmt: skip
BOMBS = [
    refused("npz that inflates", "rat.npz", hf.npz_bomb("neural"), "neural declares", "save it"),
    refused(
        "npz of many that inflate",
        "rat.npz",
        hf.npz_bomb("a", "b", "c", mib=200),
        "all up to b declares",
        "save it",
    ),
    refused(
        "npz that declares 10 TB",
        "rat.npz",
        hf.npz_of({"neural.npy": hf.npy(hf.npy_header((10**7, 10**6, 1), "|u1"), bytes(99))}),
        "neural",
        "copy it again",
    ),
    refused(
        "npz like pynapple's of 10 TB",
        "rat.npz",
        hf.npz_of({"type.npy": hf.npy(hf.npy_header((10**7, 10**6), "|u1"), bytes(99))}),
        "type",
        "copy it again",
    ),
    refused("h5 that declares 10 TB", "rat.h5", hf.h5(hf.h5_unallocated), "neural", "save it"),
    refused("h5 of a chunk that inflates", "rat.h5", hf.h5(hf.h5_inflating), "chunk of neural"),
    refused("h5 of chunks that inflate", "rat.h5", hf.h5(hf.h5_honest_bomb), "neural", "save it"),
    refused("h5 of a huge chunk", "rat.h5", hf.h5(hf.h5_huge_chunk), "chunk of neural", "save it"),
    refused("h5 with a wide text", "rat.h5", hf.h5(hf.h5_wide_texts), "names", "save it"),
    refused("mat that inflates", "rat.mat", hf.mat5_bomb(hf.BOMB_MIB * 2**20), "save it"),
    refused("mat that inflates to more", "rat.mat", hf.mat5_bomb(1000), "longer", "copy it again"),
    refused("mat of 8 TB", "rat.mat", hf.mat5_of(hf.HUGE), "neural", "save it"),
    refused("mat of a trillion cells", "rat.mat", hf.mat5_of(hf.HUGE, kind=1), "neural", "copy it"),
    refused("mat of version 4 of 8 TB", "rat.mat", hf.mat4_huge, "copy it again"),
    refused("csv of a million columns", "rat.csv", hf.wide_csv(10**6), "columns", "npz"),
    refused(
        "csv with a wide text",
        "rat.csv",
        hf.holding("x,note\n" + "1," + "a" * 100_000 + "\n" + "1,\n" * 5000),
        "note declares",
        "save it",
    ),
    refused("parquet of many rows", "rat.parquet", hf.parquet_rows, "table declares", "save it"),
    refused("parquet of a long list", "rat.parquet", hf.parquet_list, "declares", "save it"),
    refused("parquet of long texts", "rat.parquet", hf.parquet_texts, "declares", "save it"),
    clocks("a stray time stamp", {"time": changed(TIME, 5, 1e12)}, "bins", "correct the unit"),
    clocks("a stamp a year later", {"time": changed(TIME, 5, 3e7)}, "bins", "correct the unit"),
]
CASES = [*NPZ, *HDF5, *MAT, *TABLES, *NWB, *TRODES, *CONTENT, *ON_CLOCKS, *PLACES, *BOMBS]
CLASSES = {**FORMATS, ".dat": "TrodesDataset"}


def read(case: Case, path: Path) -> Any:
    """As a run does: the file by its class in a catalog, and what it holds by a source."""
    entry = {"type": CLASSES.get(path.suffix), "filepath": str(path)} | case.entry
    name = entry.pop("session", "monday")
    if "." not in entry["type"]:
        entry["type"] = f"cebra_kedro.io.{entry['type']}"
    raw = SessionsDataset(sessions={name: entry})
    raw.fetch_if_missing([name])
    content = raw.load()[name]
    if case.source is None:
        return content
    options = {key: value for key, value in case.source.items() if key != "name"}
    typed = typed_options(case.source["name"], options)
    recording = source(case.source["name"])(content, session=name, **typed)
    labels = {label: found.values for label, found in recording.labels.items()}
    return {"neural": recording.neural} | labels
