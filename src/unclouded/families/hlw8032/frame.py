"""Framing on the UART of the metering chip, 4800 8E1; the chip only sends.

    state | 5A | voltage C, R | current C, R | power C, R | update | pulses | sum
      1     1       3   3          3   3         3   3       1        2       1     big-endian, 24 bytes

C is the coefficient of the calibration, R the register. The sum is that of bytes 2 to 22, modulo 256. Two bytes that
look like the start of a frame may stand inside one, so a candidate is a frame only where its sum is right; else the
search goes on behind them, and a frame that the next one cuts off costs itself alone.
Source: docs/protocols/hlw8032.md §1 and §2.
"""

import re

import msgspec

LENGTH = 24  # bytes of a frame
LONGEST_NOISE = 256  # bytes in one Hlw8032Noise; a longer stretch comes in pieces
CHECK = 0x5A
VOLTAGE_AT, CURRENT_AT, POWER_AT = 2, 8, 14  # coefficient and register of each

NORMAL, CALIBRATION_FAILED, FLAGGED = 0x55, 0xAA, 0xF0  # byte 0; FLAGGED in its high half: the low half has flags
VOLTAGE_OVERFLOW, CURRENT_OVERFLOW, POWER_OVERFLOW, COEFFICIENTS_ABNORMAL = 0x08, 0x04, 0x02, 0x01
CARRY, VOLTAGE_REFRESHED, CURRENT_REFRESHED, POWER_REFRESHED = 0x80, 0x40, 0x20, 0x10  # byte 20
ALL_REFRESHED = VOLTAGE_REFRESHED | CURRENT_REFRESHED | POWER_REFRESHED
TOP = 0xFEFF01  # where a register stops; docs/protocols/hlw8032.md §3.1

STRAY, BAD_SUM, CUT = "stray bytes", "bad checksum", "cut short"

HEADER = re.compile(rb"[\x55\xaa\xf0-\xff]\x5a")
_STATES = frozenset({NORMAL, CALIBRATION_FAILED, *range(FLAGGED, 0x100)})


class Hlw8032Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame with a right sum: ``data`` has its 24 bytes. ``bytes(frame)`` is exact."""

    data: bytes

    @property
    def state(self) -> int:
        return self.data[0]

    @property
    def flags(self) -> int:
        """The overflow flags of the state byte; 0 where it has none."""
        return self.data[0] & 0x0F if self.data[0] >= FLAGGED else 0

    @property
    def update(self) -> int:
        return self.data[20]

    @property
    def coefficients(self) -> bytes:
        """Those of voltage, current and power, 3 bytes each: constants of a chip."""
        data = self.data
        return data[2:5] + data[8:11] + data[14:17]

    @property
    def registers(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(coefficient, register) of voltage, current and power."""
        return self.pair(VOLTAGE_AT), self.pair(CURRENT_AT), self.pair(POWER_AT)

    def pair(self, at: int) -> tuple[int, int]:
        """(coefficient, register) of the quantity that stands there."""
        data = self.data
        return int.from_bytes(data[at : at + 3], "big"), int.from_bytes(data[at + 3 : at + 6], "big")

    @property
    def pulses(self) -> int:
        """The pulse counter: 16 bits."""
        return self.data[21] << 8 | self.data[22]

    def __bytes__(self) -> bytes:
        return self.data

    def __len__(self) -> int:
        return LENGTH

    def __str__(self) -> str:
        return f"measurement, state {self.state:02X}"


class Hlw8032Noise(msgspec.Struct, frozen=True):
    """Bytes that were no frame, and why."""

    data: bytes
    reason: str

    def __bytes__(self) -> bytes:
        return self.data

    def __str__(self) -> str:
        return f"{self.reason} [{len(self.data)} bytes]"


def encode(
    state: int,
    voltage: tuple[int, int],
    current: tuple[int, int],
    power: tuple[int, int],
    update: int,
    pulses: int,
) -> Hlw8032Frame:
    """A frame from its fields; the pairs are (coefficient, register), each 24 bits; ``pulses`` wraps at 16 bits."""
    body = b"".join(number.to_bytes(3, "big") for pair in (voltage, current, power) for number in pair)
    body += bytes([update]) + (pulses & 0xFFFF).to_bytes(2, "big")
    return Hlw8032Frame(bytes([state, CHECK]) + body + bytes([sum(body) & 0xFF]))


class Hlw8032Framer:
    """Cuts a stream into frames and noise, however it is chunked; together they are the whole input."""

    def __init__(self) -> None:
        self._held = b""  # the beginning of a candidate, or a byte that may be one
        self._reason = STRAY  # why what is not a frame from here on is noise

    def feed(self, data: bytes) -> list[Hlw8032Frame | Hlw8032Noise]:
        """What is settled with these bytes."""
        held = self._held + data
        pieces: list[Hlw8032Frame | Hlw8032Noise] = []
        done = sought = 0
        size = len(held)
        while (at := _candidate(held, sought, size)) >= 0:
            end = at + LENGTH
            if end > size:
                break
            if done < at:
                self._add_noise(pieces, held[done:at])
            if sum(held[at + 2 : end - 1]) & 0xFF == held[end - 1]:
                pieces.append(Hlw8032Frame(held[at:end]))
                done = sought = end
                self._reason = STRAY
            else:
                done, sought, self._reason = at, at + 2, BAD_SUM  # the 5A starts none
        kept = at if at >= 0 else _kept_from(held, done)
        if done < kept:
            self._add_noise(pieces, held[done:kept])
        self._held = held[kept:]
        return pieces

    def close(self) -> list[Hlw8032Frame | Hlw8032Noise]:
        """The rest, settled: the stream has ended, or was silent for long. The next bytes begin a new stream."""
        pieces: list[Hlw8032Frame | Hlw8032Noise] = []
        if self._held:
            pieces.append(Hlw8032Noise(self._held, CUT if len(self._held) > 1 else self._reason))
        self._held, self._reason = b"", STRAY
        return pieces

    @property
    def held(self) -> int:
        """How many bytes wait for what comes next."""
        return len(self._held)

    def _add_noise(self, pieces: list[Hlw8032Frame | Hlw8032Noise], data: bytes) -> None:
        for at in range(0, len(data), LONGEST_NOISE):
            pieces.append(Hlw8032Noise(data[at : at + LONGEST_NOISE], self._reason))


def _candidate(held: bytes, sought: int, size: int) -> int:
    """Where the next candidate starts, -1 where there is none. Mostly it is right there, behind the last frame."""
    if sought + 1 < size and held[sought + 1] == CHECK and held[sought] in _STATES:
        return sought
    found = HEADER.search(held, sought)
    return -1 if found is None else found.start()


def _kept_from(held: bytes, done: int) -> int:
    """Without a candidate only a last byte that may begin one is kept."""
    return len(held) - (len(held) > done and held[-1] in _STATES)
