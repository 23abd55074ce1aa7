"""Single lines: JSON, readings, outcomes, the log, and the address of the page."""

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import click
import msgspec

from unclouded.cli.output.value_text import clock_text, exact_value_text, quality_mark
from unclouded.core.model import Reading

NAME_WIDTH, KEY_WIDTH, VALUE_WIDTH = 12, 22, 12


def print_json(value: object) -> None:
    """Print one object as one line and flush it."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def log_to_stderr(level: int = logging.WARNING) -> None:
    """Send the log to stderr."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def print_outcome(what: str, line: Mapping[str, Any]) -> None:  # Any: the API's JSON
    """Print the outcome of a command."""
    because = f": {line['reason']}" if line["reason"] else ""
    click.echo(f"{what} {line['outcome']}{because} ({line['ms']:.0f} ms)")


def outcome_code(line: Mapping[str, Any]) -> int:  # Any: the API's JSON
    """The exit code of an outcome: 0 = confirmed, or held until the device can be reached; else 1."""
    return 0 if line["outcome"] in ("confirmed", "held") else 1


def print_page_address(web: str, notes: Sequence[str]) -> None:
    """Print the address of the page and the notes of the start, on stderr."""
    for line in [*notes, *([f"The page: {web}"] if web else [])]:
        click.echo(line, err=True)


def plain_line(reading: Reading, zone: tzinfo | None = None) -> str:
    """``12:00:03  heater        power_W                   67.3 W``, followed by the flags of the reading."""
    text = quality_mark(reading.quality) + exact_value_text(reading.value, reading.point)
    number, space, unit = text.partition(" ")
    flags = f"  ({', '.join(reading.flags)})" if reading.flags else ""
    return (
        f"{clock_text(reading.at, zone)}  {reading.device:<{NAME_WIDTH}}  {reading.point:<{KEY_WIDTH}}"
        f"  {number:>{VALUE_WIDTH}}{space}{unit}{flags}"
    )
