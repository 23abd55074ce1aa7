"""The blob of one device-second: what a device said within one second, as varints.

    entry = head | [ms] | value | [marks]
    head  = series << 2 | ms follows << 1 | marks follow
    ms    = milliseconds within the second; without it those of the entry before (0 at the start)
    value = zigzag of the value in the series' scale: 67.3 W in a series of exponent -1 is 673 -> 1346
    marks = quality (0 good, 1 held, 2 estimated, 3 suspect) | flag bits << 2
    varint: seven bits a byte, the lowest first, the top bit says that more follow

One frame's four values of one moment take 8 to 14 bytes. Entries stand in the order of their milliseconds.
"""

from collections.abc import Iterable

from unclouded.errors import StoreError

Entry = tuple[int, int, int, int]  # ms, series, value, marks


def encode(entries: Iterable[Entry]) -> bytes:
    """Entries, sorted by their milliseconds, as a blob."""
    blob = bytearray()
    before = 0
    for ms, series, value, marks in entries:
        head = series << 2 | (ms != before) << 1 | (marks != 0)
        _put(blob, head)
        if ms != before:
            _put(blob, ms)
            before = ms
        _put(blob, value << 1 if value >= 0 else ~value << 1 | 1)
        if marks:
            _put(blob, marks)
    return bytes(blob)


def decode(blob: bytes) -> list[Entry]:
    """The entries of a blob. Raises StoreError where it is cut off."""
    entries: list[Entry] = []
    ms = position = 0
    try:
        while position < len(blob):
            head, position = _number(blob, position)
            if head & 2:
                ms, position = _number(blob, position)
            value, position = _number(blob, position)
            marks = 0
            if head & 1:
                marks, position = _number(blob, position)
            entries.append((ms, head >> 2, ~(value >> 1) if value & 1 else value >> 1, marks))
    except IndexError:
        raise StoreError("A row of the store is damaged: it ends within a value.") from None
    return entries


def merge(old: bytes, late: bytes) -> bytes:
    """Both blobs of one device-second as one. What stands in both stands once."""
    entries = decode(old)
    known = set(entries)
    entries += [entry for entry in decode(late) if entry not in known]
    entries.sort(key=_by_ms)
    return encode(entries)


def _by_ms(entry: Entry) -> int:
    return entry[0]


def _put(blob: bytearray, number: int) -> None:
    while number > 0x7F:
        blob.append(number & 0x7F | 0x80)
        number >>= 7
    blob.append(number)


def _number(blob: bytes, position: int) -> tuple[int, int]:
    """The varint at a position, and the position after it. Raises IndexError where it is cut off."""
    byte = blob[position]
    if byte < 0x80:
        return byte, position + 1
    number, shift = byte & 0x7F, 7
    while (byte := blob[position + shift // 7]) > 0x7F:
        number |= (byte & 0x7F) << shift
        shift += 7
    return number | byte << shift, position + shift // 7 + 1
