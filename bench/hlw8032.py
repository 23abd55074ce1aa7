"""HLW8032: frames a second, beside a plain per-byte parser and a reader by a regular expression.

    python bench/hlw8032.py [--json] [--frames N] [--rounds N]

Frames of a plug under load at 256-byte reads, all in turns in the same run: our framer alone, our reader (framer,
confirmation, a report a second, exact energy), the same with noise between the frames, and two parsers as they are
usually written, which compute the values of every frame. Time goes on by 0.105 s a frame, as on the line. The median
counts. A line carries 18.2 frames a second at most, a real chip sends 9.5.
"""

import re
import statistics
import time
from collections.abc import Callable

from _common import arguments, report, spin
from unclouded.core.sessions.session import Ambient, LinkPath, Reported
from unclouded.families.hlw8032.frame import Hlw8032Frame, Hlw8032Framer, encode
from unclouded.families.hlw8032.reader import Hlw8032Reader, Hlw8032Settings

READ = 256  # bytes a read
INTERVAL_S = 0.105  # between two frames
LINE_FRAMES_PER_S = 4800 / 11 / 24
NOISE = b"\x55\x5a\x00\xff\x13"
KV, KI = 1.88, 1.0

Feed = Callable[[bytes], int]  # bytes -> how many frames were read; b"" at the end -> how many it has not named yet
HEADER = re.compile(rb"[\x55\xf0-\xff]\x5a.{22}", re.DOTALL)


def values_of(frame: bytes | bytearray) -> dict[str, float]:
    def pair(at: int) -> float:
        register = int.from_bytes(frame[at + 3 : at + 6], "big")
        return int.from_bytes(frame[at : at + 3], "big") / register if register else 0.0

    return {
        "voltage": pair(2) * KV,
        "current": pair(8) * KI,
        "power": 0.0 if frame[0] >= 0xF0 and frame[0] & 2 else pair(14) * KV * KI,
        "pulses": frame[21] << 8 | frame[22],
    }


class PerByteParser:
    """What firmware does: a state for each byte, a sum on the way, then the values."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._sum = 0

    def feed(self, data: bytes) -> int:
        found = 0
        for byte in data:
            size = len(self._frame)
            if size == 0:
                if byte == 0x55 or byte == 0xAA or byte >= 0xF0:
                    self._frame.append(byte)
            elif size == 1:
                if byte == 0x5A:
                    self._frame.append(byte)
                else:
                    self._frame.clear()
            elif size < 23:
                self._frame.append(byte)
                self._sum += byte
            else:
                self._frame.append(byte)
                if self._sum & 0xFF == byte:
                    self.values = values_of(self._frame)
                    found += 1
                self._frame.clear()
                self._sum = 0
        return found


class RegexReader:
    """A buffer, a pattern for a whole frame, the sum, then the values."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> int:
        self._buffer += data
        found = end = 0
        while (match := HEADER.search(self._buffer, end)) is not None:
            frame = match.group()
            if sum(frame[2:23]) & 0xFF == frame[23]:
                self.values = values_of(frame)
                found += 1
                end = match.end()
            else:
                end = match.start() + 1
        self._buffer = self._buffer[end:]
        return found


def framer() -> Feed:
    one = Hlw8032Framer()
    return lambda data: sum(type(piece) is Hlw8032Frame for piece in one.feed(data))


def session() -> Feed:
    one = Hlw8032Reader(Hlw8032Settings(), Ambient(wall=lambda now: now, token=bytes))
    one.up(LinkPath(), 0.0)
    now, reports = 0.0, 0

    def feed(data: bytes) -> int:
        nonlocal now, reports
        if not data:
            assert reports >= now / 1.2, f"{reports} reports in {now} s"
            return int(one.stats()["frames_in"])
        now += INTERVAL_S * len(data) / 24
        for events in (one.receive(data, now), one.tick(now)):
            reports += sum(type(event) is Reported for event in events)
        return 0

    return feed


def stream(count: int) -> list[bytes]:
    return [
        bytes(encode(0x55, (187_600, 1535), (15_575, 8273), (5_105_000, 25_000 + number % 300), 0x71, number * 4))
        for number in range(count)
    ]


def rate(feed: Feed, data: bytes, count: int) -> float:
    started = time.perf_counter()
    found = sum(feed(data[at : at + READ]) for at in range(0, len(data), READ))
    seconds = time.perf_counter() - started
    found += feed(b"")
    assert found == count, f"{found} of {count} frames were read"
    return count / seconds


def main() -> None:
    options = arguments(__doc__ or "", frames=20_000, rounds=5)
    before = spin()
    frames = stream(options.frames)
    plain, noisy = b"".join(frames), NOISE.join(frames)
    contestants: dict[str, tuple[Callable[[], Feed], bytes]] = {
        "per_byte_parser": (lambda: PerByteParser().feed, plain),
        "regular_expression": (lambda: RegexReader().feed, plain),
        "framer": (framer, plain),
        "reader": (session, plain),
        "reader_with_noise": (session, noisy),
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, (make, data) in contestants.items():
            rates[name].append(rate(make(), data, options.frames))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    figures: dict[str, object] = {f"{name}_frames_per_s": round(value) for name, value in medians.items()}
    figures["lines_that_one_core_follows"] = round(medians["reader"] / LINE_FRAMES_PER_S)
    for ours in ("framer", "reader"):
        for name in ("per_byte_parser", "regular_expression"):
            figures[f"{ours}_to_{name}"] = round(medians[ours] / medians[name], 2)
    report("hlw8032", figures, before, options.json)


if __name__ == "__main__":
    main()
