"""Our controller with one rule broken, and what the checks must find. For test_emporia.py."""

from collections.abc import Callable, Mapping, Sequence

from conformance.broken_ends import BrokenEnd
from conformance.emporia_ends import host
from conformance.emporia_radio_mutants import with_more, without
from conformance.mutants import AlterBytes, ByteMutant, alone, as_it_is
from unclouded.core.sessions.session import Event, Out, Session
from unclouded.families.emporia.frame import request, response
from unclouded.families.emporia.reading import Registers, encode_zcl

V2 = "has-firmware-2"
Into = Callable[[bytes], bytes]


def _host(
    *found: str, out: AlterBytes = alone, into: Callable[[bytes], bytes] = as_it_is, **settings: float
) -> BrokenEnd:
    return BrokenEnd(frozenset(f"controller.{one}" for one in found), lambda: ByteMutant(host(**settings), out, into))


def ask_more(letter: str, more: bytes) -> AlterBytes:
    """These bytes go out behind each request with this letter."""
    return with_more(letter, more, of_radio=False)


def never(letter: str) -> AlterBytes:
    return without(letter, of_radio=False)


def skipping(letter: str, after: str, most: int = 1) -> AlterBytes:
    """So many requests with this letter are not sent, next after one with the other letter."""
    before, skipped = "", 0

    def alter(data: bytes) -> Sequence[bytes]:
        nonlocal before, skipped
        sent = data[1:2].decode()
        if sent == letter and before == after and skipped < most:
            skipped += 1
            return ()
        before, skipped = sent if sent != letter or before != after else "", 0
        return (data,)

    return alter


def pausing() -> AlterBytes:
    """After the first j fifteen r are not sent."""
    state = {"joined": 0, "skipped": 0}

    def alter(data: bytes) -> Sequence[bytes]:
        state["joined"] += data == request("j")
        is_skipped = data == request("r") and state["joined"] > 0 and state["skipped"] < 15
        state["skipped"] += is_skipped
        return () if is_skipped else (data,)

    return alter


def third_lost(data: bytes) -> bool:
    LOST[0] += data == request("r")
    return data == request("r") and LOST[0] % 3 == 0


LOST = [0]


class HastyJoin(ByteMutant):
    """With each r after one that was not answered it asks j too."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner, self._sent, self._seen)
        self._is_open = False

    def _seen(self, data: bytes) -> bytes:
        self._is_open = self._is_open and not data.startswith(b"$\x01r")
        return data

    def _sent(self, data: bytes) -> Sequence[bytes]:
        if data != request("r"):
            return (data,)
        was_open, self._is_open = self._is_open, True
        return (data, request("j")) if was_open else (data,)


def lost(is_so: Callable[[bytes], bool]) -> Into:
    """Pieces that are so are not received."""
    return lambda data: b"" if is_so(data) else data


def read_as(is_so: Callable[[bytes], bool], payload: Callable[[int], bytes]) -> Into:
    """Pieces that are so are received as these readings."""
    count = [0]

    def into(data: bytes) -> bytes:
        count[0] += 1
        return response("r", payload(count[0] % 256)) if is_so(data) else data

    return into


def good(number: int) -> bytes:
    return encode_zcl(Registers(delivered=7, received=7, multiplier=1, divisor=1000, demand=7, sequence=number))


def useless(number: int) -> bytes:
    return b"\x18"


def _is_reading(data: bytes) -> bool:
    return data.startswith(b"$\x01r")


def _of_size(*sizes: int) -> Callable[[bytes], bool]:
    return lambda data: _is_reading(data) and data[3] in sizes


def _has(text: str, index: int) -> Callable[[bytes], bool]:
    """A reading with these bytes there in its payload."""
    part = bytes.fromhex(text)
    return lambda data: _is_reading(data) and data[4 + index : 4 + index + len(part)] == part


def _begins(text: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(text)


def same_as_before(part: Callable[[bytes], object]) -> Into:
    """Readings that differ in this from the one before are not received."""
    newest: list[object] = []

    def into(data: bytes) -> bytes:
        if not _is_reading(data):
            return data
        newest[:] = [*newest, part(data)][-2:]
        return data if newest[0] == newest[-1] else b""

    return into


class Impatient(ByteMutant):
    """It receives nothing more when its last request is 2 s old."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner)
        self._sent_at = 0.0

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return super().receive(data, now, path, re) if now < self._sent_at + 2.0 else ()

    def outgoing(self, now: float) -> list[Out]:
        outs = super().outgoing(now)
        self._sent_at = now if outs else self._sent_at
        return outs


