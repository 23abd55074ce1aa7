"""Options that several verbs share."""

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.core.times import parse_time

AGO = re.compile(r"\d+(\.\d+)?[smhd]")

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever options a verb has

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line on stdout.")


def config_options(command: F) -> F:
    """--config and --data."""
    command = click.option("--data", metavar="DIR", help="Data folder; overrides the configuration.")(command)
    return click.option(
        "--config", metavar="FILE", help="Configuration file. [default: $UNCLOUDED_CONFIG, then ./unclouded.toml]"
    )(command)


def web_option(command: F) -> F:
    """--web"""
    return click.option("--web", metavar="HOST:PORT", help="Address to serve the page on, or off.")(command)


def named_arguments(args: tuple[str, ...]) -> dict[str, str]:
    """Arguments that are written as NAME=VALUE."""
    for arg in args:
        if "=" not in arg:
            raise click.UsageError(f"Write {arg!r} as NAME=VALUE.")
    return dict(arg.split("=", 1) for arg in args)


class Span(click.ParamType[float]):
    """A time span: 10s, 5m, 2h, 1d, or a number of seconds."""

    name = "span"
    _units: Mapping[str, float] = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # Any: click's
        """Seconds. Raises click's usage error, which says what to write."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a time span; write 10s, 5m or 2h.", param, ctx)
        return float(match[1]) * self._units[match[2]]


class Whole(click.IntRange):
    """A whole number within limits. What click itself says of another text names no limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # Any: click's
        """The number. Raises click's usage error, which says what to write."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            limits = f"from {self.min} to {self.max}" if self.max is not None else f"of {self.min} or more"
            self.fail(f"{value!r} is not a whole number {limits}.", param, ctx)


def time_option(text: str | None, zone: ZoneInfo) -> float | None:
    """Unix seconds of a time as people write it, in ``zone``, or of how long ago it was. Raises CommandError."""
    if text is None:
        return None
    if AGO.fullmatch(text):
        return time.time() - Span().convert(text, None, None)
    try:
        return parse_time(text, zone)
    except ValueError:
        raise CommandError(
            f"{text!r} is not a time. Write 2026-11-20, 2026-11-20T08:00 or 2h for two hours ago."
        ) from None


def typed_value(text: str) -> Value:
    """A value as it is typed: of a switch, a number, or a text."""
    switch = {"on": True, "true": True, "off": False, "false": False}
    if text.lower() in switch:
        return switch[text.lower()]
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        if str(value) == text and (isinstance(value, int) or math.isfinite(value)):
            return value
    return text  # 0102 and 1e10 may be bytes in hex; a point that takes a number reads it from text too, without nan
