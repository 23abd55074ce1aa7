"""What every framer makes of one long, damaged stream, as it was when its rules were reviewed.

The properties beside each framer say what always holds; here each decision counts: a digest of all pieces of a fixed
stream. Where a rule is changed on purpose, the counts show what became different.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pytest

from unclouded.families.emporia.frame import EmporiaFramer, request, response
from unclouded.families.hlw8032.frame import Hlw8032Framer, encode
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame, SequencedFramer

SIZE = 16_000  # bytes of a stream
CHUNK = 13  # bytes

Random = random.Random


class AnyFramer(Protocol):
    """What all framers have."""

    def feed(self, data: bytes) -> list[Any]: ...  # Any: each framer's own pieces

    def close(self) -> list[Any]: ...


# --- streams ----------------------------------------------------------------------------------------


def unit(rng: Random) -> bytes:
    body = bytes(rng.choice((0x55, 0xAA, 0, 3, 7, rng.randrange(256))) for _ in range(rng.choice((1, 1, 4, 4, 9, 0))))
    return bytes((rng.randrange(256), rng.choice((0, 1, 2, 3, 4, 5, 5, 6)))) + len(body).to_bytes(2) + body


def tuya_frame(rng: Random) -> bytes:
    version, kind = rng.choice((0, 3)), rng.randrange(9)
    units = b"".join(unit(rng) for _ in range(rng.choice((1, 1, 2, 3))))
    if kind < 4:
        return bytes(Frame(version, rng.choice((6, 7, 0x22)), units))
    if kind == 4:
        return bytes(Frame(version, rng.choice((0x0C, 0x0D)), bytes((4,)) + b"1234" + units))
    if kind == 5:
        return bytes(Frame(version, 0x0B, rng.randbytes(rng.choice((4, 4, 40, 260)))))
    if kind == 6:
        return bytes(Frame(version, 7, units * rng.choice((1, 1, 1, 20))))
    command = rng.choice((0, 1, 2, 3, 8, 0x1C, 0x34, 0x0E, 0x70))
    return bytes(Frame(version, command, rng.randbytes(rng.choice((0, 1, 2, 9)))))


def zigbee_frame(rng: Random) -> bytes:
    payload = unit(rng) if rng.randrange(2) else rng.randbytes(rng.randrange(12))
    return bytes(SequencedFrame(rng.choice((2, 2, 1)), rng.randrange(12), payload, sequence=rng.randrange(2**16)))


def emporia_frame(rng: Random) -> bytes:
    return rng.choice(
        (
            request(rng.choice("rmji")),
            response("r", rng.randbytes(rng.choice((0, 3, 40)))),
            response(rng.choice("jfe"), rng.randbytes(1)),
            response(rng.choice("mi"), rng.randbytes(rng.choice((8, 8, 7)))),
            b"log text with a $ in it\r\n",
            b"$r\r\nhelp $m\r\n",
        )
    )


def chip_frame(rng: Random) -> bytes:
    pairs = [(rng.randrange(2**24), rng.randrange(2**24)) for _ in range(3)]
    state = rng.choice((0x55, 0xAA, 0xF2, 0xFF, 0x12))
    return bytes(encode(state, pairs[0], pairs[1], pairs[2], rng.randrange(256), rng.randrange(2**17)))


def stream(frame: Callable[[Random], bytes], header: bytes) -> bytes:
    """Frames, some of them damaged, cut short or one inside the other, and noise."""
    rng, parts, size = Random(7), list[bytes](), 0
    while size < SIZE:
        one = frame(rng)
        at = rng.randrange(len(one) + 1)
        flipped = one[: max(at - 1, 0)] + rng.randbytes(1) + one[at:] if at else one
        cases = (one, one, one, one[:at], flipped, rng.randbytes(rng.randrange(9)), header, header[:1])
        part = rng.choice((*cases, one[:at] + frame(rng) + one[at:], header + rng.randbytes(4)))
        parts.append(part)
        size += len(part)
    return b"".join(parts)


# --- what comes out ---------------------------------------------------------------------------------


def pieces_of(framer: AnyFramer, chunks: Iterable[bytes]) -> list[Any]:
    return [*(piece for chunk in chunks for piece in framer.feed(chunk)), *framer.close()]


def described(piece: Any) -> tuple[str, bytes]:
    reason = getattr(piece, "reason", "frame")
    return str(reason), piece.data if isinstance(piece, Noise) else bytes(piece)


def merged(pieces: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Neighbouring noise of one reason is one."""
    found: list[tuple[str, bytes]] = []
    for reason, data in pieces:
        if found and found[-1][0] == reason != "frame":
            found[-1] = reason, found[-1][1] + data
        else:
            found.append((reason, data))
    return found