class Stuck:
    """Readings that have the number of the one before are taken as new ones."""

    def __init__(self) -> None:
        self._newest = b""
        self._count = 0

    def __call__(self, data: bytes) -> bytes:
        self._count += 1
        if _is_reading(data) and data == self._newest:
            return response("r", good(self._count % 256))
        self._newest = data if _is_reading(data) else self._newest
        return data


def _misses(name: str, is_so: Callable[[bytes], bool], *more: str) -> BrokenEnd:
    return _host(f"reading.{name}", *more, into=lost(is_so))


def _believes(name: str, is_so: Callable[[bytes], bool], *more: str) -> BrokenEnd:
    return _host(f"no-reading.{name}", *more, into=read_as(is_so, good))


EARLY = frozenset(
    f"controller.{name}"
    for name in (
        *("start.no-join", "start.one-outstanding", "poll.no-join"),
        *("silence.not-early", "silence.rate", "silence.firmware"),
    )
)

BROKEN_CONTROLLERS: Mapping[str, BrokenEnd] = {
    "asks f every 24 s": _host("search.repeated", "search.period", out=skipping("f", "f", 7)),
    "asks f five times": _host("search.no-flood", "search.period", out=ask_more("f", request("f") * 4)),
    "asks f every 5 s": _host("search.period", firmware_retry_s=5.0),
    "asks r with each f": _host("search.only", "start.one-outstanding", out=ask_more("f", request("r"))),
    "asks no r after f": _host("start.reading", out=skipping("r", "f")),
    "asks no m": _host("start.mac", "reset.mac", out=never("m")),
    "asks no i": _host("start.code", out=never("i")),
    "asks m with each r": _host(
        *("start.once", "poll.nothing-else", "start.one-outstanding", "reading.byte-by-byte", "reading.pause"),
        out=ask_more("r", request("m")),
    ),
    "asks j in the start": _host(
        "start.no-join", "start.one-outstanding", "poll.no-join", out=ask_more("i", request("j"))
    ),
    "asks j with every r": _host(
        *("poll.no-join", "start.no-join", "start.one-outstanding"),
        *("silence.not-early", "silence.rate", "silence.firmware"),
        out=ask_more("r", request("j")),
    ),
    "waits half a second": _host("start.one-outstanding", request_timeout_s=0.5),
    "asks r twice": _host(
        "start.not-repeated", "poll.even", "poll.no-haste", "reading.byte-by-byte", out=ask_more("r", request("r"))
    ),
    "takes e for an answer": _host("start.alert", "reading.alert", into=read_as(_begins(b"$\x01e"), useless)),
    "takes an unasked j for an answer": _host("start.unasked-join", into=read_as(_begins(b"$\x01j\x01\x00"), useless)),
    "polls every 2 s": _host("poll.no-haste", poll_s=2.0),
    "loses every third poll": _host("poll.even", out=lambda data: () if third_lost(data) else (data,)),
    "asks no j": _host("silence.join", out=never("j")),
    "asks j early": BrokenEnd(EARLY, lambda: HastyJoin(host(poll_s=5.0))),
    "asks j twice": _host("silence.rate", "silence.slow-join", out=ask_more("j", request("j"))),
    "asks no f after j": _host("silence.firmware", out=skipping("f", "j", 4)),
    "sends stray bytes": _host("sent.whole", out=lambda data: (b"\x00\x80", data)),
    "sets the log level": _host("sent.no-text", out=lambda data: (b"loglevel 10\r", data)),
    "types reset": _host("sent.no-text", "sent.no-forbidden", out=lambda data: (b"reset\r", data)),
    "sends s": _host("sent.no-s", "start.one-outstanding", out=ask_more("r", request("s"))),
    "sends d": _host("sent.no-d", "start.one-outstanding", "reset.once", out=ask_more("i", request("d"))),
    "sends d twice": _host("reset.once", out=ask_more("d", request("d"))),
    "asks no f after d": _host("reset.firmware", "reset.mac", out=skipping("f", "d", 30)),
    "takes 44 bytes only": _misses("no-export", _of_size(37)),
    "takes the form of the last reading": _host("reading.in-turn", into=same_as_before(len)),
    "takes the factors of the last reading": _host(
        "reading.factors-in-turn", "reading.in-turn", into=same_as_before(lambda data: data[31:41])
    ),
    "takes nothing after 2 s": BrokenEnd(frozenset({"controller.reading.late"}), lambda: Impatient(host())),
    "takes one order only": _misses("order", _has("00 04 00 2a", 3)),
    "takes five records only": _misses("more", _of_size(49)),
    "takes no reports": _misses("report", _has("0a", 2)),
    "takes no manufacturer bit": _misses("manufacturer", _has("1c", 0)),
    "takes 254 bytes": _misses("longest", _of_size(255)),
    "takes 1 and 1000 only": _misses("factors", _has("88 13", 34)),
    "demands a demand": _misses("no-demand", _has("00 00 80", 41)),
    "demands an import": _misses("no-import", _has("ff ff ff ff ff ff", 7)),
    "takes no negative demand": _misses("negative", _has("17 fc ff", 41)),
    "ends a frame at 0D": _misses("frame-inside", _has("0d 24 01", 41)),
    "takes no old readings": _misses(
        "old", _of_size(152), *(f"reading.old-{name}" for name in ("negative", "no-demand", "same", "large"))
    ),
    "demands an old demand": _misses("old-no-demand", _has("80 00 00", 57)),
    "takes no old negative demand": _misses("old-negative", _has("ff fc 18", 57)),
    "takes no import of 0697D0F4": _misses("old-large", _has("06 97 d0 f4", 4), "reading.old-same"),
    "takes whole readings only": _misses("cut-demand", _of_size(41)),
    "takes known types only": _misses("unknown-type", _of_size(18)),
    "takes frames without text only": _misses("text", _begins(b"SeIhd")),
    "takes frames without a dollar": _misses("dollar", _begins(b"$$")),
    "is misled by a false header": _misses("false-header", _begins(b"$\x01r\x05")),
    "misses a reading after noise": _misses("noise", _begins(b"\x12\xff")),
    "misses a reading after an e": _misses("alert", _begins(b"$\x01e\x01\x02")),
    "takes frames in one piece only": _misses("byte-by-byte", lambda data: len(data) == 1),
    "takes no pause in a frame": _misses("pause", lambda data: len(data) == 20),
    "takes an empty payload": _believes("empty", _of_size(0)),
    "takes one byte": _believes("short", _of_size(1)),
    "takes a refusal": _believes("refusal", _of_size(5)),
    "takes frames that are cut": _believes("cut", lambda data: _is_reading(data) and data[-1:] != b"\r"),
    "takes a reading again": _host(*(f"no-reading.{name}" for name in ("repeated", "empty", "short")), into=Stuck()),
    "takes an e for a reading": _believes("alerts", _begins(b"$\x01e\x01\x01"), "start.alert"),
    "takes a payload without values": _believes("no-values", _has("ff ff ff ff ff ff", 17)),
    "takes an old payload without values": _believes("old-no-values", _has("00 40 00 00", 4)),
}
