"""Code that is run in a Python of its own."""

import os
import subprocess
import sys
from pathlib import Path

import minigrad

ROOT = Path(minigrad.__file__).parent.parent


def run(code, *, env=None, timeout=120, check=True):
    """Run ``code`` in a fresh Python and return what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    environment.update(env or {})
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check:
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    return done
