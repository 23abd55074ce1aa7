"""The entry point, whatever it is run on."""

import os
import subprocess

from place import UNCLOUDED


def test_a_terminal_that_lacks_our_characters_is_told_with_others() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [UNCLOUDED, "decode", "--help"], capture_output=True, encoding="latin-1", env=env, check=False
    )
    assert done.returncode == 0 and "?" in done.stdout, done.stderr
