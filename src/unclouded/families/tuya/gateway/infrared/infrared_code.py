"""An infrared code: how long the lamp is on and off, in turn.

    ▔▔▔▔▁▁▔▁▔▁▁▁▔▁▁▁▔          mark, space, mark …   in microseconds, beginning with a mark
    ├──┤                         modulated with the carrier, mostly 38 kHz

Source: docs/protocols/tuya_gateway.md §2.10.
"""

from collections.abc import Iterable

import msgspec

from unclouded.core.errors import CommandError

DEFAULT_CARRIER_HZ = 38_000
LOWEST_HZ, HIGHEST_HZ = 10_000, 500_000  # of a carrier that a text may name
LONGEST_US = 0xFFFF  # of a mark or a space on the line
MOST_UNITS = 0xFFFF  # of a code on the line


class InfraredCode(msgspec.Struct, frozen=True):
    """A code. ``durations_us``: mark and space in turn. ``repeat_us``: what follows while a button is held."""

    durations_us: tuple[int, ...]
    carrier_Hz: int = DEFAULT_CARRIER_HZ
    repeat_us: tuple[int, ...] = ()

    @property
    def has_own_repeat(self) -> bool:
        """Whether a held button sends something else than the code again."""
        return self.repeat_us not in ((), self.durations_us)

    def units(self, repeats: int = 0) -> tuple[int, ...]:
        """What the line carries: the code, and so often its repetition. Spaces of more than 65 ms become shorter.

        Raises CommandError where the line cannot carry it.
        """
        durations = self.durations_us + self.repeat_us * repeats
        if not 1 <= len(durations) <= MOST_UNITS:
            raise CommandError(f"An infrared code has 1 to {MOST_UNITS} durations, not {len(durations)}.")
        if max(durations[::2]) > LONGEST_US or min(durations) < 1:
            raise CommandError(f"A mark of an infrared code is 1 to {LONGEST_US} µs.")
        return tuple([min(duration, LONGEST_US) for duration in durations])


def code_of(durations: Iterable[int], carrier_Hz: int, repeat: Iterable[int] = ()) -> InfraredCode:
    """A code from outside. Raises CommandError where it is none."""
    code = InfraredCode(tuple(durations), carrier_Hz, tuple(repeat))
    whole = code.durations_us + code.repeat_us
    if not code.durations_us:
        raise CommandError("The infrared code has no durations.")
    if len(whole) > MOST_UNITS:
        raise CommandError(f"An infrared code has at most {MOST_UNITS} durations, not {len(whole)}.")
    if min(whole) < 1:
        raise CommandError("A duration of an infrared code is at least 1 µs.")
    if not LOWEST_HZ <= carrier_Hz <= HIGHEST_HZ:
        raise CommandError(f"The carrier is {carrier_Hz} Hz; it must be {LOWEST_HZ} to {HIGHEST_HZ} Hz.")
    return code
