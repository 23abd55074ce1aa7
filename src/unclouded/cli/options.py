"""Options that several verbs share."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

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
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a time span; write 10s, 5m or 2h.", param, ctx)
        return float(match[1]) * self._units[match[2]]
