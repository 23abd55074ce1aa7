"""What other programs use: its documentation is run as it stands, and so are the examples."""

import doctest
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import unclouded

PROJECT = Path(__file__).parents[3]
PAGE = PROJECT / "docs" / "python.md"
EXAMPLES = PROJECT / "examples"


def test_every_example_of_the_page_does_what_it_shows() -> None:
    text = PAGE.read_text("utf-8").replace("```\n", "\n")
    test = doctest.DocTestParser().get_doctest(text, {}, "python.md", str(PAGE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    found: list[str] = []
    runner.run(test, out=found.append)
    assert "".join(found) == ""
    assert runner.summarize(verbose=False).attempted > 10


def test_the_page_describes_every_public_name() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in unclouded.__all__ if f"`{name}" not in text and name != "VERSION"] == []


@pytest.mark.parametrize("name", unclouded.__all__)
def test_every_public_name_is_there_and_has_a_docstring(name: str) -> None:
    thing = getattr(unclouded, name)
    assert isinstance(thing, str | tuple) or (thing.__doc__ and thing.__module__.startswith("unclouded"))


def test_every_method_that_a_program_may_call_has_a_docstring() -> None:
    classes = [getattr(unclouded, name) for name in unclouded.__all__ if isinstance(getattr(unclouded, name), type)]
    methods = [
        (one.__name__, key, value)
        for one in classes
        for key, value in vars(one).items()
        if not key.startswith("_") and isinstance(value, FunctionType | classmethod | staticmethod | property)
    ]
    assert len(methods) > 30
    assert [f"{owner}.{key}" for owner, key, value in methods if not value.__doc__] == []


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(unclouded, "nothing")  # noqa: B009


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, unclouded; print([name for name in sys.modules if name.startswith('unclouded.')])"
    assert run("-c", program) == "[]\n"


def test_a_capture_is_decoded() -> None:
    lines = run(
        str(EXAMPLES / "decode_a_capture.py"), str(PROJECT / "tests/captures/tuya/battery_with_heartbeats.jsonl")
    )
    assert "device      report\n    1 = False" in lines


@pytest.mark.parametrize(
    ("example", "shown"),
    [("talk_to_an_mcu.py", "switch on: confirmed after"), ("read_a_plug.py", " W (good)")],
)
def test_an_example_talks_to_a_simulated_device(example: str, shown: str) -> None:
    assert shown in run(str(EXAMPLES / example))


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
