"""An MCU's firmware update over a serial line: use of the line's capacity, and CPU time per block.

    python bench/tuya_update.py [--kilobytes 512] [--runs 9] [--json]

Both ends are sessions of this package, with a virtual clock, on a line with 10 bits per byte in each direction; the
MCU answers in 0 ms. The minimum is the time of all bytes of the update and their answers in sequence, as each block
waits for its answer. Target: at 115200 baud with blocks of 1024 bytes at most 1.05 of it. Wall time: that of the
module's session for a block (the packet, the answer, the request to the hub), and that of both ends and the line.
"""

import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from _common import arguments, report, spin
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskBlock,
    Asked,
    AskFile,
    Event,
    LinkPath,
    Network,
    Refusal,
    Session,
    Settled,
    WireAction,
)
from unclouded.families.tuya.wifi.codes import UPDATE_COMMANDS
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

BITS = 10  # of a byte on the wire: start, eight, stop
TARGET = 1.05
RATES = ((115_200, 1024), (115_200, 256), (9_600, 1024), (9_600, 256))


class Taken(msgspec.Struct, frozen=True):
    """What one update took. ``line_s``: on the virtual clock; ``least_s``: its bytes; the rest is wall time."""

    line_s: float
    least_s: float
    module_us: float  # for a block
    all_us: float  # for a block


class Wire:
    """Both directions of a serial line between two sessions."""

    def __init__(self, baud: int, firmware: bytes, step: int) -> None:
        faults = frozenset({"takes-small-blocks"}) if step == 256 else frozenset[str]()
        ambient = Ambient(wall=lambda now: 1.79e9 + now, token=bytes)
        self.module: Session = wifi_module(WifiSettings(), ambient)
        self.mcu = wifi_mcu(McuOptions(faults=faults))
        self.now = 0.0
        self.settled: list[Settled] = []
        self.spent = 0.0  # s of wall time in the module's session
        self.update: list[tuple[float, float, int]] = []  # when packets and answers began and ended, and their bytes
        self._firmware = firmware
        self._byte_s = BITS / baud
        self._free = [0.0, 0.0]  # when each direction is free
        self._under_way: tuple[deque[tuple[float, bytes]], ...] = (deque(), deque())  # to the MCU, to the module

    def run(self, until: float) -> None:
        """Up to ``until`` seconds, or the end of the update."""
        while not self.settled:
            times = [*(queue[0][0] for queue in self._under_way if queue), *self._deadlines()]
            at = min(times, default=until)
            if at > until:
                break
            self.now = max(self.now, at)
            for side, queue in enumerate(self._under_way):
                while queue and queue[0][0] <= self.now:
                    data = queue.popleft()[1]
                    if side:
                        self.take(self._timed(partial(self.module.receive, data, self.now)))
                    else:
                        self.mcu.receive(data, self.now)
            self._tick()
            self.send()

    def up(self) -> None:
        self.mcu.up(LinkPath(), self.now)
        self.take(self.module.up(LinkPath(), self.now))
        self.send()

    def take(self, events: Sequence[Event]) -> None:
        """Answer requests to the hub."""
        for event in events:
            match event:
                case Asked(id=id, question=question):
                    answer = self._answer(question)
                    self.take(self._timed(partial(self.module.answer, id, answer, self.now)))
                case Settled():
                    self.settled.append(event)

    def send(self) -> None:
        """Transfer the output of both ends."""
        for side, end in enumerate((self.module, self.mcu)):
            started = time.perf_counter()
            outs = end.outgoing(self.now)
            self.spent += 0.0 if side else time.perf_counter() - started
            for out in outs:
                begins = max(self._free[side], self.now)
                ends = begins + len(out.data) * self._byte_s
                self._free[side] = ends
                self._under_way[side].append((ends, out.data))
                if out.data[3] in UPDATE_COMMANDS:
                    self.update.append((begins, ends, len(out.data)))

    def _timed(self, call: Callable[[], Sequence[Event]]) -> Sequence[Event]:
        started = time.perf_counter()
        events = call()
        self.spent += time.perf_counter() - started
        return events

    def _tick(self) -> None:
        at = self.module.deadline()
        if at is not None and at <= self.now:
            self.take(self._timed(partial(self.module.tick, self.now)))
        at = self.mcu.deadline()
        if at is not None and at <= self.now:
            self.mcu.tick(self.now)

    def _deadlines(self) -> list[float]:
        return [at for end in (self.module, self.mcu) if (at := end.deadline()) is not None]

    def _answer(self, question: object) -> Answer | Refusal:
        match question:
            case AskFile():
                return {"size": len(self._firmware), "md5": ""}
            case AskBlock(offset=offset, size=size):
                return self._firmware[offset : offset + size]
        return Network.CLOUD.value


def updated(baud: int, step: int, firmware: bytes) -> Taken:
    """One update from the first byte of its start to the answer of its end."""
    wire = Wire(baud, firmware, step)
    wire.up()
    wire.run(until=3.0)
    wire.spent = 0.0
    wire.module.submit(WireAction("update", {"file": "firmware.bin"}), wire.now)
    started = time.perf_counter()
    wire.run(until=1e6)
    passed = time.perf_counter() - started
    assert wire.settled[0].result == "confirmed" and wire.mcu.role.target.data == firmware, wire.settled
    blocks = -(-len(firmware) // step)
    return Taken(
        line_s=wire.update[-1][1] - wire.update[0][0],
        least_s=sum(size for _, _, size in wire.update) * BITS / baud,
        module_us=wire.spent / blocks * 1e6,
        all_us=passed / blocks * 1e6,
    )


def main() -> None:
    args = arguments("MCU update", kilobytes=512, runs=9)
    before = spin()
    firmware = bytes(range(256)) * (args.kilobytes * 4)
    runs: dict[tuple[int, int], list[Taken]] = {rate: [] for rate in RATES}
    for _ in range(args.runs):
        for rate in RATES:
            runs[rate].append(updated(*rate, firmware))
    figures: dict[str, object] = {"kilobytes": args.kilobytes, "runs": args.runs}
    for (baud, step), taken in runs.items():
        name = f"{baud}_baud_{step}_byte_blocks"
        figures[f"{name}_s"] = round(taken[0].line_s, 2)
        figures[f"{name}_of_minimum"] = round(max(one.line_s / one.least_s for one in taken), 4)
        figures[f"{name}_module_us_per_block"] = round(statistics.median(one.module_us for one in taken), 1)
        figures[f"{name}_both_ends_us_per_block"] = round(statistics.median(one.all_us for one in taken), 1)
    worst = max(one.line_s / one.least_s for one in runs[RATES[0]])
    report(f"MCU update: of the line's minimum (target <= {TARGET} at 115200)", figures, before, args.json)
    if worst > TARGET:
        sys.exit(f"missed: {worst:.3f} of the minimum at 115200 baud")


if __name__ == "__main__":
    main()
