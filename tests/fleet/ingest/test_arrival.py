"""Messages before anything is known of them: whose they are, where an answer may go, what is refused for good."""

import msgspec
import pytest

from unclouded.fleet.ingest.arrival import UNREADABLE_S, hub_of, inbox_of, read, refusal
from unclouded.uplink.messages import LARGEST, VERSION, Answer, RefusedWindow, SentWindow, Windows, encode_message

HUB = "a" * 20


def message(*body: object, version: int = VERSION) -> bytes:
    return bytes([version]) + msgspec.msgpack.encode(body)


@pytest.mark.parametrize(
    ("subject", "hub"),
    [(f"up.0.{HUB}", HUB), (f"hello.{HUB}", HUB), (HUB, HUB), ("up.0.x", ""), (f"up.{HUB}.", ""), ("", "")],
)
def test_a_hub_is_the_last_part_of_a_subject(subject: str, hub: str) -> None:
    assert hub_of(subject) == hub


def test_an_answer_goes_to_the_hub_itself_or_nowhere() -> None:
    assert inbox_of(HUB, f"_INBOX.{HUB}.1") == f"_INBOX.{HUB}.1"
    assert inbox_of(HUB, f"_INBOX.{'b' * 20}.1") == inbox_of(HUB, f"down.{HUB}.command") == inbox_of(HUB, "") == ""


def test_a_message_has_256_kib_at_most() -> None:
    for size, is_read in ((LARGEST, True), (LARGEST + 1, False)):
        data = encode_message(Windows("later", (SentWindow(300, 1, bytes(LARGEST - 100)),)))
        data = encode_message(Windows("later", (SentWindow(300, 1, bytes(LARGEST - 100 + size - len(data))),)))
        assert len(data) == size
        found = read(data)
        assert isinstance(found, Windows) == is_read
        if not is_read:
            assert found == Answer(True, (RefusedWindow(300, f"it has {size} bytes, more than {LARGEST}"),))


def test_a_message_that_cannot_be_read_is_refused_window_by_window() -> None:
    found = read(message("windows", 7, [[300, "x"], [600]]))
    assert isinstance(found, Answer) and found.done and [one.start for one in found.refused] == [300, 600]
    assert all(one.reason for one in found.refused)
    whole = message("windows", "raw", [[300, 1, b""]], "of a newer hub")
    assert refusal(whole, "r" * 200) == refusal(whole, "r" * 300) == Answer(True, (RefusedWindow(300, "r" * 200),))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        message("windows", "raw", [[300, 1, b""]], version=2),
        message("windows", "raw", [[300, 1], []]),
        message("windows", "raw", [[300, 1], 5]),
        message("windows", "raw", [[True, 1]]),
        message("windows", "raw", [["300", 1]]),
        message("windows", "raw", []),
        message("windows", "raw"),
        message("windows", "raw", 5),
        message("others", "raw", [[300, 1]]),
        bytes([VERSION]) + b"\xc1",
        bytes([VERSION]) + b"\x91" * 5000,
        bytes([VERSION]) + b"\xa1\xff",
    ],
)
def test_where_the_windows_of_a_message_cannot_be_seen_the_hub_keeps_them(data: bytes) -> None:
    assert refusal(data, "unreadable") == Answer(False, wait_s=UNREADABLE_S) and UNREADABLE_S == 3600.0
    if data != message("windows", "raw", []):
        assert read(data) == Answer(False, wait_s=UNREADABLE_S)
