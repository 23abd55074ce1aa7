"""What every verb prints with: options they share, JSON lines, logs on stderr."""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever options a verb has

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")


def config_options(command: F) -> F:
    """--config and --data."""
    command = click.option("--data", metavar="DIR", help="The data folder (before the configuration's).")(command)
    return click.option(
        "--config", metavar="FILE", help="The configuration, else $UNCLOUDED_CONFIG, else ./unclouded.toml."
    )(command)


def web_option(command: F) -> F:
    """--web"""
    return click.option("--web", metavar="HOST:PORT", help="Where the page is served; off for nowhere.")(command)


class Span(click.ParamType[float]):
    """A time span as people write it: 10s, 5m, 2h, or a number of seconds."""

    name = "span"
    _units: Mapping[str, float] = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # Any: click's
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no time span; write 10s, 5m or 2h.", param, ctx)
        return float(match[1]) * self._units[match[2]]


def print_json(value: object) -> None:
    """One object, one line, at once."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def log_to_stderr(level: int = logging.WARNING) -> None:
    """Words about what goes on, on stderr."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def say_outcome(what: str, line: Mapping[str, Any]) -> None:  # Any: the API's JSON
    """A command's fate in words."""
    because = f": {line['reason']}" if line["reason"] else ""
    click.echo(f"{what} {line['outcome']}{because} ({line['ms']:.0f} ms)")


def outcome_code(line: Mapping[str, Any]) -> int:  # Any: the API's JSON
    """0 where it was done or will be, else 1."""
    return 0 if line["outcome"] in ("confirmed", "held") else 1
