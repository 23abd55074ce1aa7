"""Live Tuya framing: speed compared with byte-wise parsers, and the frames recovered from a damaged line.

    python bench/tuya_framing.py [--json] [--frames N] [--runs 9]

(a) Frames per second at 256-byte reads, in turns in one run, the median of all runs; of a line of mixed frames (78 %
    value reports; see ``live_frames``) and of one of a metering plug's value reports:
      frames      Framer: all eight rules, a Frame for each
      messages    the same, and read_message of each frame
      reported    Endpoint.receive: what the hub's session says (Reported for reports)
      readings    the same, and interpreted by a profile (the plug's line only)
      loop        a tight per-byte state machine that checks header, length and sum, and adds up values: no objects,
                  no resynchronisation. The ratios are to this one, on the same line.
      parser      what most integrations do: a bytearray that grows by the byte
    The stall probe is a fixed loop timed before each turn: if it swings, so does the machine.
(b) Hostile claims, one byte a read: bytes per second. A 115200 line brings 11,520; the target is ten times that.
(c) 1 % of the frames damaged in one way each (fixed seeds), for the live framer and for the bulk scan: intact frames
    that were lost and frames accepted where none was sent, compared as lists by position. See ``undecidable`` for the
    one case left out.
(d) A gateway's line, whose reports carry the id of a sub-device (16 characters), beside the plug's line with the same
    reports without ids: the live framer, its messages, and the bulk scan; frames and megabytes per second.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import resources

from unclouded.core.profile import load_profile
from unclouded.core.sessions.session import Ambient, LinkPath, Reported
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.command import CommandTable
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.shapes import OVERHEAD
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.module.module import WifiModule, WifiSettings, wifi_module
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter

READ = 256  # bytes a read
BULK_READ = 65_536
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


class PerByteLoop:
    """The fastest that goes byte by byte: plain numbers, one look at each byte, values summed."""

    def __init__(self) -> None:
        self.total = 0
        self._state = (0, 0, 0, 0, 0, bytearray())

    def feed(self, data: bytes) -> int:
        """How many frames ended in ``data``."""
        found = 0
        total = self.total
        state, command, length, count, check, payload = self._state
        for byte in data:
            if state == 6:
                payload.append(byte)
                check += byte
                count += 1
                if count == length:
                    state = 7
            elif state == 7:
                if byte == check & 0xFF:
                    found += 1
                    if command == 7:
                        total += int.from_bytes(payload[4:8], "big")
                state = 0
            elif state == 0:
                state, check = (1, byte) if byte == 0x55 else (0, 0)
            else:
                check += byte
                if state == 1:
                    state = 2 if byte == 0xAA else 0
                elif state == 2:
                    state = 3
                elif state == 3:
                    command, state = byte, 4
                elif state == 4:
                    length, state = byte << 8, 5
                else:
                    length |= byte
                    count, state = 0, 6 if length else 7
                    payload.clear()
        self.total = total
        self._state = (state, command, length, count, check, payload)
        return found


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


def timed(feed: Callable[[bytes], int], stream: bytes, read: int = READ) -> tuple[float, int]:
    start = time.perf_counter()
    found = sum(feed(stream[at : at + read]) for at in range(0, len(stream), read))
    return time.perf_counter() - start, found


def to_frames() -> Callable[[bytes], int]:
    one = Framer((WIFI.shapes,))
    return lambda data: len(one.feed(data, 0.0))


def to_messages() -> Callable[[bytes], int]:
    one = Framer((WIFI.shapes,))
    return lambda data: len([read_message("device", frame) for frame in one.feed(data, 0.0) if type(frame) is Frame])


def to_reports() -> Callable[[bytes], int]:
    one = module()
    return lambda data: len(one.receive(data, 0.0))


def to_readings() -> Callable[[bytes], int]:
    one = module()
    text = (resources.files("unclouded.profiles") / "tuya/plug_metering.toml").read_text()
    profile = load_profile(text, "plug_metering", lambda family: WifiSettings)
    reader = Interpreter("plug", profile, DeviceEnergy("plug", {}))

    def feed(data: bytes) -> int:
        return sum(len(reader.readings(event, 0.0)) for event in one.receive(data, 0.0) if type(event) is Reported)

    return feed


def per_byte_loop() -> Callable[[bytes], int]:
    return PerByteLoop().feed


def per_byte_parser() -> Callable[[bytes], int]:
    one = PerByteParser()
    return lambda data: len(one.feed(data))


def module() -> Endpoint[WifiModule]:
    one = wifi_module(WifiSettings(), Ambient(wall=lambda now: now, token=bytes))
    one.up(LinkPath(), 0.0)
    return one


CONTESTANTS = {
    "frames": to_frames,
    "messages": to_messages,
    "reported": to_reports,
    "readings": to_readings,
    "loop": per_byte_loop,
    "parser": per_byte_parser,
}


def mixed(count: int, seed: int = 5) -> bytes:
    return b"".join(map(bytes, live_frames(count, random.Random(seed))))


def speed(count: int, runs: int) -> dict[str, object]:
    """Of both lines; ratios to the loop on the same line, run by run."""
    streams = {"mixed": mixed(count), "plug": value_reports(count)}
    rates: dict[str, dict[str, list[float]]] = {line: {} for line in streams}
    probes = []
    for _ in range(runs):
        for line, stream in streams.items():
            for name, make in CONTESTANTS.items():
                if name == "readings" and line == "mixed":
                    continue  # a plug's profile knows the plug's points only
                probes.append(stall_probe())
                seconds, found = timed(make(), stream)
                # Heartbeats are not reported; a report that names one point twice is reported as two.
                assert found == count or (name == "reported" and found > count * 0.9), f"{name} found {found}"
                rates[line].setdefault(name, []).append(count / seconds)
    probes.append(stall_probe())
    figures: dict[str, object] = {}
    for line, table in rates.items():
        figures[f"{line}, frames per s"] = {name: round(statistics.median(list_)) for name, list_ in table.items()}
        ratios = {name: [a / b for a, b in zip(list_, table["loop"], strict=True)] for name, list_ in table.items()}
        figures[f"{line}, times loop"] = {name: round(statistics.median(list_), 2) for name, list_ in ratios.items()}
    worst = round(max(probes), 2)
    return {**figures, "stall_probe_ms": {"median": round(statistics.median(probes), 2), "worst": worst}}


# --- (b) hostile claims ---------------------------------------------------------------------------

HOSTILE = {
    "longest plain claims": "55aa000003ff",
    "longest claims of points": "55aa030703fc",
    "longest bulk claims": "55aa030b0400",
    "points that just do not fit": "55aa0307000c01000000",
    "half headers": "55",
    "empty headers": "55aa",
}


def hostile(size: int, runs: int) -> dict[str, int]:
    """Bytes per second, one byte a read."""
    rates: dict[str, list[float]] = {name: [] for name in HOSTILE}
    for _ in range(runs):
        for name, text in HOSTILE.items():
            stream = (bytes.fromhex(text) * size)[:size]
            seconds, _ = timed(to_frames(), stream, 1)
            rates[name].append(size / seconds)
    return {name: round(statistics.median(list_)) for name, list_ in rates.items()}


# --- (c) damage -----------------------------------------------------------------------------------


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
    """The stream, its intact frames by position, and the positions that could not be decided."""
    rng = random.Random(seed)
    stream = bytearray()
    intact: dict[int, bytes] = {}
    doubtful: set[int] = set()
    start_of_last = 0
    for frame in live_frames(count, rng):
        data = piece = bytes(frame)
        if rng.random() < DAMAGED:
            piece = DAMAGES[name](data, rng)
        if undecidable(bytes(stream[start_of_last:]), piece):
            doubtful |= {start_of_last, len(stream) - 1}
        start_of_last = len(stream) + len(piece) - len(data)
        if piece is data or name in KEEPS:
            intact[start_of_last] = data
        else:
            start_of_last = len(stream)
        stream += piece
    return bytes(stream), intact, doubtful


def survive(count: int, name: str, seed: int, framer: str = "live") -> dict[str, int]:
    stream, intact, doubtful = damaged_stream(count, name, seed)
    found = dict(FRAMERS[framer](stream))
    lost = [at for at, data in intact.items() if found.get(at) != data]
    false = [at for at, data in found.items() if intact.get(at) != data]
    return {
        "intact": len(intact),
        "lost": sum(at not in doubtful for at in lost),
        "false": sum(at not in doubtful for at in false),
        "undecidable": len(doubtful) // 2,
    }


def live_positions(stream: bytes) -> Iterator[tuple[int, bytes]]:
    framer = Framer((WIFI.shapes,), gap=None)
    at = 0
    pieces: list[Frame | Noise] = []
    for start in range(0, len(stream), READ):
        pieces += framer.feed(stream[start : start + READ])
    for piece in [*pieces, *framer.close()]:
        data = bytes(piece) if isinstance(piece, Frame) else piece.data
        if isinstance(piece, Frame):
            yield at, data
        at += len(data)


def bulk_positions(stream: bytes) -> Iterator[tuple[int, bytes]]:
    from unclouded.families.tuya.line.bulk_scan import BulkFramer

    framer = BulkFramer((WIFI.shapes,))
    scans = [scan for at in range(0, len(stream), BULK_READ) for scan in framer.feed(stream[at : at + BULK_READ])]
    for scan in [*scans, *framer.close()]:
        for start, size in zip(scan.starts.tolist(), scan.sizes.tolist(), strict=True):
            yield scan.offset + start, scan.data[start : start + OVERHEAD + size]


# --- (d) gateways ---------------------------------------------------------------------------------

IDS = [f"00124b0001{number:06x}".encode() for number in range(128)]


def gateway_reports(count: int) -> bytes:
    """The plug's reports, each of one of 128 sub-devices in turn."""
    plug = value_reports(count)
    size = len(plug) // count
    units = [plug[at + 6 : at + size - 1] for at in range(0, len(plug), size)]
    frames = (Frame(0, 0x0D, bytes((16,)) + IDS[at % len(IDS)] + unit) for at, unit in enumerate(units))
    return b"".join(map(bytes, frames))


