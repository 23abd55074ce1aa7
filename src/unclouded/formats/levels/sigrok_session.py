"""Sessions of sigrok and PulseView (.sr): a ZIP archive with samples of the levels, and what they are.

metadata        samplerate=1 MHz   unitsize=1   probe1=RX   capturefile=logic-1
logic-1-1       one number a sample, a bit for each line; further ones follow: logic-1-2, …
"""

import re
import zlib
from collections.abc import Mapping

from unclouded.formats.levels.uart import channels_of, read_levels
from unclouded.formats.reading import FormatReading, InputFormat, Specificity, refusal
from unclouded.formats.source import InputSource

NAME = "sigrok_session"
ENTRY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
ENTRY_SIZE, LOCAL_SIZE = 46, 30
STORED, DEFLATED = 0, 8
MOST_ENTRIES = 4_096
MOST_BYTES = 1 << 28  # of samples that are unpacked
FIELD = re.compile(r"^(?P<key>[^=\n]{1,40})=(?P<value>[^\n]{0,80})$", re.MULTILINE)
RATE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?) ?([kMG]?)Hz")
UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
MEMBERS = (b"version", b"metadata")
DAMAGED = "This session of sigrok is damaged, or holds no samples of digital lines. Save it again in PulseView."


def entries(data: bytes) -> dict[str, tuple[int, int, int]]:
    """The members of an archive by name: how they are packed, where they begin, how long they are there."""
    found: dict[str, tuple[int, int, int]] = {}
    end = data.rfind(END)
    at = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else len(data)
    while data.startswith(ENTRY, at) and len(found) < MOST_ENTRIES:
        numbers = [int.from_bytes(data[at + begin : at + end], "little") for begin, end in FIELDS]
        method, size, name, extra, comment, local = numbers
        text = data[at + ENTRY_SIZE : at + ENTRY_SIZE + name].decode("utf-8", "replace")
        skipped = sum(int.from_bytes(data[local + place : local + place + 2], "little") for place in (26, 28))
        found[text] = method, local + LOCAL_SIZE + skipped, size
        at += ENTRY_SIZE + name + extra + comment
    return found


FIELDS = ((10, 12), (20, 24), (28, 30), (30, 32), (32, 34), (42, 46))  # method, packed size, lengths, local header


def unpacked(data: bytes, entry: tuple[int, int, int], most: int) -> bytes:
    """A member, up to ``most`` bytes of it; what cannot be unpacked is left out."""
    method, begin, size = entry
    packed = data[begin : begin + size]
    if method == STORED:
        return packed[:most]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most) if method == DEFLATED and most else b""
    except zlib.error:
        return b""


def samples_of(data: bytes, members: Mapping[str, tuple[int, int, int]], name: str) -> bytes:
    """The samples: one member, or several with numbers."""
    parts = [one for one in members if one == name or one.rpartition("-")[0] == name]
    found: list[bytes] = []
    left = MOST_BYTES
    for part in sorted(parts, key=lambda one: (len(one), one)):
        found.append(unpacked(data, members[part], left))
        left -= len(found[-1])
    return b"".join(found)


def read(source: InputSource) -> FormatReading:
    import numpy as np

    members = entries(source.data)
    metadata = unpacked(source.data, members["metadata"], 65_536) if "metadata" in members else b""
    fields = {one["key"].strip(): one["value"].strip() for one in FIELD.finditer(metadata.decode("utf-8", "replace"))}
    rate = RATE.fullmatch(fields.get("samplerate", ""))
    size = int(fields["unitsize"]) if fields.get("unitsize") in ("1", "2", "4", "8") else 0
    samples = samples_of(source.data, members, fields.get("capturefile", "logic-1"))
    if rate is None or not size or len(samples) < 2 * size:
        return refusal(NAME, DAMAGED)
    numbers = np.frombuffer(samples[: len(samples) // size * size], f"<u{size}")
    probes = [(bit, fields[f"probe{bit + 1}"]) for bit in range(8 * size) if f"probe{bit + 1}" in fields]
    per_second = float(rate[1]) * UNITS[rate[2]]
    return read_levels(NAME, channels_of(numbers, per_second, probes) if per_second else [])


def recognise(source: InputSource) -> float:
    name = source.data[LOCAL_SIZE : LOCAL_SIZE + 8]
    return float(source.data.startswith(LOCAL) and name.startswith(MEMBERS))


SESSION = InputFormat(
    name=NAME,
    group="levels",
    title="a session of sigrok (.sr)",
    specificity=Specificity.MAGIC,
    recognise=recognise,
    read=read,
    of_bytes=True,
)
FORMATS = (SESSION,)
