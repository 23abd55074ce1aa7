"""A configuration and what a change of it did, as text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from unclouded.core.views.configuration import (
    ConfigBackupView,
    ConfigDifference,
    ConfiguredDevice,
    ConfiguredTable,
    ReloadView,
)


def device_lines(device: ConfiguredDevice) -> Iterator[str]:
    """A device and its keys; where it stands in the file."""
    place = "admitted, not in the file" if device.admitted else f"line {device.line}"
    yield f"{device.id} ({place})"
    yield from _key_lines({key: value for key, value in device.keys.items() if key != "id"})


def table_lines(table: ConfiguredTable) -> Iterator[str]:
    """A table of the hub and its keys, or each item of a list; where it stands in the file."""
    for item in table.items:
        yield f"[[{table.table}]] {item.item} (line {item.line})"
        yield from _key_lines(item.keys)
    if not table.is_list:
        yield f"[{table.table}] (line {table.line})" if table.is_there else f"[{table.table}] (not in the file)"
        yield from _key_lines(table.keys)


def _key_lines(keys: Mapping[str, Any]) -> Iterator[str]:  # Any: TOML values as JSON
    return (f"    {key} = {_text(value)}" for key, value in keys.items())


def reload_lines(view: ReloadView) -> Iterator[str]:
    """What was changed, what that did, and what it did not do yet."""
    if not (view.changed or view.applied or view.needs_restart):
        yield "Nothing is different in the file."
    for change in view.changed:
        yield change_line(change)
    if not view.running:
        yield "No hub runs with this configuration; it counts when one is started."
        return
    yield from _effects(view)


def _effects(view: ReloadView) -> Iterator[str]:
    would = "Would be " if view.dry_run else ""
    for what, ids in (("started", view.added), ("stopped", view.removed), ("restarted", view.restarted)):
        if ids:
            yield _sentence(f"{would}{what}: {', '.join(ids)}.")
    for old, new in view.renamed.items():
        yield _sentence(f"{would}restarted under another id: {old} as {new}; its history goes on.")
    yield _kept(view)
    if view.applied:
        yield _sentence(f"{would}applied: {', '.join(view.applied)}.")
    if view.needs_restart:
        yield f"After a restart of the hub: {', '.join(view.needs_restart)}."


def change_line(change: ConfigDifference) -> str:
    """``kettle: room "Hall" -> "Kitchen"``."""
    if not change.key:
        return f"{change.device}: {'added' if change.before is None else 'removed'}"
    where = f"{change.device}: {change.key}" if change.device else change.key
    before, after = (("-" if one is None else _text(one)) for one in (change.before, change.after))
    return f"{where} {before} -> {after}"


def backup_line(backup: ConfigBackupView) -> str:
    """The name of a backup and its size; its time is in the name."""
    return f"{backup.name}  {backup.size} bytes"


def _kept(view: ReloadView) -> str:
    if not view.kept:
        return "No other device runs."
    devices = "1 device" if view.kept == 1 else f"{view.kept} devices"
    described = (
        f", of which {len(view.described)} with another name, room, parent or direction" if view.described else ""
    )
    return f"Running on: {devices}{described}."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
