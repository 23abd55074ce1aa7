"""The install code of the radio: 6 bytes and their CRC-16/X-25, low byte first, in wire order.

The code is a secret that the utility ties to the meter: here it is only checked. shown_code.py shows it, on request.
Source: docs/protocols/emporia.md §1.2.4.
"""

LENGTH = 8
RESPONSE = b"$\x01i"  # followed by the length of the code
HEADER_SIZE = 4
_POLYNOMIAL = 0x8408  # 0x1021 reflected


def crc16_x25(data: bytes) -> int:
    """CRC-16/X-25: reflected, start and final xor all ones; of ``123456789`` it is 0x906E."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ _POLYNOMIAL if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def is_valid(code: bytes) -> bool:
    """Is the checksum at its end correct?"""
    return len(code) == LENGTH and crc16_x25(code[:-2]) == int.from_bytes(code[-2:], "little")


def verdict(code: bytes) -> str:
    """All that may be shown of a code: "valid", "invalid", or "blanked" in a capture."""
    if not any(code):
        return "blanked"
    return "valid" if is_valid(code) else "invalid"


def blanked(data: bytes) -> bytes:
    """The same bytes with the payload of every install code response, whole or cut, as zeros."""
    at = data.find(RESPONSE)
    if at < 0:
        return data
    shown = bytearray(data)
    while at >= 0:
        start = at + HEADER_SIZE
        size = min(LENGTH, len(data) - start)
        if size > 0:
            shown[start : start + size] = bytes(size)
        at = shown.find(RESPONSE, at + 1)
    return bytes(shown)
