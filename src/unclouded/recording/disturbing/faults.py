"""The faults that `disturb` knows, by name, and how they are written on a command line. Pure.

flip=0.01  flip=1%  flip=1/500      each byte with that probability
flip=every:50                       every 50th byte
delay=20ms  cut=2s  cut=2s/30s      times; the second cut is 2 s long and ends every 30 s
split=4:10ms                        pieces of 4 bytes, 10 ms apart
a:drop=0.1  b:drop=0.1              only what the end A, or B, sends
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import CommandError

FaultForm = Literal["bytes", "chunks", "span", "split", "cut"]
FaultSide = Literal["", "a", "b"]

LONGEST_S = 3_600.0  # s of a delay or a cut
MOST = 1_000_000_000  # of "every" and of the bytes in a piece
SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}
RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,12})?)(%|/[0-9]{1,10}|)")
EVERY = re.compile(r"every:([0-9]{1,10})")
SIZE = re.compile(r"[0-9]{1,10}")
FORMS: Mapping[FaultForm, str] = {
    "bytes": "a share of the bytes (0.01, 1%, 1/500) or every:N",
    "chunks": "a share of what is received at once (0.1, 10%) or every:N",
    "span": "a time up to 60m (20ms, 1.5s, 2m)",
    "split": "a number of bytes and the time between the pieces, up to 60m (4, 4:10ms)",
    "cut": "a time up to 60m, alone for once or with the longer time from end to end (2s, 2s/30s)",
}


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """A fault by name. ``usual``: its value where none is given."""

    form: FaultForm
    usual: str
    text: str


FAULTS: Mapping[str, FaultKind] = {
    "cut": FaultKind(form="cut", usual="2s", text="the line is cut for a time, and what is sent meanwhile is lost"),
    "truncate": FaultKind(
        form="chunks", usual="10%", text="only the beginning of what is received at once is passed on"
    ),
    "duplicate": FaultKind(form="chunks", usual="10%", text="what is received at once is passed on twice"),
    "swap": FaultKind(form="bytes", usual="0.1%", text="a byte changes places with the next one"),
    "stick": FaultKind(form="bytes", usual="0.1%", text="the byte before it is passed on in its place"),
    "flip": FaultKind(form="bytes", usual="0.1%", text="one bit of a byte is inverted"),
    "drop": FaultKind(form="bytes", usual="0.1%", text="a byte is lost"),
    "insert": FaultKind(form="bytes", usual="0.1%", text="a random byte is put before it, as noise"),
    "delay": FaultKind(form="span", usual="50ms", text="everything is passed on later"),
    "jitter": FaultKind(form="span", usual="50ms", text="everything is passed on later, by a random time up to this"),
    "split": FaultKind(form="split", usual="1:5ms", text="what is received at once is passed on in pieces"),
}


class LineFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault with its value. ``side``: whose bytes it is for, "" = those of both ends.

    ``rate``: 0 to 1; or ``every``: each Nth byte or chunk. ``seconds``: how long; ``period_s``: how often, 0 = once.
    ``size``: bytes of a piece.
    """

    name: str = ""
    side: FaultSide = ""
    rate: float = 0.0
    every: int = 0
    seconds: float = 0.0
    period_s: float = 0.0
    size: int = 0


def parse_fault(text: str) -> LineFault:
    """A fault as it is written: ``NAME``, ``NAME=VALUE``, with ``a:`` or ``b:`` before it. Raises CommandError."""
    named, mark, value = text.partition("=")
    side: FaultSide = "a" if named.startswith("a:") else "b" if named.startswith("b:") else ""
    name = named[2:] if side else named
    kind = FAULTS.get(name)
    if kind is None:
        raise CommandError(f"There is no fault {name!r}. There are: {', '.join(sorted(FAULTS))}.")
    fault = _READERS[kind.form](value if mark else kind.usual)
    if fault is None:
        raise CommandError(f"{text!r}: {name} takes {FORMS[kind.form]}.")
    return replace(fault, name=name, side=side)


# --- values: None where they are wrong ----------------------------------------------------------------


def _share(value: str) -> LineFault | None:
    every = _every(value)
    rate = 0.0 if every else _rate(value)
    return LineFault(rate=rate, every=every) if every or rate else None


def _span(value: str) -> LineFault | None:
    seconds = _seconds(value)
    return LineFault(seconds=seconds) if seconds else None


def _split(value: str) -> LineFault | None:
    size, mark, gap = value.partition(":")
    number = int(size) if SIZE.fullmatch(size) else 0
    seconds = _seconds(gap)
    return LineFault(size=number, seconds=seconds) if 0 < number <= MOST and (seconds or not mark) else None


def _cut(value: str) -> LineFault | None:
    length, mark, period = value.partition("/")
    seconds, period_s = _seconds(length), _seconds(period)
    is_valid = seconds and (period_s > seconds or not mark)
    return LineFault(seconds=seconds, period_s=period_s) if is_valid else None


_READERS: Mapping[FaultForm, Callable[[str], LineFault | None]] = {
    "bytes": _share,
    "chunks": _share,
    "span": _span,
    "split": _split,
    "cut": _cut,
}


def _every(value: str) -> int:
    """0 where it is none."""
    found = EVERY.fullmatch(value)
    number = int(found[1]) if found else 0
    return number if number <= MOST else 0


def _rate(value: str) -> float:
    """0.0 where it is none."""
    found = RATE.fullmatch(value)
    if found is None:
        return 0.0
    number, unit = Fraction(found[1]), found[2]
    divisor = 100 if unit == "%" else int(unit[1:]) if unit else 1
    rate = float(number / divisor) if divisor else 0.0
    return rate if rate <= 1 else 0.0


def _seconds(value: str) -> float:
    """0.0 where it is not a time, or one that is too long."""
    found = SPAN.fullmatch(value)
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    return seconds if seconds <= LONGEST_S else 0.0
