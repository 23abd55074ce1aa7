"""The published transcript of a real plug, where it is there: it cannot be part of this repository."""

from pathlib import Path
from typing import Any

import pytest

from pair import ambient
from unclouded.core.sessions.session import Event, Identified, LinkPath, Reported
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.wire.decoder import ConsoleDecoder
from unclouded.families.meross.console.wire.redact import redact
from unclouded.families.meross.console.wire.start_report import StartReport

FILE = Path(__file__).parents[5] / "shared/vectors/console/mss310_hw2_fw2.1.7.txt"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the transcript of the real console is not here")


def test_every_line_of_the_transcript_has_a_meaning() -> None:
    decoder = ConsoleDecoder(None)
    data = FILE.read_bytes()
    pieces = [*decoder.feed(data), *decoder.close()]
    assert b"".join(piece.data for piece in pieces) == data
    others = [piece.data.decode().strip() for piece in pieces if piece.kind == "noise" or piece.name == "text"]
    unknown = {
        line for line in others if line and " - " not in line
    }  # the list behind the start: no command asked for it
    assert unknown == {"R\u2e2e"}  # noise of the line


def test_the_report_and_the_values_of_the_transcript() -> None:
    data = FILE.read_bytes()
    report = StartReport()
    report.feed(data)
    fields: dict[str, Any] = dict(report.fields())  # Any: JSON
    assert fields["start"]["reset_reason"] == "HAL_WDT_SOFTWARE_RESET" and fields["log"]["cut"] == 3
    assert fields["meross fw"]["version"] == "2.1.7" and len(fields["meross task"]["tasks"]) == 14
    session = ConsoleSession(ConsoleSettings(), ambient())
    events: list[Event] = [*session.up(LinkPath(recorded=True), 0.0), *session.receive(data, 0.0)]
    values = {key: value for event in events if isinstance(event, Reported) for key, value in event.values.items()}
    assert values["mem.free"] == 83536 and values["iot.wifi"] == "disconnect" and values["on"] is True
    assert any(isinstance(event, Identified) and event.info["hardware"] == "2.0.0" for event in events)


def test_only_secrets_of_the_transcript_are_blanked() -> None:
    data = FILE.read_bytes()
    changed = [
        old for old, new in zip(data.splitlines(), redact("device", data).splitlines(), strict=True) if old != new
    ]
    assert {line.split(b":")[0] for line in changed} == {
        *(b"[STA]WpaPsk", b"[STA]PMK_INFO", b"[STA]SharedKey", b"[AP]WpaPsk", b"[AP]SharedKey"),
        "R\u2e2e".encode(),
    }
