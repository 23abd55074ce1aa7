"""Ways to break one rule of our ends of a gateway's line: for gateway_mcu_mutants and gateway_hub_mutants.

Each is tested with the checks of its subject only (``mcu.join.*`` where ``mcu.join.ids`` must fail).
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from conformance.gateway_ends import PLUG, gateway, gateway_hub, other_gateway
from conformance.mutants import (
    Alter,
    Mutant,
    as_it_is,
    payload,
    repaired,
    same,
    unresponsive_after,
)
from unclouded.conformance.tuya.frames import unit
from unclouded.conformance.tuya_gateway.gateway_frames import counted
from unclouded.core.sessions.session import Event, Out, Session
from unclouded.families.tuya.line.datapoint import read_units
from unclouded.families.tuya.line.framing import Frame

Into = Callable[[bytes], bytes]


class BrokenGateway(msgspec.Struct, frozen=True):
    """``found``: the checks that it fails, or whose deviation is seen. ``make``: makes the end."""

    found: frozenset[str]
    make: Callable[[], Session]

    @property
    def only(self) -> tuple[str, ...]:
        """The patterns of the checks of its subjects."""
        subjects = {f"{id.rpartition('.')[0]}.*" for id in self.found}
        return tuple(sorted(subjects | ({"mcu.set.reported"} if "mcu.group.*" in subjects else set())))


# --- what becomes of what is received ------------------------------------------------------------------


def frame_in(data: bytes) -> Frame | None:
    whole = len(data) > 6 and data[:2] == b"\x55\xaa" and len(data) == 7 + int.from_bytes(data[4:6])
    return Frame(data[2], data[3], data[6:-1]) if whole and data[-1] == sum(data[:-1]) & 0xFF else None


def taken(command: int, change: Callable[[bytes], bytes | None], head: bytes = b"") -> Into:
    """Frames of this command, whose payload begins so, are received with another payload; None = not at all."""

    def into(data: bytes) -> bytes:
        frame = frame_in(data)
        if frame is None or frame.command != command or not frame.payload.startswith(head):
            return data
        changed = change(frame.payload)
        return b"" if changed is None else bytes(Frame(frame.version, command, changed))

    return into


def replacing(command: int, old: bytes, new: bytes) -> Into:
    return taken(command, lambda data: data.replace(old, new))


def losing(command: int, part: bytes = b"", head: bytes = b"") -> Into:
    """Frames of this command that hold these bytes are not received."""
    return taken(command, lambda data: None if part in data else data, head)


def losing_each_second(command: int) -> Into:
    count = [0]

    def change(data: bytes) -> bytes | None:
        count[0] += 1
        return data if count[0] % 2 else None

    return taken(command, change)


def losing_repeats(command: int) -> Into:
    """Frames of this command that are as the one before are not received."""
    last = [b""]

    def change(data: bytes) -> bytes | None:
        is_new, last[0] = data != last[0], data
        return data if is_new else None

    return taken(command, change)


def unresponsive_after_bytes(part: bytes) -> Into:
    """It receives nothing more after bytes that hold these."""
    return unresponsive_after(lambda data: part in data)


# --- what becomes of what is sent ----------------------------------------------------------------------


def points(id: int, change: Callable[[int, bytes], tuple[int, bytes]]) -> Alter:
    """A data point of the plug's reports with another type and value."""
    head = counted(PLUG)

    def changed(data: bytes) -> bytes:
        units = list(read_units(data[len(head) :]))
        return head + b"".join(
            unit(one, *(change(type, value) if one == id else (type, value))) for one, type, value in units
        )

    return payload(0x0D, changed, head)


def text(command: int, old: bytes, new: bytes) -> Alter:
    return payload(command, lambda data: data.replace(old, new))


def counting(command: int, change: Callable[[int, bytes], bytes | None]) -> Alter:
    """Frames of this command, with how many there were before."""
    count = [0]

    def alter(frame: Frame) -> Sequence[Frame]:
        if frame.command != command:
            return (frame,)
        count[0] += 1
        changed = change(count[0] - 1, frame.payload)
        return () if changed is None else (Frame(frame.version, command, changed),)

    return alter


