"""The live path: frames per second from link bytes to Readings on the board, on one core.

    python bench/live_path.py [--frames 100000] [--runs 9] [--json]
    python bench/live_path.py --against DIR          DIR: another checkout, an older commit for example

The whole real path: driver, session, framer, messages, interpretation, energy ledger, board, one subscriber. Beside
it, in the same run, a plain per-byte parser that only finds frames and sums their values. Tuya: 15-byte reports of
power, voltage and current in 256-byte reads (target >= 150,000 frames/s). Emporia: 44-byte meter readings.

``--against`` compares two checkouts on a machine that others use too: ``--runs`` pairs of processes, this checkout
and the other one in turn, each with its own bench and its own sources. They count CPU time, the ratio of each pair is
taken first, and the median of the ratios is reported, so that a slow minute counts for both.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from _common import arguments, report, spin
from unclouded.app.configuration.config import parse_config
from unclouded.app.device_factory import DeviceFactory
from unclouded.core.model import Fact, Reading
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import LinkPath, Out
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub
from unclouded.hub.services.services import Services

# Runs the bench of a checkout (its path, then its arguments) with CPU time for wall time.
IN_CPU_TIME = """
import runpy, sys, time
time.perf_counter = time.process_time
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
READ = 256  # bytes in one read of the link

TUYA_CONFIG = """
[[device]]
id = "plug"
family = "tuya_wifi"
link = "tcp://127.0.0.1:1"
profile = "tuya/plug_metering"
"""
EMPORIA_CONFIG = """
[[device]]
id = "meter"
family = "emporia"
link = "tcp://127.0.0.1:1"
"""


class HandFed:
    """A link that the bench feeds by hand."""

    def __init__(self) -> None:
        self.started: asyncio.Future[Inlet] = asyncio.get_running_loop().create_future()

    def start(self, inlet: Inlet) -> None:
        self.started.set_result(inlet)

    def send(self, out: Out) -> None:
        """No device is there."""

    async def close(self) -> None:
        """There is nothing to close."""


def tuya(command: int, payload: bytes) -> bytes:
    body = b"\x55\xaa\x03" + bytes([command]) + len(payload).to_bytes(2, "big") + payload
    return body + bytes([sum(body) & 0xFF])


def tuya_report(number: int) -> bytes:
    dp, value = ((19, 573 + number % 97), (20, 2300 + number % 31), (18, 293 + number % 13))[number % 3]
    return tuya(0x07, bytes([dp, 2, 0, 4]) + value.to_bytes(4, "big"))