def digest(pieces: Iterable[tuple[str, bytes]]) -> str:
    text = "\n".join(f"{reason} {data.hex()}" for reason, data in pieces)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def counts_of(pieces: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """How many pieces of each reason."""
    return dict(sorted(Counter(re.sub(r" \d.*", "", reason) for reason, _ in pieces).items()))


TUYA, ZIGBEE = stream(tuya_frame, b"\x55\xaa"), stream(zigbee_frame, b"\x55\xaa")
EMPORIA, CHIP = stream(emporia_frame, b"\x24\x01"), stream(chip_frame, b"\x55\x5a")

FRAMERS: dict[str, tuple[Callable[[], AnyFramer], bytes]] = {
    "wifi": (lambda: Framer((WIFI.shapes,), gap=None), TUYA),
    "low power": (lambda: Framer((LOW_POWER.shapes,), gap=None), TUYA),
    "gateway": (lambda: Framer((GATEWAY.shapes,), gap=None), TUYA),
    "all dialects": (lambda: Framer((WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes), gap=None), TUYA),
    "zigbee module": (lambda: SequencedFramer(ZIGBEE_MODULE.shapes), ZIGBEE),
    "emporia radio": (lambda: EmporiaFramer("device", None), EMPORIA),
    "emporia hub": (lambda: EmporiaFramer("controller", None), EMPORIA),
    "emporia both": (lambda: EmporiaFramer(None, None), EMPORIA),
    "metering chip": (Hlw8032Framer, CHIP),
}

EXPECTED: dict[str, tuple[str, dict[str, int]]] = {
    "wifi": (
        "a1c0cf9b05fcf62b",
        {
            "a whole frame inside": 51,
            "bad checksum": 98,
            "cut off": 1,
            "data points do not fit the length": 93,
            "frame": 300,
            "length over the cap": 140,
            "no header": 115,
        },
    ),
    "low power": (
        "95ed5fac02a53f08",
        {
            "a whole frame inside": 67,
            "bad checksum": 123,
            "cut off": 1,
            "data points do not fit the length": 4,
            "frame": 341,
            "length over the cap": 133,
            "no header": 131,
        },
    ),
    "gateway": (
        "a20af47dbf974bb5",
        {
            "a whole frame inside": 59,
            "bad checksum": 104,
            "cut off": 1,
            "data points do not fit the length": 76,
            "frame": 291,
            "length over the cap": 140,
            "no header": 112,
        },
    ),
    "all dialects": (
        "5aeff73b4c8109cf",
        {
            "a whole frame inside": 64,
            "bad checksum": 128,
            "cut off": 1,
            "frame": 344,
            "length over the cap": 133,
            "no header": 132,
        },
    ),
    "zigbee module": (
        "8137eb5423af2b1d",
        {
            "a version without sequence number": 253,
            "bad checksum": 149,
            "data points do not fit the length": 52,
            "frame": 346,
            "length over the cap": 252,
            "no header": 135,
        },
    ),
    "emporia radio": (
        "98554d97e414bcb7",
        {"frame": 319, "length": 77, "no carriage return at the end": 97, "stray bytes": 288, "text": 378},
    ),
    "emporia hub": ("811feeda6af10779", {"frame": 457, "stray bytes": 364, "text": 545}),
    "emporia both": (
        "8ef74c32d8bd4153",
        {"frame": 427, "length": 77, "no carriage return at the end": 97, "stray bytes": 307, "text": 371},
    ),
    "metering chip": ("73a91cd6705f6156", {"bad checksum": 389, "frame": 328, "stray bytes": 155}),
}


# The same, with the place in the stream at which each piece came out.
WHEN: dict[str, str] = {
    "wifi": "d454a84cf21924b3",
    "low power": "4bae71850a448f3b",
    "gateway": "9c668d6239ec0528",
    "all dialects": "c3549f4b76a09aaa",
    "zigbee module": "27cfe8afb77fbe76",
    "emporia radio": "5f6a688aed2c67d8",
    "emporia hub": "f26d322609e70b91",
    "emporia both": "dea2e1d01c5beeda",
    "metering chip": "06a749fbae61203f",
}


@pytest.mark.parametrize("name", FRAMERS)
def test_every_decision_about_a_long_damaged_stream(name: str) -> None:
    make, data = FRAMERS[name]
    found = [described(piece) for piece in pieces_of(make(), [data])]
    assert b"".join(part for _, part in found) == data
    assert (digest(found), counts_of(found)) == EXPECTED[name]


@pytest.mark.parametrize("name", FRAMERS)
def test_the_same_comes_out_in_chunks_and_as_soon_as_it_is_certain(name: str) -> None:
    make, data = FRAMERS[name]
    framer, found = make(), list[tuple[str, bytes]]()
    for at in range(0, len(data), CHUNK):
        found += [(f"{at} {reason}", piece) for reason, piece in map(described, framer.feed(data[at : at + CHUNK]))]
    found += [(f"{len(data)} {reason}", piece) for reason, piece in map(described, framer.close())]
    whole = merged((reason.partition(" ")[2], piece) for reason, piece in found)
    assert whole == merged(map(described, pieces_of(make(), [data])))
    assert digest(found) == WHEN[name]


def test_a_frame_is_given_up_after_three_tenths_of_a_second() -> None:
    framer = Framer((WIFI.shapes,))
    assert framer.feed(bytes(Frame(3, 7, bytes(8)))[:9], 10.0) == []
    assert framer.deadline() == pytest.approx(10.3) and framer.held == 9
    untimed = Framer((WIFI.shapes,))
    assert untimed.feed(b"\x55") == [] and untimed.deadline() == pytest.approx(0.3)
    radio = EmporiaFramer()
    assert radio.feed(b"\x24\x01r", 10.0) == [] and radio.deadline() == pytest.approx(10.1) and radio.held == 3
    radio = EmporiaFramer()
    assert radio.feed(b"\x24") == [] and radio.deadline() == pytest.approx(0.1)


@pytest.mark.parametrize(("size", "is_frame"), [(256, True), (257, False)])
def test_a_frame_of_a_zigbee_module_has_at_most_256_bytes_of_payload(size: int, is_frame: bool) -> None:
    frame = SequencedFrame(2, 0x7F, bytes(size), sequence=1)
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    assert ([*framer.feed(bytes(frame)), *framer.close()] == [frame]) == is_frame


@pytest.mark.parametrize("make", [Hlw8032Framer, EmporiaFramer])
def test_noise_comes_in_pieces_of_256_bytes(make: Callable[[], AnyFramer]) -> None:
    assert [len(bytes(piece)) for piece in pieces_of(make(), [bytes(600)])] == [256, 256, 88]
