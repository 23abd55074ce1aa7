"""What other programs use: its documentation is run as it stands, and so are the examples."""

import asyncio
import doctest
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

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


def test_both_ends_of_a_line_synchronise_again_after_noise() -> None:
    lines = run(str(EXAMPLES / "two_ends_and_noise.py"))
    assert "module: Offline" in lines
    assert "bytes: bad checksum" in lines
    assert lines.rindex("module: Online") > lines.rindex("module: Offline")


def test_an_example_without_its_arguments_says_how_it_is_started() -> None:
    for name in ("decode_a_capture.py", "switch_a_plug.py"):
        done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True, check=False)
        assert (done.returncode, f"python examples/{name} " in done.stderr) == (1, True)


@pytest.mark.parametrize("text", ["line.log", "tests/captures/tuya/plug_boot.jsonl"])
def test_the_path_of_a_file_as_text_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(unclouded.CommandError, match=r"A file is named by pathlib\.Path"):
        unclouded.decode(text)


def test_what_cannot_be_decoded_is_refused_by_the_call_itself() -> None:
    """Not by the first step of a loop over what it returns."""
    refused: list[tuple[dict[str, Any], str]] = [
        ({"recording": 5}, "bytes, the text of a log or a Path, not int"),
        ({"recording": b"", "sender": "mcu"}, "'controller' or 'device', not 'mcu'"),
        ({"recording": b"", "family": "zigbee"}, "There is no family 'zigbee'"),
        ({"recording": b"", "profile": "tuya/nope"}, "There is no profile 'tuya/nope'"),
    ]
    for given, why in refused:
        with pytest.raises(unclouded.UncloudedError, match=why):
            unclouded.decode(**given)


@pytest.mark.parametrize("name", unclouded.FAMILY_NAMES)
def test_a_decoder_says_what_it_takes(name: str) -> None:
    family = unclouded.family(name)
    for make in (family.decoder, *(dialect.decoder for dialect in family.dialects.values())):
        with pytest.raises(unclouded.CommandError, match=r"'controller' or 'device', not 'mcu'"):
            make("mcu")  # type: ignore[arg-type]  # what a program may give
        decoder = make("device")
        for text in ("55 AA", "", 5, [0x55, 0xAA], None):
            with pytest.raises(unclouded.CommandError, match=rf"takes bytes, .*, not {type(text).__name__}"):
                decoder.feed(text)  # type: ignore[arg-type]
        buffer = bytearray(b"\xff\xfe\x00 x")
        pieces = [
            *decoder.feed(buffer),  # type: ignore[arg-type]  # taken, too
            *decoder.feed(memoryview(buffer)),  # type: ignore[arg-type]
        ]
        buffer[:] = bytes(len(buffer))  # a program may use its buffer again
        assert b"".join(one.data for one in [*pieces, *decoder.close()]) == b"\xff\xfe\x00 x" * 2


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("mss310", {}, "Name where mss310 is to be served, as in http='127.0.0.1:0'."),
        ("mss310", {"link": "listen://127.0.0.1:0"}, "mss310 has no wire for a link: use http='127.0.0.1:0'."),
        ("mss310", {"http": "127.0.0.1:0", "faults": "cuts-lines"}, "of the console: simulate 'mss310-console'."),
        ("mss310-console", {}, "as in link='listen://127.0.0.1:0'."),
        ("tuya-plug", {}, "Name where tuya-plug is to be served, as in link='listen://127.0.0.1:0'."),
        ("tuya-plug", {"http": "127.0.0.1:0"}, "http is for Meross plugs; tuya-plug is served on a link, as in link="),
        ("tuya", {"link": "listen://127.0.0.1:0"}, "Name the product, as in product='37mnhia3pojleqfh'."),
        ("tuya", {"link": "listen://127.0.0.1:0", "product": "81yrt3lo"}, "a gateway: tuya-gateway plays it."),
        ("kettle", {}, "There is no simulated 'kettle'."),
    ],
)
def test_what_cannot_be_simulated_names_the_argument_and_no_option(kind: str, given: dict[str, str], why: str) -> None:
    async def begin() -> None:
        async with unclouded.simulate(kind, **given):  # type: ignore[arg-type]  # texts only
            pass

    with pytest.raises(unclouded.CommandError) as error:
        asyncio.run(begin())
    assert why in str(error.value) and "--" not in str(error.value)


def test_a_device_whose_block_has_ended_says_so() -> None:
    async def leave() -> list[str]:
        async with (
            unclouded.simulate("tuya-plug", "listen://127.0.0.1:0", faults="sends-stray-bytes") as mcu,
            unclouded.open_device(mcu.url, "tuya_wifi") as device,
        ):
            loop = asyncio.create_task(_count(device))
            await asyncio.sleep(0)
        said = []
        for left in (loop, device.set("on", True), _count(device)):
            with pytest.raises(unclouded.LinkError) as error:
                await left
            said.append(str(error.value))
        return said

    assert (
        asyncio.run(leave())
        == ["The device was closed when the block of open_device ended. Open it again, or stay inside."] * 3
    )


async def _count(device: unclouded.OpenedDevice) -> int:
    return len([one async for one in device.readings()])


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
