"""Inspection of a firmware file beside reading and hashing it, in the same run.

    python bench/firmware.py [--megabytes 16] [--runs 15] [--json]

Three files of random content, as packed firmware is: a U-Boot image, a MediaTek package (SHA-1 of its images), an image
with a stream at each 64 kB. ``read_and_hash``: the file read in pieces of 1 MiB, SHA-256 of it. Both in turns; the
median counts. Target: at most 1.5 of it for the U-Boot image, on two free cores: the inspection hashes in a second
thread. ``cpu_ratio`` is that of the CPU time of both threads: the ratio on one core.
"""

import lzma
import random
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha1, sha256
from pathlib import Path
from zlib import crc32

from _common import arguments, report, spin
from unclouded.app.firmware.report import report_of

TARGET = 1.5
PIECE = 1024 * 1024


def uimage(content: bytes) -> bytes:
    rest = struct.pack(">6I4B32s", 0, 0, len(content), 0, 0, crc32(content), 5, 5, 1, 0, b"bench")[4:]
    magic = bytes.fromhex("27051956")
    return magic + struct.pack(">I", crc32(magic + bytes(4) + rest)) + rest + content


def fota(content: bytes) -> bytes:
    entry = struct.pack("<8I", 156, 0, len(content), 0, 0, 0, 0, 0).ljust(128, b"\0")
    start = b"MMM\x01" + struct.pack("<I", 1) + entry
    return start + sha1(start).digest() + content + sha1(content).digest()


def with_streams(content: bytes) -> bytes:
    stream = lzma.compress(content[:4096], lzma.FORMAT_ALONE)
    step = 64 * 1024
    return uimage(b"".join(stream + content[at : at + step] for at in range(0, len(content), step)))


def read_and_hash(path: Path) -> None:
    digest = sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    digest.hexdigest()


def timed(call: Callable[[Path], object], path: Path, clock: Callable[[], float]) -> float:
    started = clock()
    call(path)
    return (clock() - started) * 1000


def compared(path: Path, runs: int, clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
    """Medians in ms: reading and hashing, and the inspection."""
    pairs = [(timed(read_and_hash, path, clock), timed(report_of, path, clock)) for _ in range(runs + 1)][1:]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def main() -> None:
    args = arguments("firmware inspect", megabytes=16, runs=15)
    before = spin()
    content = random.Random(1).randbytes(args.megabytes * 1024 * 1024)
    kinds = {"uimage": uimage(content), "mediatek": fota(content), "many_streams": with_streams(content)}
    figures: dict[str, object] = {"megabytes": args.megabytes, "runs": args.runs}
    ratio = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, data in kinds.items():
            path = Path(folder) / f"{name}.bin"
            path.write_bytes(data)
            base, inspected = compared(path, args.runs)
            figures |= {f"{name}_read_and_hash_ms": round(base, 1), f"{name}_inspect_ms": round(inspected, 1)}
            figures[f"{name}_ratio"] = round(inspected / base, 2)
            ratio = ratio or inspected / base
        base, inspected = compared(Path(folder) / "uimage.bin", args.runs, time.process_time)
        figures["uimage_cpu_ratio"] = round(inspected / base, 2)
    report(f"firmware inspect: of reading and hashing (target <= {TARGET})", figures, before, args.json)
    if ratio > TARGET:
        sys.exit(f"missed: {ratio:.2f} of reading and hashing")


if __name__ == "__main__":
    main()
