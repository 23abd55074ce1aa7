"""The example of a container. No container engine runs in these tests: the file is judged by hadolint, and by hand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not in this environment.")
def test_hadolint_finds_nothing() -> None:
    judged = subprocess.run([HADOLINT, ROOT / "Containerfile"], capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


def test_it_installs_from_the_lock_files_that_there_are_and_runs_without_root() -> None:
    text = (ROOT / "Containerfile").read_text()
    locks = re.findall(r"/source/(\S+\.lock)", text)
    assert len(locks) == 2 and all((ROOT / lock).is_file() for lock in locks)
    assert re.findall(r"^USER (\d+)$", text, re.MULTILINE) == ["899"]
