"""The protocols of remote controls: a code recognised and named, and a name made a code.

    NEC, Samsung   ▔▔▔▔▁▁ ▔▁ ▔▁▁▁ …   leader, then a mark for each bit; the space behind it is short (0) or long (1)
    Sony           ▔▔▁ ▔▔▁ ▔▁ …       leader, then a short (0) or long (1) mark for each bit
    RC5, RC6       ▔▁▔▔▁▁▔ …          each bit has a mark and a space of equal length; their order is the bit

    NEC            address 8, ~address 8, command 8, ~command 8; extended: address 16        least significant bit first
    Samsung        address 8, address 8, command 8, ~command 8                               least significant bit first
    Sony           command 7, address 5, 8 or 13: 12, 15 or 20 bits                          least significant bit first
    RC5            start, field (0 = command bit 6), toggle, address 5, command 6            most significant bit first
    RC6            start, mode 3, toggle of double length, address 8, command 8              most significant bit first

Receivers lengthen marks and shorten spaces, so a duration may differ by a quarter and 100 µs.
Source: docs/protocols/tuya_gateway.md §2.10.5.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode

LATITUDE, SLACK_US = 0.25, 100  # how far a duration may be off: a share of it, and microseconds
GAP_US = 4_000  # a space as long ends a frame; no frame of these protocols has one inside, but behind a leader


class RemoteCode(msgspec.Struct, frozen=True):
    """What a button sends. ``bits``: of the frame. ``toggle``: changes with each press, None = there is none."""

    protocol: str
    address: int
    command: int
    bits: int
    toggle: int | None = None

    def __str__(self) -> str:
        return f"{self.protocol}, address {self.address}, command {self.command}"


def recognised(code: InfraredCode) -> RemoteCode | None:
    """Which button of which protocol this is; None = of none that is known here."""
    for read in READERS:
        found = read(code.durations_us)
        if found is not None:
            return found
    return None


def remote_code(protocol: str, address: int, command: int, bits: int = 0, toggle: int = 0) -> InfraredCode:
    """The code of a button. ``bits``: of Sony, 12, 15 or 20. Raises ValueError for numbers that do not fit."""
    return WRITERS[protocol](address, command, bits, toggle)


def near(duration: float, expected: float) -> bool:
    """Whether a duration (µs) is the expected one within a quarter and 100 µs."""
    return abs(duration - expected) <= LATITUDE * expected + SLACK_US


# --- a mark for each bit ----------------------------------------------------------------------------


class PulseDistance(msgspec.Struct, frozen=True):
    """A protocol whose bits differ by the space behind their mark; times in microseconds."""

    name: str
    leader: tuple[int, int]
    mark: int
    zero: int
    one: int
    carrier_Hz: int
    repeat: tuple[int, ...] = ()  # what follows while the button is held; () = the frame again
    period: int = 108_000  # from frame to frame

    def read_bits(self, durations: Sequence[int]) -> int | None:
        """The 32 bits of the first frame, least significant first."""
        if len(durations) < 67 or not all(map(near, durations[:2], self.leader)):
            return None
        marks, spaces = durations[2:67:2], durations[3:67:2]
        if not all(near(mark, self.mark) for mark in marks):
            return None
        if not all(near(space, self.zero) or near(space, self.one) for space in spaces):
            return None
        middle = (self.zero + self.one) / 2
        return sum((space > middle) << place for place, space in enumerate(spaces))

    def write_bits(self, bits: int) -> InfraredCode:
        """The frame of 32 bits, least significant first, and what follows while the button is held."""
        pairs = [(self.mark, self.one if bits >> place & 1 else self.zero) for place in range(32)]
        frame = [*self.leader, *(duration for pair in pairs for duration in pair), self.mark]
        whole = (*frame, self.period - sum(frame))
        again = (*self.repeat, self.period - sum(self.repeat)) if self.repeat else whole
        return InfraredCode(whole, self.carrier_Hz, again)


NEC = PulseDistance("NEC", (9000, 4500), 560, 560, 1690, 38_000, (9000, 2250, 560))
SAMSUNG = PulseDistance("Samsung", (4500, 4500), 560, 560, 1690, 38_000)


def read_nec(durations: Sequence[int]) -> RemoteCode | None:
    """The NEC code of durations (µs, mark first); None where it is none. The address has 8 or 16 bits."""
    bits = NEC.read_bits(durations)
    if bits is None or not _inverse(bits >> 16):
        return None
    address = bits & 0xFF if _inverse(bits) else bits & 0xFFFF
    return RemoteCode(NEC.name, address, bits >> 16 & 0xFF, 32)


def write_nec(address: int, command: int, bits: int, toggle: int) -> InfraredCode:
    """An address above 255 has 16 bits. One whose two bytes are inverse is that of the lower byte."""
    _must_fit(address, 16)
    _must_fit(command, 8)
    whole = address if address > 0xFF else address | (address ^ 0xFF) << 8
    return NEC.write_bits(whole | command << 16 | (command ^ 0xFF) << 24)


def read_samsung(durations: Sequence[int]) -> RemoteCode | None:
    """The Samsung code of durations (µs, mark first); None where it is none. The address has 8 or 16 bits."""
    bits = SAMSUNG.read_bits(durations)
    if bits is None or not _inverse(bits >> 16):
        return None
    address = bits & 0xFF if bits & 0xFF == bits >> 8 & 0xFF else bits & 0xFFFF
    return RemoteCode(SAMSUNG.name, address, bits >> 16 & 0xFF, 32)


def write_samsung(address: int, command: int, bits: int, toggle: int) -> InfraredCode:
    """An address above 255 has 16 bits."""
    _must_fit(address, 16)
    _must_fit(command, 8)
    whole = address if address > 0xFF else address | address << 8
    return SAMSUNG.write_bits(whole | command << 16 | (command ^ 0xFF) << 24)


# --- Sony -------------------------------------------------------------------------------------------

SONY_US = 600  # a short mark and every space; the long mark is twice, the leader four times as long
SONY_PERIOD_US = 45_000
SONY_BITS = (12, 15, 20)


def read_sony(durations: Sequence[int]) -> RemoteCode | None:
    """The Sony code of durations (µs, mark first), of 12, 15 or 20 bits; None where it is none."""
    frame = _first_frame(durations)
    marks, spaces = frame[::2], frame[1::2]
    if len(marks) - 1 not in SONY_BITS or not near(marks[0], 4 * SONY_US):
        return None
    if not all(near(space, SONY_US) for space in spaces):
        return None
    if not all(near(mark, SONY_US) or near(mark, 2 * SONY_US) for mark in marks[1:]):
        return None
    bits = sum((mark > 1.5 * SONY_US) << place for place, mark in enumerate(marks[1:]))
    return RemoteCode("Sony", bits >> 7, bits & 0x7F, len(marks) - 1)


def write_sony(address: int, command: int, bits: int, toggle: int) -> InfraredCode:
    """A Sony code, three frames at 40 kHz. ``bits`` 0: the fewest that fit. Raises ValueError for what does not fit."""
    size = bits or next((one for one in SONY_BITS if address < 1 << one - 7), SONY_BITS[-1])
    if size not in SONY_BITS:
        raise ValueError(f"a Sony code has 12, 15 or 20 bits, not {size}")
    _must_fit(address, size - 7)
    _must_fit(command, 7)
    whole = address << 7 | command
    frame = [4 * SONY_US]
    for place in range(size):
        frame += (SONY_US, SONY_US * (2 if whole >> place & 1 else 1))
    durations = (*frame, SONY_PERIOD_US - sum(frame))
    return InfraredCode(durations * 3, 40_000, durations)  # receivers expect a frame three times at least


# --- two halves for each bit ------------------------------------------------------------------------

RC5_US, RC5_PERIOD_US = 889, 113_778  # half a bit
RC6_US, RC6_PERIOD_US = 444, 106_667
RC5_BITS = 14
RC6_LEADER = (6, 2)  # halves: mark, space


def read_rc5(durations: Sequence[int]) -> RemoteCode | None:
    """The RC5 code of durations (µs, mark first), with its toggle bit; None where it is none."""
    levels = _levels(_first_frame(durations), RC5_US, longest=2)
    # The first half of the start bit is a space, and cannot be seen.
    bits = _halves([0, *levels], RC5_BITS, one=(0, 1)) if levels else None
    if bits is None or not bits >> 13:
        return None
    field, toggle, address = bits >> 12 & 1, bits >> 11 & 1, bits >> 6 & 0x1F
    return RemoteCode("RC5", address, (bits & 0x3F) | (0 if field else 0x40), RC5_BITS, toggle)


def write_rc5(address: int, command: int, bits: int, toggle: int) -> InfraredCode:
    """An RC5 code. ``bits`` is not used: it has always 14. Raises ValueError for what does not fit."""
    _must_fit(address, 5)
    _must_fit(command, 7)
    whole = 1 << 13 | (0 if command & 0x40 else 1) << 12 | (toggle & 1) << 11 | address << 6 | command & 0x3F
    levels = [level for bit in _bits(whole, RC5_BITS) for level in ((0, 1) if bit else (1, 0))]
    return _from_levels(levels[1:], RC5_US, RC5_PERIOD_US)


def read_rc6(durations: Sequence[int]) -> RemoteCode | None:
    """The RC6 code (mode 0) of durations (µs, mark first), with its toggle bit; None where it is none."""
    levels = _levels(_first_frame(durations), RC6_US, longest=6)
    mark, space = RC6_LEADER
    head = [1] * mark + [0] * space
    if len(levels) < 42 or levels[: len(head)] != head:
        return None
    rest = levels[len(head) :]
    # Start and mode, then the toggle bit with halves of double length, then address and command.
    start, toggle, data = _halves(rest[:8], 4, (1, 0)), _halves(rest[8:12:2], 1, (1, 0)), _halves(rest[12:], 16, (1, 0))
    if start != 0b1000 or toggle is None or data is None or rest[8] != rest[9] or rest[10] != rest[11]:
        return None
    return RemoteCode("RC6", data >> 8, data & 0xFF, 16, toggle)


def write_rc6(address: int, command: int, bits: int, toggle: int) -> InfraredCode:
    """An RC6 code of mode 0. ``bits`` is not used: it has always 16. Raises ValueError for what does not fit."""
    _must_fit(address, 8)
    _must_fit(command, 8)
    mark, space = RC6_LEADER
    levels = [1] * mark + [0] * space
    for place, bit in enumerate((1, 0, 0, 0, toggle & 1, *_bits(address << 8 | command, 16))):
        width = 2 if place == 4 else 1
        levels += [bit] * width + [1 - bit] * width
    return _from_levels(levels, RC6_US, RC6_PERIOD_US)


Reader = Callable[[Sequence[int]], RemoteCode | None]
# RC6 before Sony: with shortened spaces it could be read as Sony's.
READERS: tuple[Reader, ...] = (read_nec, read_samsung, read_rc5, read_rc6, read_sony)
WRITERS: Mapping[str, Callable[[int, int, int, int], InfraredCode]] = {
    "NEC": write_nec,
    "Samsung": write_samsung,
    "Sony": write_sony,
    "RC5": write_rc5,
    "RC6": write_rc6,
}

# --- inside -----------------------------------------------------------------------------------------


def _must_fit(number: int, bits: int) -> None:
    if not 0 <= number < 1 << bits:
        raise ValueError(f"{number} does not fit in {bits} bits")


def _inverse(bits: int) -> bool:
    """Whether the second byte is the inverse of the first."""
    return bits & 0xFF == (bits >> 8 & 0xFF) ^ 0xFF


def _bits(number: int, size: int) -> Iterator[int]:
    """Most significant first."""
    return (number >> place & 1 for place in range(size - 1, -1, -1))


def _first_frame(durations: Sequence[int]) -> Sequence[int]:
    """All before the first space that is too long for the inside of a frame; it ends in a mark."""
    ends = (place for place in range(1, len(durations), 2) if durations[place] >= GAP_US)
    end = next(ends, len(durations))
    return durations[: end - (end % 2 == 0)]


def _levels(frame: Sequence[int], half_us: int, longest: int) -> list[int]:
    """The frame in halves of a bit, 1 = mark; [] where a duration is not a number of them. A last space is added."""
    levels: list[int] = []
    for place, duration in enumerate(frame):
        halves = round(duration / half_us)
        if not 1 <= halves <= longest or not near(duration, halves * half_us):
            return []
        levels += [1 - place % 2] * halves
    return [*levels, 0]


def _halves(levels: Sequence[int], size: int, one: tuple[int, int]) -> int | None:
    """So many bits of two halves each, ``one`` those of a 1; a space behind them is allowed. None = they are none."""
    pairs = list(zip(levels[: 2 * size : 2], levels[1 : 2 * size : 2], strict=False))
    if len(pairs) != size or any(levels[2 * size :]) or any(first == second for first, second in pairs):
        return None
    return int("".join("1" if pair == one else "0" for pair in pairs), 2)


def _from_levels(levels: Sequence[int], half_us: int, period_us: int) -> InfraredCode:
    runs = [len(list(run)) * half_us for _, run in groupby(levels)]
    if len(runs) % 2 == 0:
        runs.pop()  # the last space belongs to the pause
    durations = (*runs, period_us - sum(runs))
    return InfraredCode(durations, 36_000, durations)
