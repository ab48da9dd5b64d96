"""A terminal for tests: what a program shows on one, line by line."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_TERMINALS = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo-terminals are of Unix"
)


def shown(command: list[str], width: int, *, cwd: Path | None = None, **environment: str) -> str:
    """All bytes that a command writes to a terminal of this width."""
    import fcntl
    import pty
    import termios

    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"TERM": "xterm", "KEDRO_DISABLE_TELEMETRY": "true"} | environment,
        stdin=there,
        stdout=there,
        stderr=there,
    )
    os.close(there)
    parts = []
    with contextlib.suppress(OSError):  # Linux: the last process has closed the terminal
        while part := os.read(here, 2**16):
            parts.append(part)
    os.close(here)
    assert process.wait(60) == 0, b"".join(parts).decode()
    return b"".join(parts).decode()


def screen(text: str, width: int) -> list[str]:
    """What stands on a terminal at last: a simple one that knows carriage returns and new lines."""
    lines, column = [""], 0
    for sign in text:
        if sign == "\n":
            lines.append("")
        elif sign == "\r":
            column = 0
        else:
            if column == width:
                lines.append("")
                column = 0
            line = lines[-1].ljust(column)
            lines[-1] = line[:column] + sign + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]
