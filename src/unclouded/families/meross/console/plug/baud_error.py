"""What a UART receives when the other end sends at another baud rate: the levels of the wire, sampled again.

sent at 115200       start 1 0 0 0 0 1 1 0 stop      each byte is ten bits, the lowest first
received at 57600    two of them are one             a start bit is looked for, then eight samples follow
"""

FRAME_BITS = 10
_BITS = ["0" + f"{byte:08b}"[::-1] + "1" for byte in range(256)]
IDLE = "1" * 2 * FRAME_BITS


def at_half_rate(data: bytes) -> bytes:
    """What a receiver at half of the sender's rate takes it for."""
    return _received("".join(_BITS[byte] for byte in data)[::2])


def at_double_rate(data: bytes) -> bytes:
    """What a receiver at twice the sender's rate takes it for."""
    return _received("".join(bit * 2 for byte in data for bit in _BITS[byte]))


def _received(levels: str) -> bytes:
    """The bytes behind each start bit; framing errors are not checked, as by most adapters."""
    levels += IDLE
    found = bytearray()
    at = levels.find("0")
    while 0 <= at <= len(levels) - FRAME_BITS:
        found.append(int(levels[at + 8 : at : -1], 2))
        at = levels.find("0", at + FRAME_BITS)
    return bytes(found)
