"""Every cell is computed once, whatever happens in between, and its file is whole or not there."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

from cebra_kedro.cells import Cell, CellsFailedError, complete, file_of
from cebra_kedro.cells.processes import Processes
from cebra_kedro.run.log_file import LogFile

KEYS = [f"buddy/fold{fold}_seed{seed}" for fold in range(3) for seed in range(2)]


class Word:
    """A value that must not leave the process that made it."""

    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        raise RuntimeError("the value was sent to another process")


@dataclass(frozen=True)
class WordFormat:
    """Words as JSON, whole only with the last brace."""

    suffix: str = ".json"
    optional: bool = False

    def write(self, path, value, fingerprint):
        path.write_text(json.dumps({"word": value.text, "fingerprint": fingerprint}))

    def read(self, path):
        return json.loads(path.read_text())["word"]

    def fingerprint(self, path):
        return json.loads(path.read_text())["fingerprint"]

    def about(self, path):
        return {"letters": len(self.read(path))}

    def beside(self):
        return {}


FORMAT = WordFormat()


def spell(word, log, path, fail_at=None, seconds=0.0):
    """A word, and a line in a log; fails once the log has so many lines."""
    done = log.read_text().splitlines() if log.exists() else []
    if fail_at is not None and len(done) >= fail_at:
        raise KeyboardInterrupt
    time.sleep(seconds)
    with log.open("a") as file:
        file.write(f"{word} {path.name}\n")
    return Word(word)


def cells(log, fingerprint="one", keys=KEYS, **options):
    return {
        key: Cell(functools.partial(spell, key.upper(), log, **options), fingerprint)
        for key in keys
    }


def refuse(path):
    raise ValueError(f"no value for {path.stem}")


class TwoArgumentsError(Exception):
    """Pickles, and cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def refuse_oddly(path):
    raise TwoArgumentsError("odd", path.stem)


@pytest.fixture
def run_log(tmp_path):
    """The log file of a run."""
    opened = LogFile(tmp_path / "logs", "2026-01-02T03.04.05Z")
    yield opened
    opened.close()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "words"


def word(path):
    return Word(path.stem)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


@pytest.mark.parametrize("processes", [1, 2])
def test_each_value_lies_in_the_file_of_its_key(processes, folder, log, caplog):
    with caplog.at_level("INFO"):
        entries = complete(cells(log), folder, FORMAT, processes=processes, title="words")
    assert list(entries) == KEYS
    assert files(folder) == [f"{key}.json" for key in KEYS]
    for key, entry in entries.items():
        assert entry.file == folder / f"{key}.json"
        assert FORMAT.read(entry.file) == key.upper()
        assert entry.fingerprint == FORMAT.fingerprint(entry.file) == "one"
        assert entry.about == {"letters": len(key)}
    assert "words: 6 computed in 0 s, 0 were finished before" in caplog.text or processes > 1


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_finished_is_not_computed_again(processes, folder, log, caplog):
    first = complete(cells(log, keys=KEYS[:4]), folder, FORMAT)
    log.unlink()
    with caplog.at_level("INFO"):
        again = complete(cells(log), folder, FORMAT, processes=processes, title="words")
    assert {key: again[key] for key in first} == first
    assert sorted(line.split()[0] for line in log.read_text().splitlines()) == [
        key.upper() for key in KEYS[4:]
    ]
    assert "words: 2 computed in " in caplog.text
    assert "s, 4 were finished before" in caplog.text


def test_nothing_is_logged_without_a_title(folder, log, caplog):
    with caplog.at_level("INFO"):
        complete(cells(log), folder, FORMAT)
    assert caplog.text == ""


def test_one_process_means_this_one(folder):
    complete({"a": Cell(lambda _: Word(str(os.getpid())))}, folder, FORMAT)
    assert FORMAT.read(folder / "a.json") == str(os.getpid())


