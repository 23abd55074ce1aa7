"""The delay of the bridge of `record`: microseconds from a byte received on one side to the byte sent on the other.

    python bench/bridge.py [--chunks 400] [--runs 9] [--pause_us 1300] [--json]

Three relays, each in a process of its own between two pseudo terminals, take turns in one run: a small asyncio loop
that only copies, `unclouded record` as people use it (it reads, redacts and writes a capture), and the same with
--watch. A 15-byte report goes one way and a query the other; the pause is that of a 115,200 line between two such
frames (a 9,600 line leaves 15 ms), in which the bridge does its writing. With --pause_us 0 nothing is left for that.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from _common import arguments, report, spin

REPORT = bytes.fromhex("55aa03070008130200040000029136")[:-1]
REPORT += bytes([sum(REPORT) & 0xFF])
QUERY = bytes.fromhex("55aa0008000007")
WARM_UP = 50  # chunks before the first that counts

PLAIN = """
import asyncio, os, sys, tty
def copy(source, sink):
    os.write(sink, os.read(source, 65536))
async def main():
    one, two = (os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) for path in sys.argv[1:])
    tty.setraw(one), tty.setraw(two)
    loop = asyncio.get_running_loop()
    loop.add_reader(one, copy, one, two)
    loop.add_reader(two, copy, two, one)
    await asyncio.Event().wait()
asyncio.run(main())
"""


class Relay:
    """A process between two terminals, and our ends of them."""

    def __init__(self, words: Sequence[str], ends: tuple[int, int], sink: int) -> None:
        self._ends = ends
        self._process = subprocess.Popen(words, stdout=sink, stderr=sink)

    def until_ready(self) -> None:
        """Until a byte comes through. Raises RuntimeError where none ever will."""
        os.set_blocking(self._ends[1], False)
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"the relay has ended with {self._process.returncode}")
            os.write(self._ends[0], b"\n")
            time.sleep(0.1)
            try:
                if os.read(self._ends[1], 65_536):
                    break
            except BlockingIOError:
                continue
        os.set_blocking(self._ends[1], True)

    def times(self, chunks: int, pause: float) -> list[float]:
        """Microseconds of each chunk, both ways in turn."""
        taken = []
        for number in range(chunks):
            source, sink = self._ends if number % 2 else self._ends[::-1]
            data = REPORT if number % 2 else QUERY
            started = time.perf_counter()
            os.write(source, data)
            left = len(data)
            while left:
                left -= len(os.read(sink, left))
            taken.append((time.perf_counter() - started) * 1e6)
            if pause:
                time.sleep(pause)
        return taken

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        for end in self._ends:
            os.close(end)


@contextmanager
def relays(folder: Path) -> Iterator[dict[str, Relay]]:
    unclouded = str(Path(sys.executable).with_name("unclouded"))
    record = [unclouded, "record", "--family", "tuya_wifi"]
    with ExitStack() as stack:
        sink = stack.enter_context((folder / "out").open("wb")).fileno()
        found = {}
        for name, words in (
            ("plain", [sys.executable, "-c", PLAIN, "{0}", "{1}"]),
            ("record", [*record, "--module", "serial:{0}", "--mcu", "serial:{1}", str(folder / "record.jsonl")]),
            ("watch", [*record, "--module", "serial:{0}", "--mcu", "serial:{1}", "--watch", str(folder / "w.jsonl")]),
        ):
            pairs = [os.openpty() for _ in range(2)]
            for _, slave in pairs:
                tty.setraw(slave)
                stack.callback(os.close, slave)
            terminals = [os.ttyname(slave) for _, slave in pairs]
            relay = Relay([word.format(*terminals) for word in words], (pairs[0][0], pairs[1][0]), sink)
            stack.callback(relay.stop)
            relay.until_ready()
            relay.times(WARM_UP, 0.001)
            found[name] = relay
        yield found


def measured(args: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, relays(Path(folder)) as found:
        rounds = [
            {name: relay.times(args.chunks, args.pause_us / 1e6) for name, relay in found.items()}
            for _ in range(args.runs)
        ]
    figures: dict[str, object] = {}
    for name in rounds[0]:
        medians = [statistics.median(one[name]) for one in rounds]
        figures[f"{name}_us"] = round(statistics.median(medians), 1)
        worst = [sorted(one[name])[int(len(one[name]) * 0.99)] for one in rounds]
        figures[f"{name}_p99_us"] = round(statistics.median(worst), 1)
    for name in ("record", "watch"):
        ratios = [statistics.median(one[name]) / statistics.median(one["plain"]) for one in rounds]
        figures[f"{name}_ratio_to_plain"] = round(statistics.median(ratios), 2)
        added = [statistics.median(one[name]) - statistics.median(one["plain"]) for one in rounds]
        figures[f"{name}_adds_us"] = round(statistics.median(added), 1)
    return figures | {"pause_us": args.pause_us, "runs": args.runs}


def main() -> None:
    args = arguments(__doc__ or "", chunks=400, runs=9, pause_us=1300)
    before = spin()
    report("bridge: a byte in on one side to it out on the other", measured(args), before, args.json)


if __name__ == "__main__":
    main()
