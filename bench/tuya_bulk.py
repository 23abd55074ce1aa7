"""Tuya recordings in blocks: frames per second of the bulk scan, compared with C and with common Python code.

    python bench/tuya_bulk.py [--frames 1000000] [--runs 9] [--json]

Mixed lengths (78 % value reports, heartbeats, bools, strings, reports of three DPs), an undamaged line, reads of 4 KiB
to 1 MiB; all in turns in one run, the median of all runs; ratios run by run. What each does with the same bytes:

    bulk       BulkFramer: all rules of docs/protocols/tuya_wifi.md §6 (header, cap by command, sum, tiling, what a
               header inside means), columns of offset, version, command and size. It gathers small reads to blocks.
    c          plain C (gcc -O2), called through ctypes once a read: header, cap, sum, tiling of 06, 07 and 22; the same
               four columns; goes on one byte behind a bad header. No rivals, no claims that hide others.
    loop       a tight per-byte state machine in Python: header, length, sum; adds up values, keeps nothing
    regex      one compiled pattern for the header, then length and sum by slices; keeps nothing
    construct  a declarative parser (header, length, checksum), compiled; left out where it is not installed

The Python peers, whatever the read, do the same work for each frame; they see a part of the line, to end before noon.
``python bench/tuya_bulk.py --summary 1`` measures `decode --summary` on a raw recording of --frames frames instead,
beside a program in C that counts the same in the same file (10,000,000 frames within 6 times of it are wanted).
"""

import argparse
import contextlib
import ctypes
import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from _common import arguments, report, spin
from tuya_framing import PerByteLoop, mixed
from unclouded.families.tuya.line.bulk_scan import BulkFramer
from unclouded.families.tuya.wifi.commands import WIFI

READS = {"4 KiB": 4096, "64 KiB": 65_536, "256 KiB": 262_144, "1 MiB": 1_048_576}
PYTHON_FRAMES = 40_000  # what the loop and the pattern see in a turn
TARGETS = "targets: >= 20 x the loop at 64 KiB, >= 28 x at 256 KiB; C <= 9 x bulk at 64 KiB, <= 6 x at 256 KiB"
CONSTRUCT_FRAMES = 3_000
FEW = 100  # frames, by which the start of the program is measured

C_SCAN = r"""
#include <stddef.h>
#include <stdint.h>

struct frames { int64_t *offset; uint8_t *version; uint8_t *command; uint16_t *size; };

static int tiles(const uint8_t *at, const uint8_t *end) {
    if (at == end) return 0;
    while (at < end) {
        if (end - at < 4 || at[1] > 5) return 0;
        at += 4 + (at[2] << 8 | at[3]);
    }
    return at == end;
}

/* Frames in data; *used is how far they and what lies between them reach. base: position of data in the stream. */
size_t scan(const uint8_t *data, size_t length, int64_t base, struct frames *out, size_t row, size_t *used) {
    size_t at = 0;
    while (at + 7 <= length) {
        if (data[at] != 0x55 || data[at + 1] != 0xaa) { at++; continue; }
        uint8_t command = data[at + 3];
        size_t size = data[at + 4] << 8 | data[at + 5];
        int units = command == 6 || command == 7 || command == 0x22;
        int bulk = command == 0x0a || command == 0x0b || command == 0x28 || command == 0x30 || command == 0x32
                   || command == 0x37;
        if (size > (units ? 1024u : bulk ? 1040u : 1032u)) { at++; continue; }
        if (at + 7 + size > length) break;
        const uint8_t *body = data + at + 6;
        uint8_t sum = 0;
        for (const uint8_t *byte = data + at; byte < body + size; byte++) sum += *byte;
        if (sum != body[size] || (units && !tiles(body, body + size))) { at++; continue; }
        out->offset[row] = base + (int64_t)at;
        out->version[row] = data[at + 2];
        out->command[row] = command;
        out->size[row] = (uint16_t)size;
        row++;
        at += 7 + size;
    }
    *used = at;
    return row;
}
"""


