"""Formats of `decode`: megabytes of text a second, beside a plain reader by a regular expression, and the detection.

    python bench/log_formats.py [--json] [--frames N] [--rounds N] [--megabytes N]

The same frames of a plug, written down as people and programs write them (tests/renderings.py). Ours: the text to
chunks of bytes, with their times, directions and lines. Plain: a regular expression over each line, and an int for each
byte: nothing but the bytes, and of packets their headers too. Detection: the format, the family and the sides of the
first megabyte. Both in turns in the same run; the median of CPU time counts. At the end: the slowest of each, and how
many formats reach what is wanted (20 MB/s; 5 times the plain reader; 50 ms).
"""

import base64
import contextlib
import csv
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _common import arguments, report, spin
from unclouded.app.decoding.frame_scoring import FrameScorer
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats import registry
from unclouded.formats.detection import detect
from unclouded.formats.source import InputSource

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from renderings import RENDERINGS  # beside the tests

MEGABYTE = 1_000_000
WANTED_MB_S, WANTED_RATIO, WANTED_MS = 20, 5, 50
HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?([0-9A-Fa-f]{1,2})h?(?![0-9A-Za-z])")
PACKED = re.compile(r"[0-9A-Fa-f]{2}")
NUMBER = re.compile(r"\d+")
OCTAL = re.compile(r"(?<= )[0-7]{3}")
BITS = re.compile(r"[01]{8}")
ESCAPED = re.compile(r"\\x([0-9a-f]{2})|\\(.)|([^\\'])")
CELL = re.compile(r" (...)")
SHOWN = re.compile(r"M-\^.|M-.|\^.|.", re.DOTALL)

CELL_HEX = re.compile(r",0x([0-9A-F]{2})")
TRACE_NAME = re.compile(r'"B".*"name": "([0-9A-F]{2})"')

Reader = Callable[[str], bytes]


def by_line(pattern: re.Pattern[str], base: int, part: Callable[[str], str] = str) -> Reader:
    """A plain reader: every number that the expression finds in a part of each line."""
    return lambda text: bytes(int(one, base) & 255 for line in text.split("\n") for one in pattern.findall(part(line)))


def escaped(text: str) -> bytes:
    found = (found for line in text.split("\n") for found in ESCAPED.finditer(line[2:-1]))
    return bytes(int(one[1], 16) if one[1] else ord(one[2] or one[3]) & 255 for one in found)


def shown(text: str) -> bytes:
    def value(token: str) -> int:
        high = 128 if token.startswith("M-") and len(token) > 2 else 0
        token = token[2:] if high else token
        return high + (ord(token[1]) ^ 64 if token.startswith("^") and len(token) == 2 else ord(token[0]) & 127)

    return bytes(value(token) for token in SHOWN.findall(text))


def characters(text: str) -> bytes:
    cells = (cell.strip() for line in text.split("\n") for cell in CELL.findall(line[7:]))
    return bytes(int(cell, 8) if len(cell) == 3 else ord(cell[-1:] or " ") for cell in cells)


def behind(sign: str, end: str = "\n") -> Callable[[str], str]:
    return lambda line: line.partition(sign)[2].partition(end)[0]


PLAIN: dict[str, tuple[str, Reader]] = {  # rendering -> our format, the plain reader
    "hex": ("hex_text", by_line(PACKED, 16)),
    "blanks": ("hex_text", by_line(HEX, 16)),
    "colons": ("hex_text", by_line(HEX, 16)),
    "0x": ("hex_marked", by_line(HEX, 16)),
    "backslash": ("hex_marked", by_line(PACKED, 16)),
    "suffix": ("hex_marked", by_line(HEX, 16)),
    "one digit": ("hex_unpadded", by_line(HEX, 16)),
    "decimal": ("decimal", by_line(NUMBER, 10)),
    "python": ("literals", escaped),
    "node": ("literals", by_line(HEX, 16, behind("<Buffer ", ">"))),
    "C array": ("array", by_line(HEX, 16)),
    "JSON": ("json", by_line(NUMBER, 10)),
    "base64": ("base64", lambda text: base64.b64decode("".join(re.findall(r"[A-Za-z0-9+/=]+", text)))),
    "xxd": ("xxd", by_line(PACKED, 16, behind(": ", "  "))),
    "hexdump -C": ("hexdump_c", by_line(HEX, 16, behind("  ", "|"))),
    "hexdump": ("words", by_line(PACKED, 16, behind(" "))),
    "od -tx1": ("od_hex", by_line(HEX, 16, behind(" "))),
    "od -b": ("od_octal", by_line(OCTAL, 8)),
    "od -c": ("od_c", characters),
    "xxd -b": ("xxd_b", by_line(BITS, 2, behind(": ", "  "))),
    "cat -v": ("cat_v", shown),
    "log": ("lines", by_line(HEX, 16, behind("X: "))),
    "log with dates": ("lines", by_line(HEX, 16, behind("d: "))),
    "log with decimal numbers": ("lines_decimal", by_line(NUMBER, 10, behind("<<< "))),
    "ESPHome hex": ("esphome", by_line(HEX, 16, behind("<<< "))),
    "Tasmota": ("tasmota", by_line(PACKED, 16, behind('"Data":"', '"'))),
    "OpenBeken": ("openbeken", by_line(HEX, 16, behind("Received: "))),
    "pySerial": ("pyserial_spy", by_line(HEX, 16, lambda line: line[24:72])),
    "Saleae table": ("saleae_table", by_line(CELL_HEX, 16)),
    "Saleae export": ("saleae_export", by_line(CELL_HEX, 16)),
    "PulseView": ("annotations", by_line(PACKED, 16, behind("RX: "))),
    "sigrok-cli": ("annotations", by_line(PACKED, 16, behind(": "))),
    "sigrok trace": ("jsontrace", by_line(TRACE_NAME, 16)),
    "tshark -x": ("packet_text", by_line(PACKED, 16, behind("  ", "   "))),
    "tcpdump -X": ("packet_text", by_line(PACKED, 16, behind(":  ", "  "))),
    "tshark follow raw": ("follow", by_line(PACKED, 16, behind("\t"))),
    "tshark -T fields": ("tshark_fields", by_line(PACKED, 16, behind("2.7\t"))),
}


