"""Reads TOML that a person wrote: every mistake is one sentence with its place. Pure."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from unclouded.core.errors import ConfigError

BYTE_ORDER_MARK = "\ufeff"  # what some editors put before a text
MOST_DIGITS = 30  # before or behind the point of a number; its exact fraction is computed with


def read_toml(text: str, where: str) -> dict[str, Any]:  # Any: TOML
    """The tables of a text, its numbers as int or finite Decimal. Raises ConfigError."""
    try:
        table = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK), parse_float=Decimal)
        _check_numbers(table, "$", where)
    except RecursionError:
        raise ConfigError(f"{where} is not TOML: its brackets are nested too deeply.") from None
    except ValueError as error:  # a TOMLDecodeError, or an integer of thousands of digits
        raise ConfigError(f"{where} is not TOML: {str(error).rstrip('.')}.") from None
    return table


def _check_numbers(value: object, path: str, where: str) -> None:
    match value:
        case Mapping():
            for key, one in value.items():
                _check_numbers(one, f"{path}.{key}", where)
        case list():
            for number, one in enumerate(value):
                _check_numbers(one, f"{path}[{number}]", where)
        case Decimal() if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS:
            raise ConfigError(f"{where}: `{path}` must be a number of at most {MOST_DIGITS} digits, not {value}.")
        case int() if abs(value) >= 10**MOST_DIGITS:
            raise ConfigError(f"{where}: `{path}` must be a number of at most {MOST_DIGITS} digits.")