C_SUMMARY = (  # the same as a program: frames by command, and the bytes that are in none
    C_SCAN
    + r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { READ = 1 << 18, ROWS = READ / 7 + 300 };

int main(int count, char **words) {
    static uint8_t data[READ + 2048], version[ROWS], command[ROWS];
    static int64_t offset[ROWS];
    static uint16_t size[ROWS];
    struct frames out = {offset, version, command, size};
    unsigned long by_command[256] = {0}, all = 0, framed = 0, frames = 0;
    size_t held = 0, got, used;
    FILE *file = fopen(words[1], "rb");
    while ((got = fread(data + held, 1, READ, file)) > 0) {
        all += got;
        size_t rows = scan(data, held + got, 0, &out, 0, &used);
        for (size_t row = 0; row < rows; row++) {
            by_command[command[row]]++;
            framed += 7 + size[row];
        }
        frames += rows;
        held += got - used;
        memmove(data, data + used, held);
    }
    printf("{\"frames\": %lu, \"noise_bytes\": %lu}\n", frames, all - framed);
    for (int one = 0; one < 256; one++) if (by_command[one]) printf("%02x %lu\n", one, by_command[one]);
    return 0;
}
"""
)


class Frames(ctypes.Structure):
    _fields_ = (
        ("offset", ctypes.POINTER(ctypes.c_int64)),
        ("version", ctypes.POINTER(ctypes.c_uint8)),
        ("command", ctypes.POINTER(ctypes.c_uint8)),
        ("size", ctypes.POINTER(ctypes.c_uint16)),
    )


class PlainC:
    """The C above, compiled; columns for ``rows`` frames."""

    def __init__(self, folder: Path, rows: int) -> None:
        source, library = folder / "scan.c", folder / "scan.so"
        source.write_text(C_SCAN)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        self._scan = ctypes.CDLL(str(library)).scan
        self._scan.restype = ctypes.c_size_t
        self._scan.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64),
            *(ctypes.POINTER(Frames), ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)),
        ]
        self.offset = (ctypes.c_int64 * rows)()
        self.version, self.command = (ctypes.c_uint8 * rows)(), (ctypes.c_uint8 * rows)()
        self.size = (ctypes.c_uint16 * rows)()
        self._out = Frames(
            ctypes.cast(self.offset, ctypes.POINTER(ctypes.c_int64)),
            ctypes.cast(self.version, ctypes.POINTER(ctypes.c_uint8)),
            ctypes.cast(self.command, ctypes.POINTER(ctypes.c_uint8)),
            ctypes.cast(self.size, ctypes.POINTER(ctypes.c_uint16)),
        )

    def run(self, stream: bytes, read: int) -> int:
        used = ctypes.c_size_t()
        rest, base, row = b"", 0, 0
        for at in range(0, len(stream), read):
            data = rest + stream[at : at + read]
            row = self._scan(data, len(data), base, ctypes.byref(self._out), row, ctypes.byref(used))
            rest = data[used.value :]
            base += used.value
        return row


def bulk(stream: bytes, read: int) -> int:
    framer = BulkFramer((WIFI.shapes,))
    found = sum(len(scan.offsets) for at in range(0, len(stream), read) for scan in framer.feed(stream[at : at + read]))
    return found + sum(len(scan.offsets) for scan in framer.close())


def loop(stream: bytes, read: int) -> int:
    feed = PerByteLoop().feed
    return sum(feed(stream[at : at + read]) for at in range(0, len(stream), read))


PATTERN = re.compile(rb"\x55\xaa[\x00-\xff]{2}([\x00-\xff]{2})")


def pattern(stream: bytes, read: int) -> int:
    """The usual way: find a header, look at the length, sum a slice, go on behind it."""
    found = 0
    rest = b""
    for start in range(0, len(stream), read):
        data = rest + stream[start : start + read]
        at = 0
        while (match := PATTERN.search(data, at)) is not None:
            start_of = match.start()
            last = start_of + 6 + int.from_bytes(match[1], "big")
            if last >= len(data):
                at = start_of
                break
            if sum(data[start_of:last]) & 0xFF == data[last]:
                found += 1
                at = last + 1
            else:
                at = start_of + 1
        rest = data[at:]
    return found


def declared() -> Callable[[bytes], int] | None:
    """Counts frames with construct; None where it is not installed."""
    if importlib.util.find_spec("construct") is None:
        return None
    import construct as c

    body = c.Struct(
        "header" / c.Const(b"\x55\xaa"),
        "version" / c.Byte,
        "command" / c.Byte,
        "payload" / c.Prefixed(c.Int16ub, c.GreedyBytes),
    )
    frame = c.Struct(
        "body" / c.RawCopy(body), "sum" / c.Checksum(c.Byte, lambda data: sum(data) & 0xFF, c.this.body.data)
    )
    with contextlib.suppress(NotImplementedError):
        frame = frame.compile()
    frames = c.GreedyRange(frame)
    return lambda stream: len(frames.parse(stream))


# --- the turns --------------------------------------------------------------------------------------


def timed(call: Callable[[], int], count: int, name: str) -> float:
    """Frames per second."""
    started = time.perf_counter()
    found = call()
    passed = time.perf_counter() - started
    assert found == count, f"{name} found {found} of {count} frames"
    return count / passed


def compare(stream: bytes, plain: PlainC) -> None:
    """Bulk scan and C have the same columns, row by row, in this stream."""
    framer = BulkFramer((WIFI.shapes,))
    scans = [*framer.feed(stream), *framer.close()]
    rows = sum(len(scan.starts) for scan in scans)
    assert plain.run(stream, 65_536) == rows
    for name, ours in (("offset", "offsets"), ("version", "versions"), ("command", "commands"), ("size", "sizes")):
        column = [value for scan in scans for value in getattr(scan, ours).tolist()]
        assert column == list(getattr(plain, name)[:rows]), name


def turns(stream: bytes, count: int, runs: int, plain: PlainC) -> dict[str, dict[str, list[float]]]:
    part, small = mixed(PYTHON_FRAMES), mixed(CONSTRUCT_FRAMES)
    parse = declared()
    rates: dict[str, dict[str, list[float]]] = {}

    def note(read: str, name: str, rate: float) -> None:
        rates.setdefault(read, {}).setdefault(name, []).append(rate)

    for _ in range(runs):
        for read, size in READS.items():
            note(read, "bulk", timed(partial(bulk, stream, size), count, "bulk"))
            note(read, "c", timed(partial(plain.run, stream, size), count, "c"))
            note(read, "loop", timed(partial(loop, part, size), PYTHON_FRAMES, "loop"))
            note(read, "regex", timed(partial(pattern, part, size), PYTHON_FRAMES, "regex"))
        if parse is not None:
            note("whole", "construct", timed(lambda: parse(small), CONSTRUCT_FRAMES, "construct"))
    return rates


def figures(rates: dict[str, dict[str, list[float]]]) -> Iterator[tuple[str, object]]:
    for read, table in rates.items():
        for name, rate in table.items():
            yield f"{read}: {name}, frames per s", round(statistics.median(rate))
        if "bulk" in table:
            for name, words in (("loop", "bulk is times the loop"), ("regex", "bulk is times the regex")):
                yield f"{read}: {words}", ratio(table["bulk"], table[name])
            yield f"{read}: C is times bulk", ratio(table["c"], table["bulk"])
    if "whole" not in rates:
        yield "construct", "not installed, left out"


def ratio(one: list[float], other: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(one, other, strict=True)), 2)


# --- decode --summary -------------------------------------------------------------------------------


def summary(count: int, runs: int) -> dict[str, object]:
    """Seconds and memory of the whole program, on a raw file and on a capture."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        raw, capture = Path(folder) / "line.bin", Path(folder) / "line.jsonl"
        stream = mixed(count)
        raw.write_bytes(stream)
        with capture.open("w") as file:
            file.write('{"capture": 1, "family": "tuya_wifi", "started": "2026-11-20T12:00:00.000Z"}\n')
            for number, at in enumerate(range(0, len(stream), 64)):
                file.write(json.dumps({"t": number / 100, "from": "device", "hex": stream[at : at + 64].hex()}) + "\n")
        for path in (raw, capture):
            done = [decode(path, count) for _ in range(runs)]
            found[f"{path.suffix}: file, MB"] = round(path.stat().st_size / 1e6, 1)
            found[f"{path.suffix}: seconds, start and all"] = round(statistics.median(one for one, _ in done), 3)
            found[f"{path.suffix}: most memory, MB"] = round(max(most for _, most in done), 1)
        found |= beside_c(Path(folder), raw, count, runs)
    return found


def beside_c(folder: Path, raw: Path, count: int, runs: int) -> dict[str, object]:
    """CPU seconds of the whole programs in turns, on the raw file; without gcc there is no peer, and it says so."""
    if shutil.which("gcc") is None:
        return {"C": "left out: gcc is not installed"}
    source, program = folder / "summary.c", folder / "summary"
    source.write_text(C_SUMMARY)
    subprocess.run(["gcc", "-O2", "-o", str(program), str(source)], check=True)
    few = folder / "few.bin"
    few.write_bytes(mixed(FEW))
    calls = (lambda: decode(raw, count)), (lambda: decode(few, FEW)), (lambda: check_c(program, raw, count))
    times = [[cpu_of(call) for call in calls] for _ in range(runs)]
    mine, start, other = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        ".bin: CPU s": mine,
        ".bin: CPU s of the start": start,
        ".bin: CPU s of C": other,
        ".bin: times as long as C": mine / other,
        ".bin: times as long as C, without the start": (mine - start) / other,
    }


