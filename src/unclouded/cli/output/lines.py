"""Single lines: JSON, readings, outcomes, the log, and the address of the page."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import click
import msgspec

from unclouded.cli.output.value_text import exact_value_text, moment_text, quality_mark
from unclouded.core.model import Reading
from unclouded.core.text.printable import printable

PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))  # of syslog
NAME_WIDTH, KEY_WIDTH, VALUE_WIDTH = 12, 22, 12
NO_DEVICES = "This hub has no devices yet. Add one on the page, or with: unclouded init"


def print_json(value: object) -> None:
    """Print one object as one line and flush it."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


class LogFormatter(logging.Formatter):
    """Log lines with date and time in the hub's zone; what devices and clients sent cannot command a terminal."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Date and time in the hub's zone; ``datefmt`` is not used."""
        return f"{datetime.fromtimestamp(record.created, UTC).astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with control characters of the message made visible."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # Any: logging's triple
        """The traceback, with control characters made visible in each line."""
        return "\n".join(map(printable, super().formatException(ei).split("\n")))


class JournalFormatter(LogFormatter):
    """For systemd's journal, which has times and priorities of its own: ``<4>text``, on each line of an entry."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return ""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of the entry, each after its priority in angle brackets (0 to 7, as in syslog)."""
        text = super().format(record).removeprefix(f" {record.levelname} ")
        priority = next((number for level, number in PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


def is_journal(env: Mapping[str, str] = os.environ) -> bool:
    """Whether stderr is systemd's journal: $JOURNAL_STREAM names its device and inode."""
    try:
        place = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return env.get("JOURNAL_STREAM", "") == f"{place.st_dev}:{place.st_ino}"


def log_to_stderr(level: int = logging.WARNING, zone: tzinfo | None = None) -> None:
    """Send the log to stderr, with times in ``zone``, None = this computer's. A later call replaces an earlier one."""
    handler = logging.StreamHandler()
    handler.setFormatter(JournalFormatter() if is_journal() else LogFormatter(zone))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def print_outcome(what: str, line: Mapping[str, Any]) -> None:  # Any: the API's JSON
    """Print the outcome of a command."""
    if line["outcome"] == "confirmed" and "\n" in line["reason"]:  # such as an infrared code for ir-ctl
        print_text(f"{what} confirmed ({line['ms']:.0f} ms)")
        for text in line["reason"].split("\n"):
            print_text(text)
        return
    because = f": {line['reason']}" if line["reason"] else ""
    print_text(f"{what} {line['outcome']}{because} ({line['ms']:.0f} ms)")


def outcome_code(line: Mapping[str, Any]) -> int:  # Any: the API's JSON
    """The exit code of an outcome: 0 = confirmed, or held until the device can be reached; else 1."""
    return 0 if line["outcome"] in ("confirmed", "held") else 1


def print_page_address(web: str, notes: Sequence[str]) -> None:
    """Print the address of the page and the notes of the start, on stderr."""
    for line in [*notes, *([f"The page: {web}"] if web else [])]:
        print_text(line, err=True)


def print_text(text: str, *, err: bool = False) -> None:
    """Print one line that may hold names and texts of devices."""
    click.echo(printable(text), err=err)


def plain_line(reading: Reading, zone: tzinfo | None = None, now: float | None = None) -> str:
    """``12:00:03  heater        power_W                   67.3 W``, followed by the flags of the reading.

    ``now``: times of other days carry their date; None = none does.
    """
    text = quality_mark(reading.quality) + exact_value_text(reading.value, reading.point)
    number, space, unit = text.partition(" ")
    flags = f"  ({', '.join(reading.flags)})" if reading.flags else ""
    when = moment_text(reading.at, reading.at if now is None else now, zone)
    return printable(
        f"{when}  {reading.device:<{NAME_WIDTH}}  {reading.point:<{KEY_WIDTH}}"
        f"  {number:>{VALUE_WIDTH}}{space}{unit}{flags}"
    )
