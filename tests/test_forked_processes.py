"""Tests that run in copies of the process that collected them are shown as if they had run there."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
CONFTEST = """
import os
import pytest
from forked_processes import ForkedProcesses

def pytest_configure(config):
    config.pluginmanager.register(ForkedProcesses(2))

@pytest.fixture(scope="session")
def server():
    yield
    with open("stopped", "a") as file:
        file.write(f"{os.getpid()}\\n")
"""
ONE = """
import os
import pytest

def test_of_the_server(server): pass
def test_that_fails():
    print("what it printed")
    assert os.getpid() == 0
def test_that_is_skipped(): pytest.skip("there is none")
def test_that_ends_its_process(): os._exit(3)
def test_with_a_folder(tmp_path, server): assert tmp_path.is_dir()
"""
OTHER = """
import time
from pathlib import Path

def test_of_another_process(server):
    while not Path("stopped").exists():
        time.sleep(0.01)
"""


def run(folder: Path, *args: str) -> tuple[int, str]:
    for name, text in (("conftest", CONFTEST), ("test_one", ONE), ("test_other", OTHER)):
        (folder / f"{name}.py").write_text(text)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:asyncio",
        "-p",
        "no:cacheprovider",
    ]
    env = os.environ | {"PYTHONPATH": str(TESTS)}
    done = subprocess.run([*words, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_failures_and_processes_that_end_are_shown_and_what_they_left_is_run(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert code == 1
    assert "2 failed, 3 passed, 1 skipped" in said, said
    assert "what it printed" in said
    assert "The process of this test ended with the exit code 3." in said
    assert len(set((tmp_path / "stopped").read_text().split())) == 2  # the process that ended by itself stopped nothing
    assert "Traceback" not in said


def test_the_first_failure_ends_them_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "stopped").touch()
    code, said = run(tmp_path, "-x")
    assert code == 1 and "1 failed" in said and "exit code 3" not in said, said
    assert (tmp_path / "stopped").read_text()
