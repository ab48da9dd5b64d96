"""Commands of Kedro in a process of their own, as a user calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def kedro(*arguments: str, project: Path) -> str:
    """Output of a kedro command in a project, in the environment ``test``; must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=project,
        env=os.environ | {"KEDRO_ENV": "test", "KEDRO_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
