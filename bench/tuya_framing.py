"""Tuya framing: how fast, beside a plain per-byte parser, and what survives a damaged line.

    python bench/tuya_framing.py [--json] [--frames N]

(a) Frames per second at 256-byte reads: the framer; framer and session (bytes -> Reported); the whole live
    path (bytes -> Reading); and a parser that goes byte by byte. In turns in the same run; the median counts.
    The stall probe is a fixed loop timed before each run: if it swings, so does the machine.
(b) 1 % of the frames damaged in one way each (fixed seeds): intact frames that were lost and frames accepted
    where none was sent, compared as lists by position. See ``undecidable`` for the one case left out.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib import resources

from unclouded.families.tuya.frame import Frame, Framer, Noise
from unclouded.families.tuya.wifi_module import WifiModule, WifiSettings
from unclouded.hub.energy import EnergyBook
from unclouded.hub.interpret import Interpreter
from unclouded.profile import load_profile
from unclouded.session import Ambient, Reported, Way

READ = 256  # bytes a read
ROUNDS = 5
DAMAGED = 0.01  # share of frames


# --- the peer -------------------------------------------------------------------------------------


class PerByteParser:
    """What most integrations do: a state machine fed one byte at a time, no resynchronisation to speak of."""

    def __init__(self) -> None:
        self._message = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        found = []
        for byte in data:
            self._message.append(byte)
            frame = self._check()
            if frame is not None:
                found.append(frame)
        return found

    def _check(self) -> tuple[int, int, bytes] | None:
        message = self._message
        at = len(message) - 1
        if (at == 0 and message[0] != 0x55) or (at == 1 and message[1] != 0xAA):
            message.clear()
            return None
        if at < 6:
            return None
        size = message[4] << 8 | message[5]
        if at < 6 + size:
            return None
        good = sum(message[:-1]) & 0xFF == message[-1]
        frame = (message[2], message[3], bytes(message[6:-1])) if good else None
        message.clear()
        return frame


# --- (a) speed ------------------------------------------------------------------------------------


def value_reports(count: int) -> bytes:
    """15-byte reports of DPs 18, 19, 20 as a metering plug sends them."""
    rng = random.Random(1)
    return b"".join(
        bytes(Frame(3, 7, bytes((rng.choice((18, 19, 20)), 2, 0, 4)) + rng.randrange(25_000).to_bytes(4)))
        for _ in range(count)
    )


def stall_probe() -> float:
    """ms for a fixed loop of this interpreter."""
    start = time.perf_counter()
    total = 0
    for number in range(200_000):
        total += number & 7
    return (time.perf_counter() - start) * 1000


def timed(feed: Callable[[bytes], int], stream: bytes) -> tuple[float, int]:
    start = time.perf_counter()
    found = sum(feed(stream[at : at + READ]) for at in range(0, len(stream), READ))
    return time.perf_counter() - start, found


def to_frames() -> Callable[[bytes], int]:
    one = Framer()
    return lambda data: len(one.feed(data, 0.0))


def to_reports() -> Callable[[bytes], int]:
    one = module()
    return lambda data: len(one.receive(data, 0.0))


def to_readings() -> Callable[[bytes], int]:
    one = module()
    text = (resources.files("unclouded.profiles") / "tuya/plug_metering.toml").read_text()
    profile = load_profile(text, "plug_metering", lambda family: WifiSettings)
    reader = Interpreter("plug", profile, EnergyBook("plug", {}))

    def feed(data: bytes) -> int:
        return sum(len(reader.readings(event, 0.0)) for event in one.receive(data, 0.0) if type(event) is Reported)

    return feed


def per_byte() -> Callable[[bytes], int]:
    one = PerByteParser()
    return lambda data: len(one.feed(data))


def module() -> WifiModule:
    one = WifiModule(WifiSettings(), Ambient(wall=lambda now: now, token=bytes))
    one.up(Way(), 0.0)
    return one


CONTESTANTS = {"frames": to_frames, "reports": to_reports, "readings": to_readings, "per-byte parser": per_byte}


def speed(count: int) -> dict[str, object]:
    stream = value_reports(count)
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    probes = []
    for _ in range(ROUNDS):
        for name, make in CONTESTANTS.items():
            probes.append(stall_probe())
            seconds, found = timed(make(), stream)
            assert found == count, f"{name} found {found} of {count} frames"
            rates[name].append(count / seconds)
    probes.append(stall_probe())
    median = {name: round(statistics.median(list_)) for name, list_ in rates.items()}
    return {
        "frames_per_second": median,
        "ratio_to_per_byte": {name: round(rate / median["per-byte parser"], 2) for name, rate in median.items()},
        "stall_probe_ms": {"median": round(statistics.median(probes), 2), "worst": round(max(probes), 2)},
    }


# --- (b) damage -----------------------------------------------------------------------------------


def live_frames(count: int, rng: random.Random) -> Iterator[Frame]:
    """78 % value reports, the rest heartbeats, bools, strings and reports of three DPs."""
    for _ in range(count):
        kind = rng.random()
        if kind < 0.78:
            yield Frame(3, 7, value(rng))
        elif kind < 0.84:
            yield Frame(3, 0, b"\x01")
        elif kind < 0.90:
            yield Frame(3, 7, bytes((rng.randrange(1, 120), 1, 0, 1, rng.randrange(2))))
        elif kind < 0.95:
            text = bytes(rng.randrange(32, 127) for _ in range(rng.randrange(1, 40)))
            yield Frame(3, 7, bytes((rng.randrange(1, 120), 3, 0, len(text))) + text)
        else:
            yield Frame(3, 7, value(rng) + value(rng) + value(rng))


def value(rng: random.Random) -> bytes:
    return bytes((rng.randrange(1, 120), 2, 0, 4)) + rng.randrange(65_536).to_bytes(4)


Damage = Callable[[bytes, random.Random], bytes]


def flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def drop(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + 1 :]


DAMAGES: dict[str, Damage] = {
    "bit flipped": flip,
    "byte dropped": drop,
    "truncated": lambda data, rng: data[: rng.randrange(1, len(data))],
    "stray 55 before": lambda data, rng: b"\x55" + data,
    "1-19 random bytes before": lambda data, rng: rng.randbytes(rng.randrange(1, 20)) + data,
}
KEEPS = ("stray 55 before", "1-19 random bytes before")  # the frame itself stays intact


def undecidable(previous: bytes, piece: bytes) -> bool:
    """A frame whose checksum is 55, then a frame that lost its leading 55: byte for byte a dropped checksum."""
    return previous[-1:] == b"\x55" and piece[:1] == b"\xaa"


def damaged_stream(count: int, name: str, seed: int) -> tuple[bytes, dict[int, bytes], set[int]]:
    """The stream, its intact frames by position, and the positions that nobody could decide."""
    rng = random.Random(seed)
    stream = bytearray()
    intact: dict[int, bytes] = {}
    doubtful: set[int] = set()
    start_of_last = 0
    for frame in live_frames(count, rng):
        data = piece = bytes(frame)
        if rng.random() < DAMAGED:
            piece = DAMAGES[name](data, rng)
        if undecidable(stream[start_of_last:], piece):
            doubtful |= {start_of_last, len(stream) - 1}
        start_of_last = len(stream) + len(piece) - len(data)
        if piece is data or name in KEEPS:
            intact[start_of_last] = data
        else:
            start_of_last = len(stream)
        stream += piece
    return bytes(stream), intact, doubtful


def survive(count: int, name: str, seed: int) -> dict[str, int]:
    stream, intact, doubtful = damaged_stream(count, name, seed)
    found = dict(positions(stream))
    lost = [at for at, data in intact.items() if found.get(at) != data]
    false = [at for at, data in found.items() if intact.get(at) != data]
    return {
        "intact": len(intact),
        "lost": sum(at not in doubtful for at in lost),
        "false": sum(at not in doubtful for at in false),
        "undecidable": len(doubtful) // 2,
    }


def positions(stream: bytes) -> Iterator[tuple[int, bytes]]:
    framer = Framer(gap=None)
    at = 0
    pieces: list[Frame | Noise] = []
    for start in range(0, len(stream), READ):
        pieces += framer.feed(stream[start : start + READ])
    for piece in [*pieces, *framer.close()]:
        data = bytes(piece) if isinstance(piece, Frame) else piece.data
        if isinstance(piece, Frame):
            yield at, data
        at += len(data)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--frames", type=int, default=200_000)
    asked = arguments.parse_args()
    figures = {
        "speed": speed(min(asked.frames, 100_000)),
        "damaged": {name: survive(asked.frames, name, seed) for seed, name in enumerate(DAMAGES, 1)},
    }
    if asked.json:
        json.dump(figures, sys.stdout)
        print()
        return
    for part, table in figures.items():
        print(part)
        for name, row in table.items():
            print(f"  {name:28} {row}")


if __name__ == "__main__":
    main()
