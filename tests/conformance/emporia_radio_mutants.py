"""Our radio with one rule broken, and what the checks must find. For test_emporia.py."""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from conformance.broken_ends import BrokenEnd
from conformance.emporia_ends import radio
from conformance.mutants import AlterBytes, ByteMutant, alone, as_it_is, unresponsive_after
from unclouded.conformance.emporia.emulated_radio import CODE
from unclouded.conformance.emporia.radio_line_checks import LONG_LINE, NOISE
from unclouded.core.sessions.session import Out, Session
from unclouded.families.emporia import zcl
from unclouded.families.emporia.frame import request, response

V2 = "has-firmware-2"
Into = Callable[[bytes], bytes]


def _radio(
    *found: str, out: AlterBytes = alone, into: Callable[[bytes], bytes] = as_it_is, faults: str = ""
) -> BrokenEnd:
    return BrokenEnd(frozenset(f"radio.{one}" for one in found), lambda: ByteMutant(radio(*faults.split()), out, into))


# --- what becomes of what is sent ------------------------------------------------------------------------


def _head(letter: str, of_radio: bool) -> bytes:
    return (b"$\x01" if of_radio else b"$") + letter.encode()


def without(letter: str, of_radio: bool = True) -> AlterBytes:
    return lambda data: () if data.startswith(_head(letter, of_radio)) else (data,)


def with_more(letter: str, more: bytes, of_radio: bool = True) -> AlterBytes:
    return lambda data: (data, more) if data.startswith(_head(letter, of_radio)) else (data,)


def twice(letter: str, of_radio: bool = True) -> AlterBytes:
    return lambda data: (data, data) if data.startswith(_head(letter, of_radio)) else (data,)


def payload(letter: str, change: Callable[[bytes], bytes]) -> AlterBytes:
    def alter(data: bytes) -> Sequence[bytes]:
        return (response(letter, change(data[4:-1])),) if data.startswith(_head(letter, True)) else (data,)

    return alter


def in_turn(letter: str, change: Callable[[bytes], bytes]) -> AlterBytes:
    """Every second payload is changed."""
    count = [0]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] += data.startswith(_head(letter, True))
        return payload(letter, change)(data) if count[0] % 2 else (data,)

    return alter


def replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(bytes.fromhex(old), bytes.fromhex(new))


def at(index: int, *values: int) -> Callable[[bytes], bytes]:
    """Bytes of a payload are others."""
    return lambda data: data[:index] + bytes(values) + data[index + len(values) :]


def _count(start: int, change: Callable[[int], int]) -> Callable[[bytes], bytes]:
    """A 48-bit register of a reading is another."""

    def altered(data: bytes) -> bytes:
        count = change(int.from_bytes(data[start : start + 6], "little"))
        return data[:start] + count.to_bytes(6, "little") + data[start + 6 :]

    return altered


class Answering(ByteMutant):
    """It answers these bytes at once."""

    def __init__(self, inner: Session, asked: bytes, answer: bytes) -> None:
        super().__init__(inner, into=self._seen)
        self._asked, self._answer, self._due = asked, answer, 0

    def _seen(self, data: bytes) -> bytes:
        self._due += data == self._asked
        return data

    def outgoing(self, now: float) -> list[Out]:
        due, self._due = self._due, 0
        return [*[Out(self._answer)] * due, *super().outgoing(now)]


def _answering(found: str, asked: bytes, answer: bytes) -> BrokenEnd:
    return BrokenEnd(frozenset({f"radio.{found}"}), lambda: Answering(radio(), asked, answer))


def _changing(found: str, trigger: bytes, change: AlterBytes) -> BrokenEnd:
    """What it sends is changed once these bytes were received."""
    is_due: list[bool] = []

    def make() -> Session:
        is_due[:] = []
        return ByteMutant(radio(), lambda data: change(data) if any(is_due) else (data,), into)

    def into(data: bytes) -> bytes:
        is_due.append(data == trigger)
        return data

    return BrokenEnd(frozenset({f"radio.{found}"}), make)