def emporia_reading(number: int) -> bytes:
    imported, exported = (152_468_871 + number // 3).to_bytes(6, "little"), (9_901_082).to_bytes(6, "little")
    demand = (1191 + number % 50).to_bytes(3, "little")
    payload = bytes([0x18, number & 0xFF, 0x01])
    payload += b"\x00\x00\x00\x25" + imported + b"\x01\x00\x00\x25" + exported
    payload += bytes.fromhex("0103002201000002030022e803000004002a") + demand
    return b"$\x01r%c%b\r" % (len(payload), payload)


TUYA_START = tuya(0, b"\x01") + tuya(1, b'{"p":"bench00000000000","v":"1.0.0","m":0}') + tuya(2, b"") + tuya(3, b"")
EMPORIA_START = b"$\x01f\x01\x07\r" + b"$\x01m\x08\x11\x22\x33\x44\x55\x66\x77\x88\r"


def per_byte(stream: Sequence[bytes]) -> int:
    """What people write first: a state machine that looks at each byte. Tuya frames; returns a sum of values."""
    state = total = command = length = count = check = 0
    payload = bytearray()
    for chunk in stream:
        for byte in chunk:
            if state == 0:
                state, check = (1, byte) if byte == 0x55 else (0, 0)
                continue
            if state == 7:
                if byte == check & 0xFF and command == 7:
                    total += int.from_bytes(payload[4:8], "big")
                state = 0
                continue
            check += byte
            if state == 1:
                state = 2 if byte == 0xAA else 0
            elif state == 2:
                state = 3
            elif state == 3:
                command, state = byte, 4
            elif state == 4:
                length, state = byte << 8, 5
            elif state == 5:
                length |= byte
                count, state = 0, 6 if length else 7
                payload.clear()
            else:
                payload.append(byte)
                count += 1
                if count == length:
                    state = 7
    return total


async def live(config: str, start: bytes, chunks: Sequence[bytes]) -> tuple[float, int]:
    """Seconds for the chunks through a real hub, and the readings that came of them."""
    loop = asyncio.get_running_loop()
    clock = WallClock(loop.time)
    link = HandFed()
    spec = DeviceFactory(parse_config(config, "bench", env={"HOME": "/", "XDG_DATA_HOME": "/"})).nodes()[0]
    channel = msgspec.structs.replace(spec.channels[0], open_link=lambda: link)
    spec = msgspec.structs.replace(spec, channels=(channel,))
    hub = Hub([spec], Services(lambda: None), clock, os.urandom)
    readings = 0

    def count(facts: Sequence[Fact]) -> None:
        nonlocal readings
        readings += sum(1 for fact in facts if type(fact) is Reading)

    hub.subscribe(count)
    running = asyncio.create_task(hub.run(), name="hub")
    inlet = await link.started
    inlet.up(LinkPath())
    inlet.received(start)
    started = time.perf_counter()
    for chunk in chunks:
        inlet.received(chunk)
    passed = time.perf_counter() - started
    running.cancel()
    return passed, readings


def chunked(frames: Sequence[bytes]) -> list[bytes]:
    stream = b"".join(frames)
    return [stream[at : at + READ] for at in range(0, len(stream), READ)]


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def figures_of(checkout: Path, frames: int) -> Mapping[str, float]:
    """One run of the bench of a checkout, in a process of its own."""
    bench = str(checkout / "bench" / "live_path.py")
    command = [sys.executable, "-c", IN_CPU_TIME, bench, "--json", f"--frames={frames}", "--runs=3"]
    env = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    figures: Mapping[str, float] = json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
    return figures


def compare(other: Path, frames: int, runs: int) -> dict[str, object]:
    """Frames per second of this checkout by those of the other: the median, lowest and highest ratio of the pairs."""
    here = Path(__file__).resolve().parent.parent
    pairs = []
    for number in range(runs):
        if number % 2:  # whoever runs second finds a warmer machine
            theirs, ours = figures_of(other, frames), figures_of(here, frames)
        else:
            ours, theirs = figures_of(here, frames), figures_of(other, frames)
        pairs.append((ours, theirs))
    result: dict[str, object] = {}
    for name in ("tuya", "emporia"):
        key = f"{name}_frames_per_s"
        ratios = sorted(ours[key] / theirs[key] for ours, theirs in pairs)
        result[f"{name}_ratio"] = round(statistics.median(ratios), 3)
        result[f"{name}_ratio_lowest_highest"] = f"{ratios[0]:.3f} {ratios[-1]:.3f}"
        for whose, index in (("here", 0), ("other", 1)):
            result[f"{name}_frames_per_s_{whose}"] = round(statistics.median(pair[index][key] for pair in pairs))
    return {**result, "pairs": runs}


def main() -> None:
    args = arguments("Live path", frames=100_000, runs=9, against="")
    before = spin()
    if args.against:
        figures = compare(Path(args.against).resolve(), args.frames, args.runs)
        report("live path: this checkout by the other one", figures, before, args.json)
        return
    tuya_chunks = chunked([tuya_report(number) for number in range(args.frames)])
    emporia_chunks = chunked([emporia_reading(number) for number in range(args.frames // 10)])
    rates: dict[str, list[float]] = {"tuya": [], "emporia": [], "per_byte": []}
    for _ in range(args.runs):
        passed, readings = asyncio.run(live(TUYA_CONFIG, TUYA_START, tuya_chunks))
        assert readings >= args.frames, f"only {readings} readings of {args.frames} frames"
        rates["tuya"].append(args.frames / passed)
        passed, readings = asyncio.run(live(EMPORIA_CONFIG, EMPORIA_START, emporia_chunks))
        assert readings >= args.frames // 10, f"only {readings} readings"
        rates["emporia"].append(args.frames // 10 / passed)
        rates["per_byte"].append(args.frames / timed(lambda: per_byte(tuya_chunks)))
    ratios = [ours / theirs for ours, theirs in zip(rates["tuya"], rates["per_byte"], strict=True)]
    measured = {
        "tuya_frames_per_s": round(statistics.median(rates["tuya"])),
        "per_byte_parser_frames_per_s": round(statistics.median(rates["per_byte"])),
        "ratio_to_per_byte": round(statistics.median(ratios), 2),
        "emporia_frames_per_s": round(statistics.median(rates["emporia"])),
        "runs": args.runs,
    }
    report("live path: bytes to Readings (target: Tuya >= 150,000 frames/s)", measured, before, args.json)


if __name__ == "__main__":
    main()
