"""`history void`, `edit`, `restore` and `edits`: ranges that are marked as wrong or corrected, and undoing that."""

import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click

from unclouded.app.stored.history_edits import EditEffect, EditFields, HistoryEditor, ShownEdit
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, time_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.model import Value, value_text
from unclouded.core.times import from_iso

ENERGY = re.compile(r"(\d+(?:\.\d+)?)\s*(Wh|kWh|MWh)", re.IGNORECASE)
WH = {"wh": 1.0, "kwh": 1e3, "mwh": 1e6}
SWITCH = {"on": True, "true": True, "off": False, "false": False}

from_option = click.option(
    "--from", "start", metavar="TIME", required=True, help="Start: 2026-11-20T08:00, or 2h (ago)."
)
to_option = click.option("--to", "end", metavar="TIME", help="End, which is not in the range. [default: now]")
reason_option = click.option("--reason", required=True, help="Why; it stays with the edit.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
dry_option = click.option("--dry-run", is_flag=True, help="Only say what would change.")


@click.command("void")
@click.argument("device")
@click.argument("point")
@from_option
@to_option
@reason_option
@yes_option
@dry_option
@config_options
@json_option
def void(
    device: str,
    point: str,
    start: str,
    end: str | None,
    reason: str,
    yes: bool,
    dry_run: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Mark a range of POINT of DEVICE as wrong: it is left out of histories, energy and costs.

    What was measured is kept; `history restore` undoes it.
    """
    body = EditFields(point=point, start="", end="", action="void", reason=reason)
    _edit(device, body, start, end, yes, dry_run, config, data, as_json)


@click.command("edit")
@click.argument("device")
@click.argument("point")
@from_option
@to_option
@click.option("--value", metavar="VALUE", help="What replaces the values, in the point's unit; on or off of a switch.")
@click.option("--energy", metavar="ENERGY", help="What the counter counted in the range, as 1.2kWh; spread evenly.")
@click.option("--estimate", is_flag=True, help="Work it out: as on like days (counters), or a line (others).")
@reason_option
@yes_option
@dry_option
@config_options
@json_option
def edit(
    device: str,
    point: str,
    start: str,
    end: str | None,
    value: str | None,
    energy: str | None,
    estimate: bool,
    reason: str,
    yes: bool,
    dry_run: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Correct a range of POINT of DEVICE: by a value, by the energy of the range, or by an estimate.

    What was measured is kept; `history restore` undoes it.
    """
    if [value is not None, energy is not None, estimate].count(True) != 1:
        raise click.UsageError("Give exactly one of --value, --energy and --estimate.")
    body = EditFields(
        point=point,
        start="",
        end="",
        action="edit",
        reason=reason,
        value=None if value is None else _value(value),
        energy_Wh=None if energy is None else _energy(energy),
        estimate=estimate,
    )
    _edit(device, body, start, end, yes, dry_run, config, data, as_json)


@click.command("restore")
@click.argument("device")
@click.argument("point")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20T08:00, or 2h (ago). [default: the beginning]")
@to_option
@click.option("--number", type=int, help="Only this edit.")
@yes_option
@dry_option
@config_options
@json_option
def restore(
    device: str,
    point: str,
    start: str | None,
    end: str | None,
    number: int | None,
    yes: bool,
    dry_run: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Undo the edits of POINT of DEVICE that overlap a range, each as a whole.

    They stay in the list, marked as undone.
    """
    chosen = configuration(config, data)
    editor = HistoryEditor(chosen, device)
    found = editor.edits(point, time_option(start, chosen.zone), time_option(end, chosen.zone))
    active = [one for one in found if not one.undone_at and number in (None, one.number)]
    if not active:
        raise CommandError(
            f"No edit of {point} of {device} counts in that range. To list them: unclouded history edits"
        )
    for one in active:
        _show(one, chosen.zone, as_json and dry_run)
    if dry_run or not _agreed(f"Undo {_count(len(active), 'edit')}?", yes, as_json):
        return
    for one in active:
        undone = editor.undo(one.number)
        if as_json:
            print_json(undone)
    if not as_json:
        print_text(f"{_count(len(active), 'edit')} undone.")


@click.command("edits")
@click.argument("device")
@click.argument("point", required=False)
@config_options
@json_option
def edits(device: str, point: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """List the edits of DEVICE (of one POINT), newest first, also those that are undone."""
    chosen = configuration(config, data)
    found = HistoryEditor(chosen, device).edits(point or "")
    for one in found:
        _show(one, chosen.zone, as_json)
    if not found and not as_json:
        print_text(f"The history of {device} has no edits.")


# --- inside -------------------------------------------------------------------------------------------


def _edit(
    device: str,
    body: EditFields,
    start: str,
    end: str | None,
    yes: bool,
    dry_run: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    chosen = configuration(config, data)
    since, until = time_option(start, chosen.zone), time_option(end or "0s", chosen.zone)
    editor = HistoryEditor(chosen, device)
    body.dry_run = True
    preview = editor.edit(body, since or 0.0, until or 0.0)
    if dry_run:
        if as_json:
            print_json(preview)
        else:
            _print_preview(preview, chosen.zone)
        return
    if not as_json:
        _print_preview(preview, chosen.zone)
    if not _agreed("Make this edit?", yes, as_json):
        return
    body.dry_run = False
    made = editor.edit(body, since or 0.0, until or 0.0)
    if as_json:
        print_json(made)
    else:
        number = made.edit.number
        undo = f"unclouded history restore {device} {body.point} --number {number}"
        print_text(f"Edit {number} is made. To undo it: {undo}")


def _agreed(question: str, yes: bool, as_json: bool) -> bool:
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        raise CommandError("It changes what is shown: add --yes, or --dry-run to see what would change.")
    return click.confirm(question, default=False)


def _value(text: str) -> Value:
    known = SWITCH.get(text.strip().lower())
    if known is not None:
        return known
    try:
        return float(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a value. Write a number, or on or off of a switch.") from None


def _energy(text: str) -> float:
    found = ENERGY.fullmatch(text.strip())
    if found is None:
        raise CommandError(f"{text!r} is not energy. Write it as 1.2kWh or 350Wh.")
    return float(found[1]) * WH[found[2].lower()]


def _print_preview(preview: EditEffect, zone: ZoneInfo) -> None:
    for line in preview_lines(preview, zone):
        print_text(line)


def preview_lines(preview: EditEffect, zone: ZoneInfo) -> Sequence[str]:
    """What an edit changes, as text."""
    edit = preview.edit
    days = preview.first_day if preview.days == 1 else f"{preview.first_day} to {preview.last_day}"
    lines = [
        f"{edit.device} {edit.point}: {_range(edit, zone)}, {_what(edit)}",
        f"  {_count(preview.readings, 'reading')} in the range; {_count(preview.days, 'day')} touched ({days})",
    ]
    if preview.Wh_before is not None or preview.Wh_after is not None:
        lines.append(
            f"  energy of {'that day' if preview.days == 1 else 'those days'}: "
            f"{_kWh(preview.Wh_before)} before, {_kWh(preview.Wh_after)} after"
        )
    return lines


def _show(edit: ShownEdit, zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print_json(edit)
        return
    undone = f"; undone {_at(edit.undone_at, zone)} by {edit.undone_by}" if edit.undone_at else ""
    text = f"{edit.number:>4}  {edit.point}  {_range(edit, zone)}  {_what(edit)}: {edit.reason}"
    print_text(f"{text} ({edit.who}, {_at(edit.at, zone)}{undone})")


def _what(edit: ShownEdit) -> str:
    if edit.action == "void":
        return "void"
    how = "estimated" if edit.estimated else "corrected to"
    if edit.Wh is not None:
        return f"{how} {_kWh(edit.Wh)}"
    if edit.line is not None:
        return f"{how} {edit.line[0]:g} … {edit.line[1]:g}"
    return f"{how} {_switch(edit.value)}"


def _switch(value: Value | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else value_text(value)


def _range(edit: ShownEdit, zone: ZoneInfo) -> str:
    return f"{_at(edit.start, zone)} to {_at(edit.end, zone)}"


def _at(text: str, zone: ZoneInfo) -> str:
    """A time in the zone of the configuration, to the second, or to the millisecond where it has some."""
    at = from_iso(text)
    exact: Literal["seconds", "milliseconds"] = "seconds" if at == int(at) else "milliseconds"
    return datetime.fromtimestamp(at, zone).isoformat(" ", exact)


def _kWh(Wh: float | None) -> str:
    return "unknown" if Wh is None else f"{Wh / 1000:.3f} kWh"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
