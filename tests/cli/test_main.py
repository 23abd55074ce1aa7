"""The entry point on any terminal."""

import os
import subprocess
import sys

from place import UNCLOUDED
from unclouded import VERSION


def test_a_terminal_that_lacks_our_characters_shows_others() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [UNCLOUDED, "decode", "--help"], capture_output=True, encoding="latin-1", env=env, check=False
    )
    assert done.returncode == 0 and "?" in done.stdout, done.stderr


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "unclouded", "--version"], capture_output=True, text=True, check=True)
    assert VERSION in done.stdout
