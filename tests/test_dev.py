"""dev.py does no work where only help is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEV = """
import sys
sys.path.insert(0, sys.argv[1])
import dev
dev.subprocess = dev.ready = None  # whoever starts anything fails
sys.exit(dev.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("verb", ["package", "lock"])
def test_help_of_a_verb_changes_nothing(verb: str) -> None:
    words = [sys.executable, "-c", DEV, str(ROOT), verb, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and f"dev.py {verb}" in done.stdout, done.stderr