def reported(data: bytes) -> bytes:
    """As Report Attributes."""
    message = zcl.parse(data)
    assert isinstance(message, zcl.Attributes)
    return bytes(replace(message, header=replace(message.header, command=zcl.REPORT_ATTRIBUTES)))


def reordered(data: bytes) -> bytes:
    """The multiplier first."""
    return data[:3] + data[23:30] + data[3:23] + data[30:]


def falling(start: int) -> Callable[[bytes], bytes]:
    """A register that falls by 5 each time."""
    count = [0]

    def altered(data: bytes) -> bytes:
        count[0] += 1
        return _count(start, lambda wh: wh - 5 * count[0])(data)

    return altered


def rarely(most: int) -> AlterBytes:
    """After so many readings it gives every second one."""
    count = [0]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] += data.startswith(b"$\x01r")
        return () if data.startswith(b"$\x01r") and count[0] > most and count[0] % 2 else (data,)

    return alter


def once_only(letter: str) -> AlterBytes:
    count = [0]

    def alter(data: bytes) -> Sequence[bytes]:
        count[0] += data.startswith(_head(letter, True))
        return () if data.startswith(_head(letter, True)) and count[0] > 1 else (data,)

    return alter


def tires() -> Callable[[bytes], bytes]:
    """Unresponsive after five requests f with nothing between them."""
    count = [0]

    def into(data: bytes) -> bytes:
        count[0] = 5 if count[0] == 5 else count[0] + 1 if data == request("f") else 0
        return b"" if count[0] == 5 else data

    return into


def _only_whole(data: bytes) -> bytes:
    """One that takes nothing but one whole request in one piece."""
    return data if len(data) == 3 and data[:1] == b"$" and data[2:] == b"\r" else b""


RESET = request("d")

