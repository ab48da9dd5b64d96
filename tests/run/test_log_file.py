"""The log of a run: all that was said, with the traceback, and only the newest of them."""

import errno
import io
import logging
import os

import pytest

from cebra_kedro.run.log_file import LogFile, file_only

logger = logging.getLogger("cebra_kedro.somewhere")


@pytest.fixture
def log(tmp_path):
    log = LogFile(tmp_path / "logs", "2026-01-02T03.04.05Z")
    yield log
    log.close()


def test_what_is_logged_stands_there_with_time_and_level(log):
    logger.warning("two of %d neurons are silent", 12)
    (line,) = log.path.read_text().splitlines()
    assert line[:4].isdigit()
    assert line.endswith("WARNING cebra_kedro.somewhere: two of 12 neurons are silent")


def test_a_traceback_stands_there_whole(log):
    try:
        raise ValueError("too few trials")
    except ValueError as error:
        file_only.error("failed", exc_info=error)
    text = log.path.read_text()
    assert "Traceback" in text
    assert "test_a_traceback_stands_there_whole" in text
    assert text.endswith("ValueError: too few trials\n")


def test_what_is_for_the_file_is_not_shown(log, capsys):
    console = logging.StreamHandler()  # to the error stream
    logging.root.addHandler(console)
    try:
        file_only.info("a node begins")
        logger.warning("neurons are silent")
    finally:
        logging.root.removeHandler(console)
    assert "a node begins" in log.path.read_text()
    assert capsys.readouterr().err == "neurons are silent\n"


def test_without_a_file_nothing_is_shown_either(log, capsys):
    log.close()
    log.close()
    file_only.info("interrupted")
    logger.info("later")
    assert log.path.read_text() == ""
    assert capsys.readouterr().err == ""


def test_two_runs_of_the_same_second_have_files_of_their_own(log):
    other = LogFile(log.path.parent, log.run_id)
    other.close()
    assert other.run_id == "2026-01-02T03.04.05Z-2"
    assert other.path.name == "2026-01-02T03.04.05Z-2.log"


def test_the_newest_twenty_are_kept(tmp_path):
    for day in range(1, 24):
        (tmp_path / f"2025-01-{day:02}T00.00.00Z.log").touch()
    (tmp_path / "notes.txt").touch()
    LogFile(tmp_path, "2026-01-01T00.00.00Z").close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        *(f"2025-01-{day:02}T00.00.00Z.log" for day in range(5, 24)),
        "2026-01-01T00.00.00Z.log",
        "notes.txt",
    ]


def test_a_full_disk_neither_shows_a_traceback_nor_hides_the_error_of_the_run(log, capsys):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log._handler.stream.close()
    log._handler.stream = Full()
    logger.warning("no room for this")
    log.close()
    assert capsys.readouterr().err == ""
