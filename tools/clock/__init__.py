"""Runs a command as if it was another time: a small library of C is loaded into it and into all that it starts.

Tests that hold only until a date, or fail in the hours around the end of a month or a year, are found so. Programs that
ask the kernel without the C library keep their clock: those written in Go, as nats-server, and browsers in part.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

SHIFT = "SHIFTED_BY_S"  # read by the library
SOURCE = Path(__file__).with_name("shifted.c")
PROJECT = Path(__file__).parents[2]
KEEP_THEIR_CLOCK = ("tests/browser", "tests/strangers", "tests/links/nats", "tests/fleet")  # or talk to what does
BUT = ("tests/fleet/base",)  # needs PostgreSQL alone


class NoShiftedClock(Exception):
    """The message says what is missing."""


def shifted(time: str, now: datetime, folder: Path) -> Mapping[str, str]:
    """Environment variables of a command that is to begin at ``time``: ISO 8601, UTC where it has no offset.

    The library is built in ``folder``. Raises NoShiftedClock where there is no compiler, or the time is none.
    """
    try:
        begin = datetime.fromisoformat(time)
    except ValueError:
        raise NoShiftedClock(f"{time!r} is not a time. Write 2028-02-29T23:55.") from None
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    library = folder / "shifted_clock.so"
    if (compiler := shutil.which("cc")) is None:
        raise NoShiftedClock("There is no C compiler. Debian: apt-get install gcc libc6-dev")
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise NoShiftedClock(f"The library cannot be built: {built.stderr.strip()}")
    already = int(os.environ.get(SHIFT, "0"))
    return {"LD_PRELOAD": str(library), SHIFT: str(round((begin - now).total_seconds()) + already)}


def places(place: str = "tests") -> Iterator[str]:
    """Folders and files of tests that can have another time, as few as there may be."""
    named = (*KEEP_THEIR_CLOCK, *BUT)
    if place in BUT or not any(f"{one}/".startswith(f"{place}/") for one in named):
        yield place
    elif place in KEEP_THEIR_CLOCK:
        yield from (one for one in BUT if one.startswith(f"{place}/"))
    else:
        for child in sorted((PROJECT / place).iterdir()):
            if child.match("test_*.py") or (child.is_dir() and child.name != "__pycache__"):
                yield from places(f"{place}/{child.name}")
