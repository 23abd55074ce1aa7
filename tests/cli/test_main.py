"""The entry point on any terminal."""

import os
import subprocess

from place import UNCLOUDED


def test_a_terminal_that_lacks_our_characters_shows_others() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [UNCLOUDED, "decode", "--help"], capture_output=True, encoding="latin-1", env=env, check=False
    )
    assert done.returncode == 0 and "?" in done.stdout, done.stderr
