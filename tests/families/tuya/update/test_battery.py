"""New firmware for a battery device, as long as it is awake."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import Pair, ambient, answers_with, losing
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Identified,
    Reported,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowMcu, LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings

FIRMWARE = random.Random(7).randbytes(5000)
DOOR = WireCommand({"1": False, "2": 87})


def door(*faults: str, until: float = 1.0, **wire: object) -> tuple[Pair, Endpoint[LowMcu]]:
    """A door sensor that has just woken up; with ``until`` beyond some seconds it sleeps again."""
    mcu = low_mcu(LowOptions(faults=frozenset(faults)))
    module = low_module(LineSettings(), ambient())
    pair = Pair(module, mcu, answers=answers_with(FIRMWARE), **wire)  # type: ignore[arg-type]  # Pair's own
    pair.submit(DOOR, "device")
    pair.run(until=until)
    return pair, mcu


def update(pair: Pair, **args: str) -> int:
    return pair.submit(WireAction("update", {"file": "new.bin", **args}))


def fate(pair: Pair, ticket: int) -> Settled:
    (settled,) = [event for event in pair.of("controller", Settled) if event.ticket == ticket]
    assert isinstance(settled, Settled)
    return settled


def test_it_goes_by_0d_and_0e_and_the_device_reports_its_new_version() -> None:
    pair, mcu = door()
    ticket = update(pair, version="1.0.1")
    pair.run(until=30.0)
    assert fate(pair, ticket) == Settled(ticket, "confirmed", "version 1.0.1")
    assert mcu.role.target.data == FIRMWARE
    assert pair.of("controller", Identified)[-1].info["version"] == "1.0.1"
    said = [data for data in pair.sent_by("controller") if data[3] in (0x0D, 0x0E)]
    assert said[0] == bytes(Frame(0, 0x0D, (5000).to_bytes(4)))
    assert [len(data) - 11 for data in said[1:]] == [256] * 19 + [136, 0]
    assert pair.of("controller", Advanced)[-1].words == "waiting for the MCU to restart"


def test_for_a_device_that_sleeps_the_reason_names_how_to_wake_it() -> None:
    pair, _ = door(until=60.0)
    ticket = update(pair)
    pair.run(until=61.0)
    words = "the device sleeps: wake it (press its button) and send the command again"
    assert fate(pair, ticket) == Settled(ticket, "unreachable", words)


def test_while_it_runs_reports_are_taken_and_sets_refused() -> None:
    pair, mcu = door(latency=0.1)
    ticket = update(pair)
    pair.run(until=3.0)
    other = pair.submit(WireCommand({"17": 15}, types={"17": "value"}))
    pair.submit(WireCommand({"1": True}), "device")
    pair.send("device", bytes(Frame(0, 0x0C)))
    pair.run(until=60.0)
    assert fate(pair, other) == Settled(other, "refused", "an update is running")
    assert Reported({"1": True}) in pair.of("controller", Reported)
    assert bytes(Frame(0, 0x0C, b"\2")) in pair.sent_by("controller")  # the state of an update: it is under way
    assert fate(pair, ticket).result == "confirmed" and mcu.role.target.data == FIRMWARE


@pytest.mark.parametrize(
    ("fault", "result", "words"),
    [
        ("ignores-update", "timeout", "the MCU does not answer the start of the update"),
        ("loses-update-blocks", "confirmed", "version 1.0.1"),
        ("restarts-during-update", "timeout", "the MCU does not answer the block of the update at 2.6 kB of 5.0 kB"),
        ("keeps-old-version", "refused", "the MCU still reports version 1.0.0 a minute after the update"),
        ("stops-during-update", "timeout", "the MCU does not answer the block of the update at 2.6 kB of 5.0 kB"),
    ],
)
def test_its_failures_are_reported_as_text(fault: str, result: str, words: str) -> None:
    pair, _ = door(fault)
    ticket = update(pair)
    pair.run(until=200.0)
    assert (fate(pair, ticket).result, fate(pair, ticket).reason) == (result, words)


def test_a_cut_line_reports_how_far_it_came() -> None:
    pair, _ = door(latency=0.1)
    ticket = update(pair)
    pair.run(until=2.5)
    pair.cut()
    assert fate(pair, ticket).reason.startswith("cut: the update came to 1.")


def test_files_of_the_old_kind_and_several_mcus_are_not_for_battery_devices() -> None:
    pair, _ = door()
    for args, words in (({"kind": "file"}, "write kind=firmware"), ({"channel": "10"}, "leave channel= out")):
        with pytest.raises(CommandError, match=words):
            update(pair, **args)


@given(st.integers(0, 1000), st.sampled_from((0.0, 0.0002, 0.001)))
@settings(max_examples=40, deadline=None)
def test_on_a_line_that_loses_bytes_it_ends_once_and_confirms_the_file_only(seed: int, share: float) -> None:
    pair, mcu = door(seed=seed, damage=losing(share), until=3.0)
    ticket = update(pair)
    pair.run(until=1000.0)
    assert fate(pair, ticket).result != "confirmed" or mcu.role.target.data == FIRMWARE
