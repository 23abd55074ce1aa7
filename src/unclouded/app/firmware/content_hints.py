"""What a file of unknown kind could be: by its entropy and by how files of common chips begin.

None of it is proof. The firmware of an MCU behind a Tuya module has no common header: only its maker's boot loader
knows what it is, and the module passes it on as it is (docs/protocols/tuya_wifi.md §2.4.12).
"""

import math
from collections.abc import Iterator

import numpy as np

from unclouded.families.meross.firmware.container import ByteSource

SAMPLE = 1024 * 1024  # bytes, from the middle of a file
PACKED_BITS = 7.9  # of entropy in a byte, from which content looks compressed or encrypted
TEXT = bytes([9, 10, 13, *range(32, 127)])


def entropy_bits(data: bytes) -> float:
    """Of a byte: 0 = all the same, 8 = random."""
    if not data:
        return 0.0
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    shares = counts[counts > 0] / len(data)
    return float(abs(-(shares * np.log2(shares)).sum()))


def hints(source: ByteSource) -> tuple[str, ...]:
    """What the content shows beyond its format, as sentences."""
    return tuple(_hints(source))


def _hints(source: ByteSource) -> Iterator[str]:
    start = source.read(0, 64)
    sample = source.read(max((source.size - SAMPLE) // 2, 0), SAMPLE)
    yield from _beginnings(start)
    bits = entropy_bits(sample)
    if not math.isfinite(bits) or len(set(sample)) == 1:
        yield f"all bytes of it are {sample[0]:02X}"
    elif not sample.translate(None, TEXT):
        yield "it is text"
    elif bits >= PACKED_BITS and len(sample) >= 4096:
        yield f"its content looks compressed or encrypted ({bits:.2f} bits of entropy a byte)"
    else:
        yield f"its content does not look compressed ({bits:.2f} bits of entropy a byte)"


def _beginnings(start: bytes) -> Iterator[str]:
    if start[:1] == b":" and start[1:9].isalnum():
        yield "it begins like Intel HEX"
    if start[:2] in (b"S0", b"S1", b"S2", b"S3"):
        yield "it begins like Motorola S-records"
    if start[:3] == b"RBL":
        yield "it begins like an update of a Beken module (RBL), which Tuya modules are sent"
    if start[:1] == b"\xe9" and len(start) > 24 and 1 <= start[1] <= 16 and start[2] <= 5:
        yield "it begins like a program for an ESP8266 or ESP32"
    if len(start) >= 8 and _is_vector_table(int.from_bytes(start[:4], "little"), int.from_bytes(start[4:8], "little")):
        yield "it begins like the vector table of a Cortex-M: a program as an MCU has it"


def _is_vector_table(stack: int, reset: int) -> bool:
    """The first two words: an end of RAM, and an odd address of code in flash memory."""
    return stack >> 20 in range(0x200, 0x210) and stack % 4 == 0 and reset % 2 == 1 and 0 < reset < 0x2000_0000
