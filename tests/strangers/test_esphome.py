"""ESPHome's component `tuya`, a Wi-Fi module by other people, on the serial line of the simulated Tuya MCUs."""

import datetime
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from place import place_in, read
from strangers.driven import TIMEOUT_S, needs
from strangers.environments import strangers
from strangers.esphome_build import esphome_module

pytestmark = needs("esphome")

# Of the faults of our MCUs, those that this module copes with. It does not cope with the others that our hub does:
# ignores-product-query, ignores-mode-query, ignores-queries, ignores-all-until-status-04, sends-wrong-lengths,
# sends-stray-bytes, pauses-after-burst.
FAULTS = [
    *("has-old-firmware", "corrupts-product-info", "sends-version-1-events", "answers-slowly", "asks-after-heartbeats"),
    *("sends-shifted-pieces", "interleaves-frames", "loses-long-frames", "changes-in-steps"),
]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def program() -> Path:
    return esphome_module(strangers()["esphome"])


class Module:
    """A running ESPHome module and its log."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.lines: list[str] = []

    def until(self, pattern: str) -> str:
        """The first group of the next line that matches."""
        assert self._process.stdout is not None
        late = threading.Timer(TIMEOUT_S, self._process.kill)
        late.start()
        try:
            for line in self._process.stdout:
                self.lines.append(COLOURS.sub("", line.rstrip()))
                if found := re.search(pattern, self.lines[-1]):
                    return found[1] if found.groups() else found[0]
        finally:
            late.cancel()
        raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self.lines[-60:]))

    def started(self) -> dict[int, str]:
        """Wait until it has gone through its start and lists what it knows: the kind and value of each data point."""
        self.until(r"\]: Tuya:$")
        self.until(r"Product: (.*)")
        listed = (re.search(r"Datapoint (\d+): (.+) \(value", line) for line in self.lines)
        return {int(found[1]): found[2] for found in listed if found}

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def set(self, kind: str, point: int, value: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{kind} {point} {value}\n")
        self._process.stdin.flush()


@contextmanager
def module(program: Path, line: Path) -> Iterator[Module]:
    pipe = subprocess.PIPE
    env = {**os.environ, "LINE": str(line)}
    process = subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=env)
    try:
        yield Module(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def both(program: Path, folder: Path, kind: str, *words: str) -> Iterator[tuple[Module, "subprocess.Popen[str]"]]:
    """The module, and a simulated MCU on the same line with what it prints."""
    line = folder / "line"
    with place_in(folder) as place:
        mcu, _ = place.sim(kind, "--link", f"pty:{line}", "--load", "lamp", *words)
        with module(program, line) as one:
            yield one, mcu


BOOL, INT, ENUM, RAW, BITMAP = "switch", "int value", "enum", "raw", "bitmask"  # ESPHome's words
POINTS = {
    "tuya-plug": {1: BOOL, 9: INT, 18: INT, 19: INT, 20: INT, 26: BITMAP, 38: ENUM, 39: BOOL, 40: ENUM, 41: BOOL},
    "tuya-breaker": {
        **{1: INT, 6: RAW, 7: RAW, 8: RAW, 9: BITMAP, 11: BOOL, 14: INT, 15: INT, 16: BOOL},
        **{17: RAW, 18: RAW, 23: INT, 32: INT, 35: ENUM},
    },
    "tuya-thermostat": {1: BOOL, 2: INT, 3: INT, 4: ENUM, 5: BOOL, 6: BOOL, 101: RAW},
    "tuya-clamp": {18: INT, 19: INT, 20: INT},
}


@pytest.mark.parametrize("kind", POINTS)
def test_it_goes_through_the_start_and_learns_all_points(program: Path, tmp_path: Path, kind: str) -> None:
    with both(program, tmp_path, kind) as (one, _):
        assert one.started() == POINTS[kind]
        assert "unclouded" in one.lines[-1]


def test_it_switches_the_plug_and_the_power_follows(program: Path, tmp_path: Path) -> None:
    with both(program, tmp_path, "tuya-plug") as (one, _):
        one.started()
        for on, power in ((0, r"0$"), (1, r"[1-9]\d*$")):
            one.set("bool", 1, on)
            one.until(f"Datapoint 1 update to {'ON' if on else 'OFF'}")
            one.until(f"Datapoint 19 update to {power}")


def test_it_sets_numbers_and_modes_of_the_thermostat(program: Path, tmp_path: Path) -> None:
    with both(program, tmp_path, "tuya-thermostat") as (one, _):
        one.started()
        one.set("int", 2, 51)
        one.until("Datapoint 2 update to 51$")
        one.set("enum", 4, 0)
        one.until("Datapoint 4 update to 0$")


def test_a_value_outside_the_limits_is_not_taken(program: Path, tmp_path: Path) -> None:
    """5 to 35 degrees: the report that follows still has the old value."""
    with both(program, tmp_path, "tuya-thermostat") as (one, _):
        one.started()
        one.set("int", 2, 400)
        one.set("enum", 4, 0)
        one.until("Datapoint 4 update to 0$")
        assert not [line for line in one.lines if "Datapoint 2 update to 400" in line]


def test_it_answers_what_the_mcu_asks(program: Path, tmp_path: Path) -> None:
    with both(program, tmp_path, "tuya-plug", "--ask", "time") as (one, mcu):
        one.started()
        answer = read(mcu, lambda line: "asked" in line)
        assert answer["outcome"] == "confirmed"
        reported = datetime.datetime.strptime(answer["answer"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.UTC)
        assert abs(reported.timestamp() - time.time()) < TIMEOUT_S


def test_a_module_that_starts_again_finds_the_mcu_again(program: Path, tmp_path: Path) -> None:
    with both(program, tmp_path, "tuya-plug") as (one, _):
        one.started()
        one.set("bool", 1, 0)
        one.until("Datapoint 1 update to OFF")
        with module(program, tmp_path / "line") as another:
            one.kill()
            assert another.started() == POINTS["tuya-plug"]
            assert "Datapoint 1 update to OFF" in "\n".join(another.lines)


@pytest.mark.parametrize("fault", FAULTS)
def test_it_switches_a_plug_that_has_the_fault(program: Path, tmp_path: Path, fault: str) -> None:
    with both(program, tmp_path, "tuya-plug", "--fault", fault) as (one, _):
        one.until("Datapoint 19 update to")
        one.set("bool", 1, 0)
        one.until("Datapoint 1 update to OFF")
