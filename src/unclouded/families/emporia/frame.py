"""Framing on the UART between the ESP32 (controller) and the MGM111 radio (device), 115200 8N1.

    request    24 | type | 0D                                type: one letter, three bytes in all
    response   24 | 01 | type | length | payload | 0D        no checksum, no sequence number

The same line carries the radio's text console, so a ``$`` may be anything. A response claim stands
where 24 01 is followed by a known type and a length that the type allows (1 for j f e, 8 for m i,
any for r). It is a frame when the byte after its payload is 0D; else the search goes on one byte
after its 24, so a false header never swallows the frame behind it. An open claim is refused when
the line has been quiet for GAP.
Source: docs/protocols/emporia.md §1.1 to §1.3.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from unclouded.core.errors import WireError

Sender = Literal["controller", "device"]

GAP = 0.1  # s of silence after which a started frame will not be finished; docs/protocols/emporia.md §1.1.3
LONGEST_FRAME = 260  # bytes: 24 01 type length, 255 of payload, 0D
LONGEST_NOISE = 256  # bytes in one Noise; a longer stretch comes in pieces

START = 0x24
END = 0x0D

REQUESTS = frozenset(b"rjmifds")
LENGTHS: Mapping[int, int | None] = {ord("r"): None, **dict.fromkeys(b"jfe", 1), **dict.fromkeys(b"mi", 8)}
NAMES: Mapping[str, str] = {
    "r": "meter reading",
    "j": "join",
    "m": "mac address",
    "i": "install code",
    "f": "firmware version",
    "d": "reset radio",
    "e": "link alert",
    "s": "unknown s",
}
_FIXED = 13  # bytes of an m or i response
_TEXT = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))


class EmporiaFrame(msgspec.Struct, frozen=True, gc=False):
    """One request (sender controller, no payload) or response (sender device). ``bytes(frame)`` is exact."""

    sender: Sender
    type: str
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        if self.sender == "controller":
            return b"$%c\r" % ord(self.type)
        return b"$\x01%c%c%b\r" % (ord(self.type), len(self.payload), self.payload)

    def __len__(self) -> int:
        return 3 if self.sender == "controller" else 5 + len(self.payload)

    def __str__(self) -> str:
        name = NAMES[self.type]
        return f"{name}?" if self.sender == "controller" else f"{name} [{len(self.payload)} bytes]"

    def __repr__(self) -> str:
        shown = f"<{len(self.payload)} secret bytes>" if self.type == "i" and self.payload else self.payload.hex()
        return f"Frame({self.sender!r}, {self.type!r}, {shown})"


class EmporiaNoise(msgspec.Struct, frozen=True):
    """Bytes that were no frame, and why: "text" is the radio's console, anything else is damage."""

    data: bytes
    reason: str

    def __bytes__(self) -> bytes:
        return self.data

    def __str__(self) -> str:
        return f"{self.reason} [{len(self.data)} bytes]"

    def __repr__(self) -> str:
        return f"Noise({self.reason!r}, {len(self.data)} bytes)"


def request(letter: str) -> bytes:
    """The request of that type: ``request("r")`` is 24 72 0D."""
    return bytes(EmporiaFrame("controller", letter))


def response(letter: str, payload: bytes) -> bytes:
    """The response of that type. Raises WireError where its length byte cannot say so."""
    if len(payload) > 255:
        raise WireError(f"A payload has at most 255 bytes, not {len(payload)}.")
    return bytes(EmporiaFrame("device", letter, payload))