def gateway_speed(count: int, runs: int) -> dict[str, dict[str, float]]:
    """Frames and MB per second of both lines, in turns."""
    streams = {"plug": (value_reports(count), WIFI), "gateway": (gateway_reports(count), GATEWAY)}
    seconds: dict[str, list[float]] = {}
    for _ in range(runs):
        for line, (stream, table) in streams.items():
            for name, feed in line_readers(table).items():
                took, found = timed(feed, stream, len(stream) if name == "bulk" else READ)
                assert found >= count, f"{line} {name} found {found}"
                seconds.setdefault(f"{line}, {name}", []).append(took)
    rates: dict[str, dict[str, float]] = {}
    for name, times in seconds.items():
        size = len(streams[name.partition(",")[0]][0])
        took = statistics.median(times)
        rates[name] = {"frames_per_s": round(count / took), "MB_per_s": round(size / took / 1e6, 1)}
    return rates


def line_readers(table: CommandTable) -> dict[str, Callable[[bytes], int]]:
    """What reads a stream, each with a state of its own; the bulk scan reads it as one block."""
    from unclouded.families.tuya.line.bulk_scan import BulkFramer

    frames, messages, bulk = Framer((table.shapes,)), Framer((table.shapes,)), BulkFramer((table.shapes,))
    return {
        "frames": lambda data: len(frames.feed(data, 0.0)),
        "messages": lambda data: len([table.read("device", one) for one in messages.feed(data) if type(one) is Frame]),
        "bulk": lambda data: sum(len(scan.starts) for scan in [*bulk.feed(data), *bulk.close()]),
    }


