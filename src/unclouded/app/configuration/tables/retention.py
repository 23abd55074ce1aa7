"""The table of retention, [[retention]]: how long stored values are kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from unclouded.app.configuration.places import did_you_mean
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


def unknown_retained(
    rules: Sequence[RetentionRule], known: Mapping[str, Collection[str]]
) -> Iterator[tuple[int, str, str]]:
    """Devices and points that rules name and that are not there: the number of the rule, the key, a sentence.

    ``known``: the devices, by id and identity, with the points that are stored of them.
    """
    for number, rule in enumerate(rules):
        device = rule.device
        if device and not any(one == device or device.startswith(f"{one}_") for one in known):
            yield (
                number,
                "device",
                f"`device` names {device!r}, and there is no such device.{did_you_mean(device, known)}",
            )
            continue
        stored = {point for one, points in known.items() if device in ("", one) for point in points}
        if rule.point and stored and rule.point not in stored:
            whose = device or "no device"
            has = "has stored no such point" if device else "has stored such a point"
            yield number, "point", f"`point` names {rule.point!r}, and {whose} {has}.{did_you_mean(rule.point, stored)}"
