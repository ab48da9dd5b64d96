"""A file is there wholly or not at all."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

from cebra_kedro.atomic import atomic_path


def test_a_success_leaves_the_new_content_and_nothing_else(tmp_path):
    target = tmp_path / "made" / "for" / "it" / "file.txt"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        assert not temporary.exists()
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_or_interrupt_keeps_the_old_content_and_leaves_no_debris(tmp_path, error):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_the_file_and_a_remedy(tmp_path, number):
    """The error of a write names no file."""
    target = tmp_path / "file.txt"
    target.write_text("old")
    with (
        pytest.raises(OSError, match=rf"cannot write {target}: its disk is full; free sp"),
        atomic_path(target),
        atomic_path(tmp_path / "part of it"),
    ):
        raise OSError(number, os.strerror(number))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_told_from_its_room_where_the_error_does_not_say_so(tmp_path, monkeypatch):
    """torch: PytorchStreamWriter failed writing file data/0: file write failed."""
    full = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with (
        pytest.raises(OSError, match=r"encoder\.pt: its disk is full"),
        atomic_path(tmp_path / "encoder.pt"),
    ):
        raise RuntimeError("file write failed")
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "encoder.pt"):
        raise KeyboardInterrupt


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_keeps_the_old_content(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    program = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from cebra_kedro.atomic import atomic_path
        with atomic_path(Path(sys.argv[1])) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", program, target], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"


def test_the_bytes_are_flushed_before_the_rename(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda *args: (calls.append("replace"), replace(*args))[1])
    with atomic_path(tmp_path / "file.txt") as temporary:
        temporary.write_text("new")
    assert calls == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "file.txt"
    with atomic_path(target) as first, atomic_path(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"  # the outer block ends last


def test_nested_use_for_the_same_file_works(tmp_path):
    """A dataset wraps a model's own atomic save."""
    with atomic_path(tmp_path / "file.txt") as outer, atomic_path(outer) as inner:
        inner.write_text("new")
    assert (tmp_path / "file.txt").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_old_file(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    nothing_written = pytest.raises(FileNotFoundError, match=r"nothing was written .*file\.txt")
    with nothing_written, atomic_path(target):
        pass
    assert target.read_text() == "old"


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    (tmp_path / "file.txt").mkdir()
    is_a_folder = pytest.raises(IsADirectoryError, match=r"file\.txt: a folder has this name")
    with is_a_folder, atomic_path(tmp_path / "file.txt"):
        pytest.fail("the block ran")
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "folder").write_text("in the way")
    unwritable = pytest.raises(OSError, match=r"into folder .*folder \(.*\); make the folder")
    with unwritable, atomic_path(tmp_path / "folder" / "file.txt"):
        pytest.fail("the block ran")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no folder modes")
def test_an_unwritable_folder_is_named_before_the_block_runs(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with not_as_root(), pytest.raises(PermissionError) as caught, atomic_path(folder / "file.txt"):
        pytest.fail("the block ran")
    assert caught.value.errno == errno.EACCES
    assert f"into folder {folder}" in str(caught.value)
    assert "make the folder writable" in str(caught.value)


@contextmanager
def not_as_root():
    """Root may write anywhere, so let it be nobody for the length of the block."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