TARGETS = {
    "gateway": "target: not fewer megabytes per second than the plug's line",
    "speed": "targets, mixed: frames >= 1.2 x the loop, messages and reported >= 0.85 x",
    "hostile": "target: >= 115,200, ten times a line of that many baud",
    "damaged": "targets: lost 0, false 0",
}
FRAMERS = {"live": live_positions, "bulk": bulk_positions}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--frames", type=int, default=200_000)
    arguments.add_argument("--runs", type=int, default=9)
    asked = arguments.parse_args()
    figures: dict[str, Mapping[str, object]] = {
        "speed": speed(min(asked.frames, 50_000), asked.runs),
        "hostile_bytes_per_second": hostile(min(asked.frames // 10, 10_000), asked.runs),
        **{
            f"damaged_{framer}": {
                name: survive(asked.frames, name, seed, framer) for seed, name in enumerate(DAMAGES, 1)
            }
            for framer in FRAMERS
        },
        "gateway": gateway_speed(min(asked.frames, 50_000), asked.runs),
    }
    if asked.json:
        json.dump(figures, sys.stdout)
        print()
        return
    for part, table in figures.items():
        print(f"{part} ({TARGETS[part.partition('_')[0]]})")
        for name, row in table.items():
            print(f"  {name:28} {row}")


if __name__ == "__main__":
    main()