class EmporiaFramer:
    """Cuts one stream into Frames and Noise, however it is chunked; together they are the whole input.

    ``sender``: whose bytes these are; None takes requests and responses, for a line tapped both ways.
    ``gap``: seconds of silence that end an open claim and a line of text; None = only ``close`` does.
    """

    def __init__(self, sender: Sender | None = "device", gap: float | None = GAP) -> None:
        self._judge = _JUDGES[sender]
        self._gap = gap
        self._held = bytearray()  # everything that is not settled yet, oldest first
        self._seen = 0  # of these, how many are known to start no frame
        self._reason = ""  # why the bytes before ``_seen`` are noise, where a claim was refused there
        self._quiet_at: float | None = None

    def feed(self, data: bytes, now: float = 0.0) -> list[EmporiaFrame | EmporiaNoise]:
        """What is settled with these bytes."""
        pieces = self.tick(now)
        if data:
            self._held += data
            self._scan(pieces, ended=False)
            self._quiet_at = None if self._gap is None or not self._held else now + self._gap
        return pieces

    def deadline(self) -> float | None:
        """When the line will have been quiet long enough to settle what is held back."""
        return self._quiet_at

    def tick(self, now: float) -> list[EmporiaFrame | EmporiaNoise]:
        """What silence settles."""
        return self.close() if self._quiet_at is not None and now >= self._quiet_at else []

    def close(self) -> list[EmporiaFrame | EmporiaNoise]:
        """The rest, settled: the stream has ended, or was silent for long."""
        pieces: list[EmporiaFrame | EmporiaNoise] = []
        self._scan(pieces, ended=True)
        self._quiet_at = None
        return pieces

    @property
    def held(self) -> int:
        """How many bytes wait for what comes next."""
        return len(self._held)

    # --- inside --------------------------------------------------------------------------------

    def _scan(self, pieces: list[EmporiaFrame | EmporiaNoise], ended: bool) -> None:
        held = bytes(self._held)
        done, seen = 0, self._seen
        while (at := held.find(START, seen)) >= 0:
            found = self._judge(held, at)
            if found is None and not ended:
                break
            if isinstance(found, EmporiaFrame):
                self._noise(pieces, held[done:at], whole=True)
                pieces.append(found)
                done = seen = at + len(found)
            else:
                if reason := found if found is not None else _cut_short(held, at):
                    self._noise(pieces, held[done:at], whole=True)
                    done, self._reason = at, reason
                seen = at + 1
        seen = len(held) if at < 0 else at
        done += self._noise(pieces, held[done:seen], whole=ended)
        self._held = bytearray(held[done:])
        self._seen = seen - done

    def _noise(self, pieces: list[EmporiaFrame | EmporiaNoise], data: bytes, whole: bool) -> int:
        """Give out noise in lines and in pieces that are not too long; the last one only if ``whole``."""
        done = 0
        while done < len(data):
            claimed = _FIXED if self._reason else 0  # a 0A there may be half of an install code
            line = data.find(b"\n", done + claimed, done + LONGEST_NOISE) + 1
            end = line or done + LONGEST_NOISE
            if end > len(data):
                if not whole:
                    return done
                end = len(data)
            piece = data[done:end]
            pieces.append(EmporiaNoise(piece, self._reason or _kind_of(piece)))
            self._reason = ""
            done = end
        return done


def _kind_of(data: bytes) -> str:
    return "text" if _TEXT.issuperset(data) else "stray bytes"


# A judge says what stands at a 24: a Frame, a reason why the claim there is refused, "" where there
# is no claim, None where the bytes so far cannot tell.
_Judge = Callable[[bytes, int], EmporiaFrame | str | None]


def _judge_response(held: bytes, at: int) -> EmporiaFrame | str | None:
    head = held[at + 1 : at + 4]
    if not head.startswith(b"\x01"):
        return "" if head else None
    if len(head) > 1 and head[1] not in LENGTHS:
        return ""
    if len(head) < 3:
        return None
    length, fixed = head[2], LENGTHS[head[1]]
    if fixed is not None and length != fixed:
        return f"length {length} of {chr(head[1])}"
    end = at + 4 + length
    if end >= len(held):
        return None
    if held[end] != END:
        return "no carriage return at the end"
    return EmporiaFrame("device", chr(head[1]), held[at + 4 : end])


def _judge_request(held: bytes, at: int) -> EmporiaFrame | str | None:
    rest = held[at + 1 : at + 3]
    if (rest and rest[0] not in REQUESTS) or (len(rest) > 1 and rest[1] != END):
        return ""
    return EmporiaFrame("controller", chr(rest[0])) if len(rest) > 1 else None


def _judge_either(held: bytes, at: int) -> EmporiaFrame | str | None:
    reply = held[at + 1 : at + 2] in (b"\x01", b"")
    return _judge_response(held, at) if reply else _judge_request(held, at)


_JUDGES: Mapping[Sender | None, _Judge] = {
    "device": _judge_response,
    "controller": _judge_request,
    None: _judge_either,
}


def _cut_short(held: bytes, at: int) -> str:
    """The reason for a claim that the end of the stream leaves open; "" where there was no claim yet."""
    return "cut short" if held[at + 1 : at + 2] == b"\x01" and len(held) > at + 3 else ""