def never_again(command: int) -> Alter:
    """The same payload is sent once."""
    seen: set[bytes] = set()

    def alter(frame: Frame) -> Sequence[Frame]:
        if frame.command == command and frame.payload in seen:
            return ()
        seen.add(frame.payload)
        return (frame,)

    return alter


def several(command: int, count: int) -> Alter:
    return lambda frame: (frame,) * count if frame.command == command else (frame,)


class RespondingMutant(Mutant):
    """``response``: what it sends at once to a frame that it receives."""

    def __init__(self, inner: Session, response: Callable[[Frame], Sequence[Frame]]) -> None:
        super().__init__(inner)
        self._response = response
        self._sent: list[Frame] = []

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        frame = frame_in(data)
        self._sent += self._response(frame) if frame is not None else ()
        return super().receive(data, now, path, re)

    def outgoing(self, now: float) -> list[Out]:
        sent, self._sent = self._sent, []
        return [*super().outgoing(now), *(Out(bytes(frame)) for frame in sent)]


# --- tables --------------------------------------------------------------------------------------------


def _end(prefix: str, found: Sequence[str], make: Callable[[], Session], out: Alter, into: Into) -> BrokenGateway:
    return BrokenGateway(frozenset(f"{prefix}.{one}" for one in found), lambda: Mutant(make(), out, into))


def broken_mcu(*found: str, out: Alter = same, into: Into = as_it_is) -> BrokenGateway:
    return _end("mcu", found, gateway, out, into)


def broken_other(*found: str, out: Alter = same, into: Into = as_it_is) -> BrokenGateway:
    """Of the gateway with the old form of alarms."""
    return _end("mcu", found, other_gateway, out, into)


def broken_hub(*found: str, out: Alter = same, into: Into = as_it_is, **settings: object) -> BrokenGateway:
    return _end("module", found, lambda: gateway_hub(**settings), out, into)


NOISE = bytes((0x12, 0xFF))


def line_intos() -> Mapping[str, Into]:
    """By check of a bad line, one that does not bear it."""
    return {
        "noise-before": unresponsive_after(lambda data: data[:2] == NOISE),
        "zeros-before": unresponsive_after(lambda data: data == bytes(100)),
        "ones-before": unresponsive_after(lambda data: data == b"\xff" * 100),
        "stray-55": lambda data: b"" if data[:3] == b"\x55\x55\xaa" else data,
        "stray-header": unresponsive_after(lambda data: data == b"\x55\xaa"),
        "swapped-header": unresponsive_after(lambda data: data[:2] == b"\xaa\x55"),
        "noise-behind": lambda data: b"" if NOISE in data[1:] else data,
        "half-frame": unresponsive_after(lambda data: len(data) == 3),
        "cut-frame": lambda data: b"" if len(data) == 12 and data[5:7] == b"\x55\xaa" else data,
        "huge-length": unresponsive_after_bytes(b"\x55\xaa\x00\x7d\xff\xff"),
        "header-inside": unresponsive_after_bytes(b"\x7d\x00\x04\x00\x55\xaa\x00"),
        "bad-checksum": repaired,
        "byte-by-byte": lambda data: b"" if len(data) == 1 else data,
        "pause-inside": lambda data: b"" if len(data) == 4 else data,
        "two-at-once": lambda data: data[:7] if len(data) == 14 and data[:7] == data[7:] else data,
        "unknown-command": unresponsive_after_bytes(b"\x7d\x00\x02\x01\x02"),
        "long": unresponsive_after(lambda data: 250 < len(data) < 300 and data[3] == 0x7D),
        "longest": unresponsive_after(lambda data: len(data) > 1000 and data[3] == 0x7D),
    }


def only_up_to(number: int) -> Into:
    """Frames without data of a higher version are not received."""
    return lambda data: b"" if data[:2] == b"\x55\xaa" and len(data) == 7 and data[2] > number else data


def responding_hub(*found: str, to: int, head: bytes, response: Frame) -> BrokenGateway:
    """It sends this to each frame that begins so."""

    def respond(frame: Frame) -> Sequence[Frame]:
        return (response,) if frame.command == to and frame.payload.startswith(head) else ()

    return BrokenGateway(frozenset(f"module.{one}" for one in found), lambda: RespondingMutant(gateway_hub(), respond))