def frames_of_a_plug(count: int) -> list[bytes]:
    rng = random.Random(5)
    values = (rng.randrange(1, 3_000) for _ in range(count))
    return [bytes(Frame(3, 7, bytes([rng.choice((18, 19, 20)), 2, 0, 4]) + one.to_bytes(4))) for one in values]


def cpu_s(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def compare(name: str, text: str, rounds: int) -> dict[str, object]:
    """MB/s of both, the ratio, and the time of detection."""
    ours, plain = PLAIN[name]
    format = registry.named(ours)[0]
    data = text.encode()
    times = [(cpu_s(lambda: format.read(InputSource(data))), cpu_s(lambda: plain(text))) for _ in range(rounds)]
    mine, other = (statistics.median(column) for column in zip(*times, strict=True))
    found = [cpu_s(lambda: detect(InputSource(data[:MEGABYTE]), FrameScorer())) for _ in range(rounds)]
    size = len(data) / MEGABYTE
    return {
        f"{name}: MB/s": size / mine,
        f"{name}: plain MB/s": size / other,
        f"{name}: times as fast": other / mine,
        f"{name}: detection ms": statistics.median(found) * 1000,
    }


def table_peers(path: Path) -> dict[str, Callable[[], object]]:
    """What else reads a table, where it is installed: pandas and polars; else the module csv of Python."""
    found: dict[str, Callable[[], object]] = {}
    with contextlib.suppress(ImportError):
        import pandas

        found["pandas"] = lambda: pandas.read_csv(path)
    with contextlib.suppress(ImportError):
        import polars

        found["polars"] = lambda: polars.read_csv(path)
    return found or {"csv": lambda: sum(1 for _ in csv.reader(path.open(encoding="utf-8")))}


def large_table(frames: list[bytes], megabytes: int, rounds: int) -> dict[str, object]:
    """Seconds of CPU time for a table of Saleae, ours and of its peers, which only read the cells."""
    text = rendered("Saleae table", frames)
    header, _, rows = text.partition("\n")
    data = (header + "\n" + (rows + "\n") * (megabytes * MEGABYTE // len(rows) + 1)).encode()[: megabytes * MEGABYTE]
    format = registry.named("saleae_table")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(data[: data.rfind(b"\n") + 1])
        peers = table_peers(path)
        times = [
            (cpu_s(lambda: format.read(InputSource(path.read_bytes()))), *(cpu_s(peer) for peer in peers.values()))
            for _ in range(rounds)
        ]
    ours, *others = (statistics.median(column) for column in zip(*times, strict=True))
    figures: dict[str, object] = {f"{megabytes} MB of Saleae: s": ours}
    for name, other in zip(peers, others, strict=True):
        figures[f"{megabytes} MB of Saleae, {name}: s"] = other
        figures[f"{megabytes} MB of Saleae: times as long as {name}"] = ours / other
    return figures


def overview(figures: dict[str, object]) -> dict[str, object]:
    """The worst of each kind of figure, and how many formats reach what is wanted."""

    def column(kind: str) -> dict[str, float]:
        ends = f": {kind}"
        return {name.removesuffix(ends): float(str(value)) for name, value in figures.items() if name.endswith(ends)}

    speeds, ratios, times = column("MB/s"), column("times as fast"), column("detection ms")
    speeds = {name: value for name, value in speeds.items() if not name.endswith("plain MB/s") and name in ratios}
    slowest, slightest, latest = (
        min(speeds, key=speeds.__getitem__),
        min(ratios, key=ratios.__getitem__),
        max(times, key=times.__getitem__),
    )
    return {
        "slowest": f"{slowest}, {speeds[slowest]:.1f} MB/s",
        "least beside the plain reader": f"{slightest}, {ratios[slightest]:.2f} times as fast",
        "latest detection": f"{latest}, {times[latest]:.0f} ms",
        "formats": len(speeds),
        "of them with 20 MB/s": sum(value >= WANTED_MB_S for value in speeds.values()),
        "of them 5 times as fast as plain": sum(value >= WANTED_RATIO for value in ratios.values()),
        "of them detected within 50 ms": sum(value <= WANTED_MS for value in times.values()),
    }


def rendered(name: str, frames: list[bytes]) -> str:
    text = RENDERINGS[name](frames)
    return re.sub(r"12:00:(\d+)", lambda found: f"12:{int(found[1]) // 60 % 60:02d}:{int(found[1]) % 60:02d}", text)


def main() -> None:
    options = arguments(__doc__ or "", frames=40_000, rounds=5, megabytes=100)
    before = spin()
    frames = frames_of_a_plug(options.frames)
    figures: dict[str, object] = {}
    for name in PLAIN:
        figures |= compare(name, rendered(name, frames), options.rounds)
    figures |= overview(figures)
    figures |= large_table(frames, options.megabytes, min(options.rounds, 3))
    report("formats", figures, before, options.json)


if __name__ == "__main__":
    main()
