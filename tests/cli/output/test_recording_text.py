"""What `record` prints: the state of the wires, decoded frames, and the totals at the end."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from recording.test_tap import full_disk
from unclouded.app.decoding.live_reader import LiveEntry
from unclouded.app.recording import recorder
from unclouded.app.recording.recorder import LineRecorder
from unclouded.cli.output.bytes.recording_text import PrintedLine, RecordingText, recording_json, recording_lines
from unclouded.core.family import Family
from unclouded.core.sessions.session import Out
from unclouded.families import family
from unclouded.links import memory
from unclouded.links.memory import MemoryLink
from virtual_loop import virtual_run

TUYA = family("tuya_wifi")
QUERY = bytes.fromhex("55 aa 00 08 00 00 07")
REPORT = bytes.fromhex("55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a")
TIME_PLEASE = "55 aa 00 06 00 00 05"  # as battery devices ask
FOR = 60.0


def recorded(
    story: Callable[[MemoryLink, MemoryLink], Awaitable[None]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    watch: bool = False,
    as_json: bool = False,
    of: Family = TUYA,
) -> LineRecorder:
    """A recording of one minute, in which ``story`` happens to the ends of the module and of the MCU."""

    async def minute() -> LineRecorder:
        (module, ours), (mcu, theirs) = memory.pair(), memory.pair()
        links = {"m": ours, "d": theirs}
        monkeypatch.setattr(recorder, "open_link", lambda url, baud, parity: links[url])
        text = RecordingText(of, as_json=as_json)

        def show(entries: Sequence[LiveEntry]) -> None:
            for line in text.lines(entries) if watch else ():
                line.show()

        record = LineRecorder(
            of.name,
            folder / "c.jsonl",
            {"controller": "m", "device": "d"},
            report=lambda line: PrintedLine(line, err=True).show(),
            show=show,
        )
        running = asyncio.create_task(record.run(lambda: asyncio.sleep(FOR), forward=True), name="record")
        module.start(RecordingInlet())
        mcu.start(RecordingInlet())
        await asyncio.sleep(1)
        await story(module, mcu)
        await running
        await module.close()
        await mcu.close()
        return record

    return virtual_run(minute())


async def asked_and_answered(module: MemoryLink, mcu: MemoryLink) -> None:
    module.send(Out(QUERY))
    await asyncio.sleep(0.1)
    mcu.send(Out(REPORT + b"\xff"))
    await asyncio.sleep(1)


def test_with_watch_it_prints_the_lines_of_decode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = recorded(asked_and_answered, tmp_path, monkeypatch, watch=True)
    printed, news = capsys.readouterr()
    assert [line[10:] for line in printed.splitlines()[:2]] == ["  →  query all", "  ←  report  5 = 30  · after 100 ms"]
    assert "noise" in printed
    assert news.splitlines() == ["module: the line is open", "MCU: the line is open"]
    words = list(recording_lines(record))
    assert words[0] == f"7 bytes from the module, 16 bytes from the MCU, written to {tmp_path / 'c.jsonl'}"
    assert words[1] == "2 frames, 1 byte of noise"
    assert record.is_whole


def test_without_watch_it_prints_nothing_and_counts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def unanswered(module: MemoryLink, mcu: MemoryLink) -> None:
        await asked_and_answered(module, mcu)
        module.send(Out(QUERY))

    record = recorded(unanswered, tmp_path, monkeypatch)
    assert capsys.readouterr().out == ""
    totals = recording_json(record)
    assert totals["remarks"] == {"no answer": 1}, "also of silence, which no frame shows"
    assert (totals["bytes"], totals["frames"], totals["noise_bytes"]) == (30, 3, 1)


def test_in_json_each_piece_is_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(asked_and_answered, tmp_path, monkeypatch, watch=True, as_json=True)
    query, report, noise = map(json.loads, capsys.readouterr().out.splitlines())
    assert (query["name"], report["answers"], noise["kind"]) == ("query all", 0, "noise")
    assert report["after_ms"] == pytest.approx(100, abs=1)


def test_an_end_that_is_disconnected_is_reported_with_its_missed_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def unplugged(module: MemoryLink, mcu: MemoryLink) -> None:
        await mcu.close()
        await asyncio.sleep(0.1)
        for _ in range(3):
            module.send(Out(QUERY))
        await asyncio.sleep(1)
        mcu.start(RecordingInlet())
        await asyncio.sleep(1)
        await mcu.close()
        await asyncio.sleep(0.1)
        mcu.start(RecordingInlet())
        await asyncio.sleep(1)

    record = recorded(unplugged, tmp_path, monkeypatch)
    assert capsys.readouterr().err.splitlines()[2:] == [
        "MCU: The other end was closed. Waiting for it.",
        "MCU: the line is open again; 21 bytes for it were dropped meanwhile",
        "MCU: The other end was closed. Waiting for it.",
        "MCU: the line is open again",
    ]
    assert "21 bytes for the MCU were dropped: it did not accept them." in list(recording_lines(record))


def test_halves_of_two_connections_make_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def replugged(module: MemoryLink, mcu: MemoryLink) -> None:
        mcu.send(Out(REPORT[:8]))
        await asyncio.sleep(0.01)
        await mcu.close()
        await asyncio.sleep(0.01)
        mcu.start(RecordingInlet())
        await asyncio.sleep(0.01)
        mcu.send(Out(REPORT[8:]))

    totals = recording_json(recorded(replugged, tmp_path, monkeypatch))
    assert (totals["frames"], totals["noise_bytes"]) == (0, len(REPORT))


def test_a_full_disk_is_reported_at_once_and_at_the_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def much(module: MemoryLink, mcu: MemoryLink) -> None:
        for _ in range(100):
            mcu.send(Out(REPORT))
            await asyncio.sleep(0.1)

    with full_disk(3_000):
        record = recorded(much, tmp_path, monkeypatch, watch=True)
    assert "The recording has stopped; the line continues." in caplog.text
    assert capsys.readouterr().out.count("report") == 100
    assert not record.is_whole
    assert any("bytes from the MCU are not in the file" in line for line in recording_lines(record))


def test_passwords_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b'{"ssid":"Attic 5G","password":"hunter2!"}'
    frame = b"\x55\xaa\x03\x2c" + len(body).to_bytes(2) + body
    frame += bytes([sum(frame) & 0xFF])

    async def tested(module: MemoryLink, mcu: MemoryLink) -> None:
        for data in (frame, frame[:40]):
            mcu.send(Out(data))
            await asyncio.sleep(1)

    for as_json in (False, True):
        recorded(tested, tmp_path, monkeypatch, watch=True, as_json=as_json)
        shown = "".join(capsys.readouterr()) + (tmp_path / "c.jsonl").read_text()
        for secret in ("hunter2", "Attic"):
            assert secret not in shown
            assert secret.encode().hex() not in shown
            assert secret.encode().hex(" ") not in shown


def test_a_battery_device_is_decoded_in_its_own_dialect_once_it_is_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def woken(module: MemoryLink, mcu: MemoryLink) -> None:
        for link, text in ((module, "55 aa 00 02 00 01 04 06"), (mcu, "55 aa 00 02 00 00 01"), (mcu, TIME_PLEASE)):
            link.send(Out(bytes.fromhex(text)))
            await asyncio.sleep(0.05)
        await asyncio.sleep(5)

    record = recorded(woken, tmp_path, monkeypatch, watch=True)
    printed, news = capsys.readouterr()
    assert "time (local)" in printed
    assert "Dialect from here on: low_power: Battery devices." in news
    assert recording_json(record)["remarks"] == {"no answer": 1}, "of the dialect that is spoken"
