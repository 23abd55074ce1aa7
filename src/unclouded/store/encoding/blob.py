"""The blob of one device-second: the readings of one device within one second, as varints.

    entry = head | [ms] | value | [marks]
    head  = series << 2 | ms follows << 1 | marks follow
    ms    = milliseconds within the second; if absent, those of the previous entry (0 at the start)
    value = zigzag of the value in the series' scale: 67.3 W in a series of exponent -1 is 673 -> 1346
    marks = quality (0 good, 1 held, 2 estimated, 3 suspect) | flag bits << 2
    varint: seven bits per byte, least significant first; the top bit is set in all bytes but the last

Four values from one frame take 8 to 14 bytes. Entries are ordered by their milliseconds.
"""

from collections.abc import Iterable, Iterator, Sequence

from unclouded.core.errors import DamagedStore

LAST_MS = 999

Entry = tuple[int, int, int, int]  # ms, series, value, marks


def encode(entries: Iterable[Entry]) -> bytes:
    """Encode entries, which are sorted by their milliseconds."""
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
    """The entries of a blob. Raises DamagedStore where it is truncated."""
    entries: list[Entry] = []
    ms = 0
    following = iter(blob)
    try:
        for head in following:
            if head > 0x7F:
                head = _rest(following, head)
            if head & 2:
                ms = next(following)
                if ms > 0x7F:
                    ms = ms & 0x7F | next(following) << 7  # at most 999
            value = next(following)
            if value > 0x7F:
                value = _rest(following, value)
            marks = 0
            if head & 1:
                marks = next(following)
                if marks > 0x7F:
                    marks = _rest(following, marks)
            entries.append((ms, head >> 2, ~(value >> 1) if value & 1 else value >> 1, marks))
    except StopIteration:
        raise DamagedStore("A row of the store is damaged: it ends within a value.") from None
    return entries


def checked(blob: bytes) -> list[Entry]:
    """The same, of a blob that may be damaged. Raises DamagedStore where it is none that ``encode`` makes."""
    entries = decode(blob)
    if not all(0 <= ms <= LAST_MS for ms, *_ in entries) or encode(entries) != blob:
        raise DamagedStore("A row of the store is damaged.")
    return entries


def merge(old: bytes, late: bytes) -> bytes:
    """Merge two blobs of one device-second. Entries in both are kept once. Raises DamagedStore."""
    return encode(merged(checked(old), decode(late)))


def merged(old: Sequence[Entry], late: Sequence[Entry]) -> list[Entry]:
    """The entries of both, by their milliseconds; those in both once."""
    known = set(old)
    return sorted([*old, *(entry for entry in late if entry not in known)], key=_by_ms)


def _by_ms(entry: Entry) -> int:
    return entry[0]


def _put(blob: bytearray, number: int) -> None:
    while number > 0x7F:
        blob.append(number & 0x7F | 0x80)
        number >>= 7
    blob.append(number)


def _rest(following: Iterator[int], first: int) -> int:
    """The varint whose first byte is ``first``. Raises StopIteration where it is truncated."""
    number, shift = first & 0x7F, 7
    for byte in following:
        if byte < 0x80:
            return number | byte << shift
        number |= (byte & 0x7F) << shift
        shift += 7
    raise StopIteration
