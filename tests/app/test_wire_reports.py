"""The sentences about the two wires of a bridge."""

import asyncio

from unclouded.app.recording.wire_reports import QUIET_S, WireReports
from virtual_loop import story


@story
async def test_an_end_that_accepts_nothing_is_reported_once_in_a_while_and_with_what_it_missed() -> None:
    reported: list[str] = []
    reports = WireReports({"controller": "module", "device": "MCU"}, reported.append)
    reports.dropped("device", 3)
    assert reported == [], "it is not open yet"
    reports.up("device")
    reports.dropped("device", 5)
    reports.dropped("device", 6)
    reports.received("device")
    reports.received("device")
    reports.dropped("device", 7)
    await asyncio.sleep(QUIET_S)
    reports.dropped("device", 8)
    reports.down("device", "The port is gone.")
    reports.dropped("device", 9)
    reports.up("device")
    assert reported == [
        "MCU: the line is open; 3 bytes for it were dropped meanwhile",
        "MCU: accepts nothing now; bytes for it are dropped",
        "MCU: is received again; 11 bytes for it were dropped meanwhile",
        "MCU: accepts nothing now; bytes for it are dropped",
        "MCU: The port is gone. Waiting for it.",
        "MCU: the line is open again; 24 bytes for it were dropped meanwhile",
    ]
    assert (reports.rejected("device"), reports.rejected("controller")) == (38, 0)


@story
async def test_one_wire_alone_needs_no_name() -> None:
    reported: list[str] = []
    reports = WireReports({"device": "MCU"}, reported.append)
    reports.up("device")
    reports.down("device", "It is gone.")
    reports.dropped("device", 1)
    assert reported == ["the line is open", "It is gone. Waiting for it."]