def check_c(program: Path, raw: Path, count: int) -> None:
    done = subprocess.run([str(program), str(raw)], capture_output=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["frames"] == count, done.stdout


def cpu_of(call: Callable[[], object]) -> float:
    """CPU seconds of the processes that it starts."""
    before = os.times()
    call()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


PROGRAM = """
import atexit, re, sys
from unclouded.cli import main
atexit.register(lambda: sys.stderr.write(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]))
main()
"""


def decode(path: Path, count: int) -> tuple[float, float]:
    """Seconds, and MB of memory at most."""
    words = ["decode", "--family", "tuya_wifi", "--summary", "--json", str(path)]
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, check=True)
    passed = time.perf_counter() - started
    assert json.loads(done.stdout)["frames"] == count, done.stdout
    return passed, int(done.stderr) / 1024


def main() -> None:
    args: argparse.Namespace = arguments(__doc__ or "", frames=1_000_000, runs=9, summary=0)
    before = spin()
    if args.summary:
        report("decode --summary", summary(args.frames, args.runs), before, args.json)
        return
    stream = mixed(args.frames)
    with tempfile.TemporaryDirectory() as folder:
        plain = PlainC(Path(folder), args.frames + 1)
        compare(stream, plain)
        rates = turns(stream, args.frames, args.runs, plain)
    report(f"bulk scan of mixed frames ({TARGETS})", dict(figures(rates)), before, args.json)


if __name__ == "__main__":
    main()