BROKEN_RADIOS: Mapping[str, BrokenEnd] = {
    "answers f once": _radio("firmware.answered", out=once_only("f")),
    "does not answer j": _radio("join.answered", out=without("j")),
    "does not answer m": _radio("mac.answered", "line.two-at-once", "line.burst", out=without("m")),
    "does not answer i": _radio("code.answered", out=without("i")),
    "answers f twice": _radio("firmware.once", out=twice("f")),
    "answers j twice": _radio("join.once", out=twice("j")),
    "answers m twice": _radio("mac.once", out=twice("m")),
    "answers i twice": _radio("code.once", out=twice("i")),
    "has another firmware each time": _radio("firmware.constant", out=in_turn("f", at(0, 4))),
    "has firmware 4": _radio("firmware.reads", out=payload("f", at(0, 4))),
    "has firmware 2, and gives the readings of 7": _radio("reading.firmware", out=payload("f", at(0, 2))),
    "has another join each time": _radio(
        "join.constant", "join.provisioned", "reading.joined", out=in_turn("j", at(0, 0))
    ),
    "has another address each time": _radio("mac.constant", "reset.same-mac", out=in_turn("m", at(0, 0xEE))),
    "has another code each time": _radio("code.constant", "code.checksum", out=in_turn("i", at(0, 0xEE))),
    "answers j by 02": _radio("join.value", "reset.wiped", out=payload("j", at(0, 2))),
    "was never provisioned, and gives readings": _radio(
        "join.provisioned", "reading.joined", out=payload("j", at(0, 0))
    ),
    "sends its address as printed": _radio("mac.order", out=payload("m", lambda data: data[::-1])),
    "has no address": _radio("mac.value", "mac.order", out=payload("m", lambda data: bytes(8))),
    "sends its code reversed": _radio("code.checksum", out=payload("i", lambda data: data[::-1])),
    "sends i with each f": _radio(
        "answers.letter", "code.once", "code.constant", out=with_more("f", response("i", CODE))
    ),
    "sends f with each e": _radio(
        *("idle.no-answers", "idle.no-alerts", "firmware.once", "line.no-dollar"),
        out=with_more("e", response("f", b"\x08")),
        faults="has-firmware-8",
    ),
    "sends j with each e": _radio(
        *("idle.no-join", "idle.no-alerts", "join.once", "line.no-dollar"),
        out=with_more("e", response("j", b"\x01")),
        faults="has-firmware-8",
    ),
    "sends e with 7": _radio("idle.no-alerts", "idle.alert-value", out=payload("e", at(0, 7)), faults="has-firmware-8"),
    "frame control 19": _radio("zcl.header", out=payload("r", at(0, 0x08))),
    "reports attributes": _radio("zcl.command", out=payload("r", reported)),
    "does not count": _radio("zcl.sequence", out=payload("r", at(1, 9))),
    "gives multiplier before import": _radio("zcl.attributes", out=payload("r", reordered)),
    "has a demand without a sign": _radio("zcl.types", out=payload("r", at(40, 0x22))),
    "has an unknown status": _radio(
        "zcl.status", "zcl.export", out=payload("r", lambda data: data[:15] + b"\x42" + data[23:])
    ),
    "has a divisor 0": _radio("scale.factors", out=payload("r", at(34, 0, 0, 0))),
    "knows no import": _radio("import.known", out=payload("r", at(7, *[255] * 6))),
    "counts backwards": _radio(
        "import.rises", "demand.agrees", out=payload("r", _count(7, lambda wh: 400_000_000 - wh))
    ),
    "jumps": _radio("import.steps", "import.rises", out=in_turn("r", _count(7, lambda wh: wh + 10**7))),
    "counts ten times as much": _radio("demand.agrees", out=payload("r", _count(7, lambda wh: wh * 10))),
    "its export falls": _radio("export.rises", "demand.agrees", out=payload("r", falling(17))),
    "dumps other bytes": _radio("v2.zeros", out=payload("r", at(100, 1)), faults=V2),
    "has no digits": _radio("v2.formatting", out=payload("r", at(52, 0x80)), faults=V2),
    "has an uptime with its high byte first": _radio(
        "v2.uptime", out=payload("r", lambda data: data[:148] + data[:147:-1]), faults=V2
    ),
    "sends stray bytes": _radio("frames.printable", out=lambda data: (b"\x00\x80", data)),
    "ends lines with LF": _radio(
        "frames.text-lines", "frames.no-text", out=lambda data: (data.replace(b"\r\n", b"\n"),), faults="sends-log-text"
    ),
    "takes whole requests only": _radio("line.byte-by-byte", "line.two-at-once", into=_only_whole),
    **{
        f"is unresponsive after {name}": _radio(f"line.{name}", into=unresponsive_after(bad.__eq__))
        for name, bad in {
            "return": b"\r",
            "noise": NOISE,
            "ones": b"\xff" * 50,
            "dollar": b"$",
            "half-request": b"$f",
            "response": response("f", b"\x07"),
            "no-dollar": b"f\r",
            "unknown-letter": request("q"),
            "long-line": LONG_LINE + b"\r",
        }.items()
    },
    "answers a response": _answering("line.response", response("f", b"\x07"), response("f", b"\x07")),
    "answers a letter without 24": _answering("line.no-dollar", b"f\r", response("f", b"\x07")),
    "answers an unknown letter": _answering("line.unknown-letter", request("q"), response("q", b"")),
    "takes one request a second": _radio("line.burst", into=tires()),
    "gives every second reading": _radio("line.rapid", out=rarely(7)),
    "answers d": _answering("reset.unanswered", RESET, response("d", b"")),
    "is gone after d": _radio("reset.runs-again", into=unresponsive_after(lambda data: data == RESET)),
    "keeps its credentials": _radio("reset.wiped", into=lambda data: data.replace(RESET, b"$x\r")),
    "has a new address after d": _changing("reset.same-mac", RESET, payload("m", at(0, 0xEE))),
}
