"""The table of retention, [[retention]]: how long stored values are kept."""

from collections.abc import Sequence

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.store.retention.rules import FOREVER, RetentionRule, span_of, wrong_order


class RetentionTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[retention]]: of one device or all, of one point or all. Without any such table nothing is deleted."""

    device: str = ""
    point: str = ""
    raw: str = "1 year"
    minutes: str = FOREVER
    quarters: str = FOREVER
    hours: str = FOREVER


def retention_rules(tables: Sequence[RetentionTable], where: str) -> tuple[RetentionRule, ...]:
    """The rules of these tables. Raises ConfigError."""
    rules: list[RetentionRule] = []
    for number, table in enumerate(tables):
        spans = {}
        for key in ("raw", "minutes", "quarters", "hours"):
            try:
                spans[key] = span_of(getattr(table, key))
            except ValueError as error:
                raise ConfigError(f"{where}: `$.retention[{number}].{key}`: {error}.") from None
        rule = RetentionRule(device=table.device, point=table.point, **spans)
        if wrong := wrong_order(rule):
            raise ConfigError(f"{where}: `$.retention[{number}].raw`: {wrong}.")
        if any((one.device, one.point) == (rule.device, rule.point) for one in rules):
            raise ConfigError(f"{where}: `$.retention[{number}].device`: there is another rule for {rule.name}.")
        rules.append(rule)
    return tuple(rules)
