"""The log of what was sent: every byte comes back, it stays small, and a power cut costs one line at most."""

from itertools import islice
from pathlib import Path

from unclouded.app.uplink.sent_content import sent_content
from unclouded.app.uplink.sent_log import FILE, OLD, SentLog, SentMessage, follow_sent, sent_messages
from unclouded.uplink.contents.catalogue import SentCatalogue, SentDevice, encode_catalogue
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.messages import HubState, SentWindow, Windows, encode_message

START = 1_800_000_000 // 300 * 300


def message(number: int, data: bytes = b"\x00\xff") -> SentMessage:
    return SentMessage(1_800_000_000.5 + number, "up.1.hub", data)


def test_the_newest_messages_are_kept_and_read_back(tmp_path: Path) -> None:
    log = SentLog(tmp_path / "fleet", most=3, most_bytes=10_000)
    for number in range(8):
        log.add([message(number)])
    assert list(sent_messages(tmp_path / "fleet")) == [message(number) for number in range(3, 8)]
    SentLog(tmp_path / "fleet", most=3, most_bytes=10_000).add([message(8)])  # the hub was started again
    assert list(sent_messages(tmp_path / "fleet"))[-1] == message(8)
    assert (tmp_path / "fleet" / FILE).stat().st_mode & 0o777 == 0o600


def test_large_messages_are_set_aside_sooner(tmp_path: Path) -> None:
    log = SentLog(tmp_path, most=1000, most_bytes=5_000)
    for number in range(20):
        log.add([message(number, bytes(1000))])
    assert sum((tmp_path / name).stat().st_size for name in (FILE, OLD)) < 11_000


def test_half_a_line_costs_no_other(tmp_path: Path) -> None:
    SentLog(tmp_path).add([message(0), message(1)])
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-20])
    SentLog(tmp_path).add([message(2)])
    assert list(sent_messages(tmp_path)) == [message(0), message(2)]


def test_who_follows_misses_nothing_when_the_file_is_set_aside(tmp_path: Path) -> None:
    log = SentLog(tmp_path, most=3)
    log.add([message(0)])
    numbers = iter(range(1, 20))

    def wait(seconds: float) -> None:
        log.add([message(next(numbers)) for _ in range(2)])

    found = list(islice(follow_sent(tmp_path, wait), 9))
    assert found == [message(number) for number in range(1, 10)]


def test_what_was_sent_is_read_as_the_fleet_reads_it() -> None:
    seconds = {7: [(START, [(0, 1, 42, 0)]), (START + 1, [(5, 1, 43, 0), (6, 2, 1, 0)])]}
    windows = Windows("raw", (SentWindow(START, 5, encode_raw(START, seconds)),))
    raw = sent_content(SentMessage(0.0, "up.1.hub", encode_message(windows)))
    assert (raw.kind, raw.text) == ("windows of raw", "from 2027-01-15T08:00:00.000Z 3 readings of 1 device")
    assert raw.content[0]["content"]["7"][1] == [START + 1, [[5, 1, 43, 0], [6, 2, 1, 0]]]
    whole = encode_catalogue(SentCatalogue((SentDevice(7, "7"),)))
    devices = sent_content(
        SentMessage(0.0, "up.1.hub", encode_message(Windows("catalogue", (SentWindow(0, 1, whole),))))
    )
    assert devices.content[0]["content"]["devices"][0]["id"] == "7"
    state = sent_content(SentMessage(0.0, "up.1.hub", encode_message(HubState(at=1.0, version="1", devices=3))))
    assert state.text == "power not let out or not known; 3 devices."
    assert sent_content(SentMessage(0.0, "up.1.hub", b"\x09rubbish")).kind == "unreadable"
    damaged = Windows("raw", (SentWindow(START, 5, b"x"),))
    assert "cannot be read" in sent_content(SentMessage(0.0, "up.1.hub", encode_message(damaged))).text
