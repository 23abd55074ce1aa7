"""`record`: one wire, two taps, and the bridge between a hub in the role of the module and a simulated MCU."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from place import TIMEOUT_S, Line, Place, place_in, read
from unclouded.cli import cli

FAMILY = ("--family", "tuya_wifi")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["record", *FAMILY, *words])


def lines(*words: str) -> list[Line]:
    done = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Name what to record"),
        (("--module", "pty:b"), "both --module URL and --mcu URL"),
        (("--link", "pty:b", "--mcu", "serial:a"), "either --link, or --module and --mcu"),
        (("--link", "bogus:b"), "has no link bogus:"),
        (("--module", "http://192.168.1.2", "--mcu", "serial:a"), "is not a line of bytes"),
        (("--module", "serial:a", "--mcu", "serial:a"), "Both ends are the same wire"),
        (("--module", "serial:a?baud=fast", "--mcu", "serial:b"), "baud=fast"),
    ],
)
def test_invalid_wires_are_reported(tmp_path: Path, words: tuple[str, ...], expected: str) -> None:
    done = run(*words, str(tmp_path / "c.jsonl"))
    assert done.exit_code != 0
    assert expected in done.output + str(done.exception)
    assert not (tmp_path / "c.jsonl").exists()


def test_a_file_that_is_no_capture_is_left_unchanged(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    diary.write_text("dear diary")
    done = run("--module", f"pty:{tmp_path}/b", "--mcu", f"pty:{tmp_path}/a", str(diary))
    assert done.exit_code != 0
    assert "is not a capture of tuya_wifi" in str(done.exception)
    assert diary.read_text() == "dear diary"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A plug cut in two: its MCU is simulated on A, the hub is the module on B."""
    config = f'[[device]]\nid = "plug"\nfamily = "tuya_wifi"\nlink = "serial:{tmp_path}/B"\n'
    with place_in(tmp_path, config) as here:
        yield here


def wires(place: Place) -> tuple[str, ...]:
    return ("--module", f"pty:{place.folder}/B", "--mcu", f"serial:{place.folder}/A")


def ended(place: Place, process: subprocess.Popen[str]) -> list[Line]:
    """Ctrl-C; the lines printed since the last read."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    with process.stdout as out:
        printed = out.read()  # communicate() would lose what is read ahead already
    process.wait(TIMEOUT_S)
    place.running.remove(process)
    assert process.returncode == 0, place.log("record")
    return [json.loads(line) for line in printed.splitlines()]


def values(readings: list[Line]) -> list[tuple[str, Any]]:  # Any: JSON
    return [(one["point"], one["value"]) for one in readings if "point" in one]


def until_it_answers(place: Place) -> None:
    """Until the wires are dialled again; each try takes its time."""
    for _ in range(TIMEOUT_S):
        if lines("set", "plug", "on", "on", "--config", str(place.config))[0]["outcome"] == "confirmed":
            return
    raise AssertionError(place.log("record"))


def value_of(place: Place, point: str) -> object:
    return place.ask("read", "plug", point)[0]["value"]


def test_a_bridge_between_a_hub_and_an_mcu_is_transparent_and_records_everything(place: Place) -> None:
    """Online, switched, metered; then the MCU is unplugged and put back; then the capture replays the same readings."""
    capture = place.folder / "line.jsonl"
    mcu, _ = place.sim("tuya-plug", "--link", f"pty:{place.folder}/A")
    recorder = place.start("record", *FAMILY, *wires(place), "--watch", str(capture))
    hub, _ = place.hub("--web", "off")
    assert place.ask("set", "plug", "on", "off")[0]["outcome"] == "confirmed"
    assert value_of(place, "power_W") == 0
    assert place.ask("set", "plug", "on", "on")[0]["outcome"] == "confirmed"
    assert read(recorder, lambda line: line["name"] == "product info")["sender"] == "controller"
    place.stop(mcu)
    place.sim("tuya-plug", "--link", f"pty:{place.folder}/A")
    until_it_answers(place)
    live = ended(place, hub)
    totals = ended(place, recorder)[-1]

    log = place.log("record")
    assert "module: the line is open" in log and "MCU: the line is open again" in log
    assert "Was the adapter unplugged? Waiting for it." in log
    assert totals["recorded"] is True
    assert totals["noise_bytes"] == 0
    assert totals["sides"]["controller"]["frames"] + totals["sides"]["device"]["frames"] == totals["frames"] > 20
    decoded = lines("decode", *FAMILY, str(capture))
    assert len(decoded) == totals["frames"]
    replayed = lines("replay", str(capture))
    assert values(replayed)[: len(values(live))] == values(live), "the capture replays what the hub has read"
    switched = [value for point, value in values(live) if point == "on"]
    assert False in switched and True in switched[switched.index(False) :]
    assert any(point == "power_W" and value > 0 for point, value in values(live))


def test_two_taps_send_nothing(place: Place) -> None:
    place.sim("tuya-plug", "--link", f"pty:{place.folder}/A")
    taps = ("--listen-only", "--module", f"pty:{place.folder}/C", "--mcu", f"serial:{place.folder}/A")
    recorder = place.start("record", *FAMILY, *taps, "--for", "1s", str(place.folder / "line.jsonl"))
    (totals,) = [json.loads(line) for line in recorder.communicate(timeout=TIMEOUT_S)[0].splitlines()]
    place.running.remove(recorder)
    assert (recorder.returncode, totals["bytes"], totals["sides"]["device"]["dropped_bytes"]) == (0, 0, 0)
