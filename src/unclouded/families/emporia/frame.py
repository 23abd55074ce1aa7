"""Framing on the UART between the ESP32 (controller) and the MGM111 radio (device), 115200 8N1.

    request    24 | type | 0D                                type: one letter, three bytes in all
    response   24 | 01 | type | length | payload | 0D        no checksum, no sequence number

The same line carries the radio's text console, so a ``$`` may be anything. A candidate for a response stands
where 24 01 is followed by a known type and a length that the type allows (1 for j f e, 8 for m i,
any for r). It is a frame when the byte after its payload is 0D; else the search goes on one byte
after its 24, so a false header never swallows the frame behind it. A candidate that is not complete is
refused when the line has been quiet for GAP.
Source: docs/protocols/emporia.md §1.1 to §1.3.
"""

from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.families.emporia.commands import ANY_LENGTH, BY_LETTER, TABLE

GAP = 0.1  # s of silence after which a started frame will not be finished; docs/protocols/emporia.md §1.1.3
LONGEST_NOISE = 256  # bytes in one Noise; a longer stretch comes in pieces

START = 0x24
RESPONSE = 0x01
END = 0x0D

REQUESTS = frozenset(ord(command.letter) for command in TABLE if command.initiator == "controller")
# By the byte of a response's letter: the letter, and the length of its payload (ANY_LENGTH = any).
RESPONSES: Mapping[int, tuple[str, int]] = {
    ord(command.letter): (command.letter, command.length) for command in TABLE if command.length is not None
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
        name = BY_LETTER[self.type].name
        return f"{name}?" if self.sender == "controller" else f"{name} [{len(self.payload)} bytes]"

    def __repr__(self) -> str:
        secret = BY_LETTER[self.type].secret and self.payload
        shown = f"<{len(self.payload)} secret bytes>" if secret else self.payload.hex()
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
    """The response of that type. Raises WireError where the payload is too long for its length byte."""
    if len(payload) > 255:
        raise WireError(f"A payload has at most 255 bytes, not {len(payload)}.")
    return bytes(EmporiaFrame("device", letter, payload))


class EmporiaFramer:
    """Cuts one stream into Frames and Noise, however it is chunked; together they are the whole input.

    ``sender``: whose bytes these are; None takes requests and responses, for a line tapped both ways.
    ``gap``: seconds of silence that end a candidate and a line of text; None = only ``close`` does.
    """

    def __init__(self, sender: Sender | None = "device", gap: float | None = GAP) -> None:
        self._check = _CHECKS[sender]
        self._gap = gap
        self._held = b""  # everything that is not settled yet, oldest first
        self._seen = 0  # of these, how many are known to start no frame
        self._reason = ""  # why the bytes before ``_seen`` are noise, where a candidate was refused there
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
        held = self._held
        done, seen = 0, self._seen
        while (at := held.find(START, seen)) >= 0:
            found = self._check(held, at)
            if found is None and not ended:
                break
            if found is None:
                found = _check_request(held, at) or None  # one that nothing follows
            if isinstance(found, EmporiaFrame):
                self._noise(pieces, held[done:at], whole=True)
                pieces.append(found)
                done = seen = at + len(found)
            else:
                if reason := _cut_short(held, at) if found is None else found:
                    self._noise(pieces, held[done:at], whole=True)
                    done, self._reason = at, reason
                seen = at + 1
        seen = len(held) if at < 0 else at
        done += self._noise(pieces, held[done:seen], whole=ended)
        self._held = held[done:]
        self._seen = seen - done

    def _noise(self, pieces: list[EmporiaFrame | EmporiaNoise], data: bytes, whole: bool) -> int:
        """Give out noise in lines and in pieces that are not too long; the last one only if ``whole``."""
        done = 0
        while done < len(data):
            skipped = _FIXED if self._reason else 0  # a 0A there may be half of an install code
            line = data.find(b"\n", done + skipped, done + LONGEST_NOISE) + 1
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


# A check says what stands at a 24: a frame, the reason why the candidate there is refused, "" where there
# is not a candidate, None where the bytes so far do not decide it.
_Check = Callable[[bytes, int], EmporiaFrame | str | None]


def _check_response(held: bytes, at: int) -> EmporiaFrame | str | None:
    size = len(held) - at
    if size < 2:
        return None
    if held[at + 1] != RESPONSE:
        return ""
    if size < 3:
        return None
    kind = RESPONSES.get(held[at + 2])
    if kind is None:
        return ""
    if size < 4:
        return None
    letter, fixed = kind
    length = held[at + 3]
    if length != fixed != ANY_LENGTH:
        return f"length {length} of {letter}"
    if size < length + 5:
        return None
    end = at + 4 + length
    return EmporiaFrame("device", letter, held[at + 4 : end]) if held[end] == END else "no carriage return at the end"


def _check_request(held: bytes, at: int) -> EmporiaFrame | str | None:
    rest = held[at + 1 : at + 3]
    if (rest and rest[0] not in REQUESTS) or (len(rest) > 1 and rest[1] != END):
        return ""
    return EmporiaFrame("controller", chr(rest[0])) if len(rest) > 1 else None


def _check_either(held: bytes, at: int) -> EmporiaFrame | str | None:
    """A line tapped both ways. Its console prints help with requests in it, within or as lines of text: no requests."""
    if held[at + 1 : at + 2] == b"\x01":
        return _check_response(held, at)
    found = _check_request(held, at)
    if not isinstance(found, EmporiaFrame):
        return found
    if at and 0x20 <= held[at - 1] < 0x7F:
        return ""
    after = held[at + len(found) : at + len(found) + 1]
    return None if not after else "" if after == b"\n" else found


_CHECKS: Mapping[Sender | None, _Check] = {
    "device": _check_response,
    "controller": _check_request,
    None: _check_either,
}


def _cut_short(held: bytes, at: int) -> str:
    """The reason for a candidate that the end of the stream leaves open; "" where there was none yet."""
    return "cut short" if held[at + 1 : at + 2] == b"\x01" and len(held) > at + 3 else ""