def test_processes_are_kept_while_fewer_are_needed(folder, log, monkeypatch):
    """They would have to import everything again; and no more than were asked for are started."""
    monkeypatch.setattr(Processes, "_largest", 1)
    sizes = []
    for keys, processes in ((KEYS[:3], 4), (KEYS[3:5], 4), (KEYS[4:], 2)):
        complete(cells(log, keys=keys), folder / str(len(sizes)), FORMAT, processes=processes)
        sizes.append(get_reusable_executor(reuse=True)._max_workers)
    assert sizes == [3, 3, 2]


held = []


def grown(n_bytes, _):
    time.sleep(1.1)  # loky looks at memory once a second
    held.append(os.urandom(n_bytes // 64) * 64)
    return Word(str(os.getpid()))


def test_processes_that_grow_are_kept(folder):
    """With psutil, loky would replace them, and each new one would have to import torch again."""
    pytest.importorskip("psutil")
    sizes = {f"{round_}{i}": 400_000_000 * (round_ == 1) for round_ in range(3) for i in range(2)}
    grows = {key: Cell(functools.partial(grown, size)) for key, size in sizes.items()}
    complete(grows, folder, FORMAT, processes=2)
    assert len({FORMAT.read(folder / f"{key}.json") for key in grows}) == 2
    get_reusable_executor().shutdown()  # and give the memory back


@pytest.mark.parametrize("finished_before", [0, 1, 5])
def test_an_interrupted_run_goes_on_where_it_was(folder, log, finished_before):
    with pytest.raises(KeyboardInterrupt):
        complete(cells(log, fail_at=finished_before), folder, FORMAT)
    assert len(files(folder)) == finished_before
    complete(cells(log), folder, FORMAT)
    assert files(folder) == [f"{key}.json" for key in KEYS]
    assert len(log.read_text().splitlines()) == len(KEYS)  # every cell once, none twice


def test_another_fingerprint_computes_again_and_only_there(folder, log):
    complete(cells(log), folder, FORMAT)
    log.unlink()
    changed = cells(log) | cells(log, fingerprint="two", keys=KEYS[1:2])
    entries = complete(changed, folder, FORMAT)
    assert log.read_text().split()[0] == KEYS[1].upper()
    assert len(log.read_text().splitlines()) == 1
    assert [entries[key].fingerprint for key in KEYS[:2]] == ["one", "two"]


def test_without_fingerprint_it_is_computed_each_time(folder, log):
    for _ in range(2):
        entries = complete(cells(log, fingerprint=None), folder, FORMAT)
    assert len(log.read_text().splitlines()) == 2 * len(KEYS)
    assert entries[KEYS[0]].fingerprint is None


@pytest.mark.parametrize("damage", ["", "not JSON", '{"word": '])
def test_a_damaged_file_is_computed_again_with_a_warning(damage, folder, log, caplog):
    complete(cells(log), folder, FORMAT)
    log.unlink()
    damaged = folder / f"{KEYS[3]}.json"
    damaged.write_text(damage)
    complete(cells(log), folder, FORMAT)
    assert FORMAT.read(damaged) == KEYS[3].upper()
    assert len(log.read_text().splitlines()) == 1
    assert "fold1_seed1.json cannot be read" in caplog.text


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failing_cell_raises_its_own_error_with_its_key(processes, folder, log):
    failing = cells(log, keys=KEYS[:2]) | {"cicero/fold0_seed0": Cell(refuse, "one")}
    with pytest.raises(ValueError, match="no value") as raised:
        complete(failing, folder, FORMAT, processes=processes, title="words")
    assert str(raised.value) == "no value for fold0_seed0"
    assert raised.value.__notes__ == ["in words cicero/fold0_seed0"]
    assert set(files(folder)) <= {f"{key}.json" for key in KEYS[:2]}
    assert processes > 1 or len(files(folder)) == 2


def test_an_error_that_cannot_be_sent_is_told_in_words(folder):
    odd = {"a": Cell(refuse_oddly), "b": Cell(word)}
    with pytest.raises(RuntimeError, match=r"^TwoArgumentsError: odd and a\b") as raised:
        complete(odd, folder, FORMAT, processes=2)
    assert raised.value.__notes__[0] == "in a"


class Flaky:
    """Fails the first time in each file's place."""

    def __call__(self, path):
        tried = path.with_suffix(".tried")
        if tried.exists():
            return Word("done")
        tried.touch()
        raise OSError("the drive is away")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_cell_that_fails_once_is_tried_again(processes, folder, caplog):
    entries = complete(
        {"a": Cell(Flaky()), "b": Cell(Flaky())}, folder, FORMAT, processes=processes
    )
    assert [FORMAT.read(entry.file) for entry in entries.values()] == ["done", "done"]
    assert "a failed at first (the drive is away)" in caplog.text


@pytest.mark.parametrize("processes", [1, 2])
def test_failing_cells_are_listed_and_the_others_go_on(processes, folder, log, run_log):
    failing = {f"{key}_odd": Cell(refuse, "one") for key in KEYS[:2]}
    with pytest.raises(CellsFailedError) as raised:
        complete(failing | cells(log), folder, FORMAT, processes=processes, title="words")
    assert str(raised.value) == (
        "no value for fold0_seed0_odd (2 of 8 pieces failed, also "
        "buddy/fold0_seed1_odd (no value for fold0_seed1_odd); what others computed is kept)"
    )
    assert list(raised.value.failures) == list(failing)
    assert "in refuse" in raised.value.failures["buddy/fold0_seed1_odd"]
    said = run_log.path.read_text()
    assert said.count("Traceback") == said.count("in refuse") == len(failing)
    assert all(f"{key} failed" in said for key in failing)
    assert files(folder) == [f"{key}.json" for key in KEYS]
    assert complete(cells(log), folder, FORMAT).keys() == set(KEYS)


def refuse_alike(path):
    with path.with_suffix(".tried").open("a") as file:
        file.write("x")
    raise ValueError("no memory")


def test_where_all_fail_alike_the_rest_is_not_tried(folder):
    with pytest.raises(
        CellsFailedError,
        match=r"^no memory \(3 of 9 pieces failed so; what others computed is kept\)",
    ):
        complete({f"a{n}": Cell(refuse_alike) for n in range(9)}, folder, FORMAT)
    assert len(list(folder.glob("*.tried"))) == 3


def die_once(path):
    """The system ends this process, as when memory is short."""
    tried = path.with_suffix(".tried")
    if not tried.exists():
        tried.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Word("alive")


def die(path):
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_work_of_a_lost_process_is_done_by_another(folder, log, caplog):
    mortal = {"mortal": Cell(die_once, "one")}
    entries = complete(cells(log) | mortal, folder, FORMAT, processes=2)
    assert len(entries) == 7
    assert FORMAT.read(entries["mortal"].file) == "alive"
    assert "a process was lost" in caplog.text


def test_who_loses_its_process_each_time_is_told(folder, log):
    with pytest.raises((RuntimeError, CellsFailedError), match=r"Lower training\.processes"):
        complete(cells(log) | {"mortal": Cell(die, "one")}, folder, FORMAT, processes=2)


def test_an_unwritable_value_leaves_no_file(folder):
    with pytest.raises(AttributeError, match="text"):
        complete({"a": Cell(lambda _: 3)}, folder, FORMAT)
    assert files(folder) == []


def test_none_is_no_file_where_the_format_says_so(folder, log):
    optional = WordFormat(optional=True)
    complete(cells(log, keys=["a", "b"]), folder, optional)
    nothing = cells(log, keys=["a"]) | {"b": Cell(lambda _: None, "two")}
    assert list(complete(nothing, folder, optional)) == ["a"]
    assert files(folder) == ["a.json"]
    with pytest.raises(AttributeError):
        complete(nothing, folder, FORMAT)


def test_no_more_than_one_value_is_held(folder):
    """A thousand cells take no more memory than one."""
    made, alive_at_once = [], []

    def make(path):
        word = Word(path.stem)
        made.append(weakref.ref(word))
        alive_at_once.append(sum(reference() is not None for reference in made))
        return word

    complete({f"cell{number}": Cell(make) for number in range(1000)}, folder, FORMAT)
    assert len(made) == 1000
    # the last one may wait for its name to be bound to the next
    assert max(alive_at_once) <= 2


def test_cleaning_follows_the_file_and_is_done_for_finished_ones_too(folder):
    def compute(path):
        path.with_suffix(".draft").write_text("half")
        return Word("whole")

    def clean(path):
        assert path.exists()
        path.with_suffix(".draft").unlink(missing_ok=True)

    cell = {"a": Cell(compute, "one", clean)}
    complete(cell, folder, FORMAT)
    assert files(folder) == ["a.json"]
    (folder / "a.draft").write_text("left when the process was killed")
    complete(cell, folder, FORMAT)
    assert files(folder) == ["a.json"]


def test_leftovers_of_a_killed_write_are_removed(folder, log):
    folder.mkdir()
    (folder / ".a.json.0123abcd.tmp").write_text("half")
    (folder / "..a.json.0123abcd.tmp.4567cdef.tmp").write_text("half of what writes itself")
    (folder / ".b.json.0123abcd.tmp").write_text("of another cell")
    complete(cells(log, keys=["a"]), folder, FORMAT)
    assert files(folder) == [".b.json.0123abcd.tmp", "a.json"]


@pytest.mark.parametrize("bar", [False, True])
def test_one_bar_counts_all_cells(bar, folder, log, monkeypatch):
    import tqdm.auto

    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *arguments, **options):
            bars.append(options)
            super().__init__(*arguments, **options | {"disable": True})

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    complete(cells(log, keys=KEYS[:2]), folder, FORMAT, title="words", bar=bar)
    complete(cells(log), folder, FORMAT, title="words", bar=bar)
    complete(cells(log), folder, FORMAT, title="words", bar=bar)
    shown = [(options["desc"], options["total"], options["initial"]) for options in bars]
    assert shown == ([("words", 2, 0), ("words", 6, 2)] if bar else [])


@pytest.mark.parametrize(
    "key", ["", "a//b", "../a", "a/../b", ".hidden", "/a", "a/", "a\\b", "a\0", " ", 3]
)
def test_a_key_that_leads_elsewhere_is_refused(key, folder):
    with pytest.raises(ValueError, match="a key names its file below the folder"):
        complete({key: Cell(refuse)}, folder, FORMAT)


def test_the_suffix_may_name_a_file_in_the_folder_of_the_key(folder):
    assert file_of("buddy", folder, WordFormat("/word.json")) == folder / "buddy" / "word.json"


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_cells as words
folder, log = Path(sys.argv[2]), Path(sys.argv[3])
cells = words.cells(log, keys=[f"word{n}" for n in range(40)], seconds=0.02)
print("begun", flush=True)
words.complete(cells, folder, words.FORMAT, processes=int(sys.argv[4]))
"""


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_kill_leaves_whole_files_only(processes, folder, log):
    """Killed again and again, it ends with all files, none computed more often than it must be."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", PROGRAM, here, str(folder), str(log), str(processes)]
    kills = 0
    for delay in (0.05, 0.2, 0.3):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        time.sleep(delay + (processes > 1) * 2)  # other processes begin late
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        kills += 1
        for path in folder.rglob("[!.]*.json"):
            assert FORMAT.read(path) == path.stem.upper()
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert sorted(path.stem for path in folder.iterdir() if path.suffix == ".json") == sorted(
        f"word{n}" for n in range(40)
    )
    assert not list(folder.glob(".*.tmp"))
    # a cell may have written to the log and been killed before its file was in place
    assert len(log.read_text().splitlines()) <= 40 + kills * processes
