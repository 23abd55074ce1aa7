"""A requested edit -> an edit that can be stored, and what it would change."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.core.text.printable import printable
from unclouded.core.times import iso
from unclouded.store.editing.edit import EditValue, EnergyPiece, HistoryEdit, NewEdit, is_energy_counter
from unclouded.store.reading.condense import DAY, MAX_TIME_S, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.editing.estimate import like_days, line_between
from unclouded.web.history.energy import energy
from unclouded.web.schemas import EditBody, EditPreview, HistoryEditView
from unclouded.web.words import say

LONGEST_REASON = 300  # characters
MOST_DAYS = 1400  # whose energy a preview compares
MOST_WH = 1e12
NUMERIC = frozenset({"number", "counter", "bitmap"})


class EditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A requested edit. ``start``, ``end``: Unix seconds. ``body``: all else."""

    device: str
    start: float
    end: float
    body: EditBody


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that can be stored, and what it would change."""

    edit: NewEdit
    preview: EditPreview


def propose(reader: StoreReader, zone: ZoneInfo, request: EditRequest, now: float) -> Proposal:
    """Check what is asked for, work out estimates, and compare before and after. Raises CommandError."""
    body = request.body
    start, until = _range(request, now)
    reason = _reason(body.reason)
    kinds = reader.kinds(request.device)
    kind = kinds.get(body.point)
    if kind is None:
        raise CommandError(say("api.edit.no_point", device=request.device, known=", ".join(kinds) or say("api.none")))
    edit = NewEdit(
        device=reader.number(request.device),
        point=body.point,
        start=start,
        until=until,
        action=body.action,
        value=_value(reader, zone, request, kind, start, until),
        is_estimated=body.action == "edit" and body.estimate,
        reason=reason,
    )
    return Proposal(edit=edit, preview=_preview(reader, zone, request, edit, is_energy_counter(body.point, kind)))


def edit_view(edit: HistoryEdit | NewEdit, device: str) -> HistoryEditView:
    """An edit as the API shows it. ``number`` 0: it is not stored."""
    value = edit.value
    stored = edit if isinstance(edit, HistoryEdit) else None
    return HistoryEditView(
        number=stored.number if stored else 0,
        device=device,
        point=edit.point,
        start=iso(edit.start / 1000),
        end=iso(edit.until / 1000),
        action=edit.action,
        value=value.constant,
        line=None if value.line is None else [value.line[0][1], value.line[1][1]],
        Wh=value.mWh / 1000 if value.energy else None,
        estimated=edit.is_estimated,
        reason=edit.reason,
        who=stored.who if stored else "",
        at=iso(stored.at) if stored else "",
        undone_at=iso(stored.undone_at) if stored and stored.undone_at is not None else "",
        undone_by=(stored.undone_by or "") if stored else "",
    )


def edit_text(edit: HistoryEdit) -> str:
    """An edit as a sentence of the log."""
    what = "marked as wrong" if edit.action == "void" else "corrected"
    return f"{edit.point} from {iso(edit.start / 1000)} to {iso(edit.until / 1000)} was {what}: {edit.reason}"


# --- inside -------------------------------------------------------------------------------------------


def _range(request: EditRequest, now: float) -> tuple[int, int]:
    """The range in Unix ms. A range that ends in the future would edit what is not measured yet."""
    if not (0 <= request.start < request.end <= MAX_TIME_S):
        raise CommandError(say("api.edit.empty"))
    if request.start >= now:
        raise CommandError(say("api.edit.future"))
    return round(request.start * 1000), max(round(min(request.end, now) * 1000), round(request.start * 1000) + 1)


def _reason(text: str) -> str:
    reason = printable(text).strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise CommandError(say("api.edit.reason", most=LONGEST_REASON))
    return reason


def _value(reader: StoreReader, zone: ZoneInfo, request: EditRequest, kind: str, start: int, until: int) -> EditValue:
    body = request.body
    given = [body.value is not None, body.energy_Wh is not None, body.estimate]
    if body.action == "void":
        if any(given):
            raise CommandError(say("api.edit.void_value"))
        return EditValue()
    if sum(given) != 1:
        raise CommandError(say("api.edit.one_value"))
    if is_energy_counter(body.point, kind):
        return _energy_value(reader, zone, request, start, until)
    if body.energy_Wh is not None:
        raise CommandError(say("api.edit.no_counter", point=body.point))
    if kind != "switch" and kind not in NUMERIC:
        raise CommandError(say("api.edit.text", point=body.point))
    if body.estimate:
        if kind not in ("number", "counter"):
            raise CommandError(say("api.edit.no_line", point=body.point))
        return line_between(reader, request.device, body.point, start, until)
    return EditValue(constant=_checked(body.value, kind, body.point))


def _energy_value(reader: StoreReader, zone: ZoneInfo, request: EditRequest, start: int, until: int) -> EditValue:
    body = request.body
    if body.estimate:
        return like_days(reader, zone, request.device, body.point, start, until)
    if body.energy_Wh is None:
        raise CommandError(say("api.edit.counter", point=body.point))
    if not math.isfinite(body.energy_Wh) or not 0 <= body.energy_Wh <= MOST_WH:
        raise CommandError(say("api.edit.bad_energy"))
    return EditValue(energy=(EnergyPiece(start, until, round(body.energy_Wh * 1000)),))


def _checked(value: Value | None, kind: str, point: str) -> Value:
    if isinstance(value, str) or value is None or (kind == "switch") != isinstance(value, bool):
        wanted = say("api.edit.of_switch") if kind == "switch" else say("api.edit.of_number")
        raise CommandError(say("api.edit.kind", point=point, kind=wanted))
    if not math.isfinite(value) or abs(value) >= 2**53:
        raise CommandError(say("api.edit.bad_number"))
    return value


def _preview(reader: StoreReader, zone: ZoneInfo, request: EditRequest, edit: NewEdit, is_energy: bool) -> EditPreview:
    start, end = edit.start / 1000, edit.until / 1000
    days = Grid(DAY, zone).begins(edit.start, edit.until)
    named = [datetime.fromtimestamp(at / 1000, zone).date().isoformat() for at in (days[0], days[-2])]
    before = after = None
    if is_energy and len(days) <= MOST_DAYS:
        before = _sum(reader, zone, request, start, end)
        number = 1 + max((one.number for one in reader.edits(request.device)), default=0)
        reader.assumed = [HistoryEdit(**msgspec.structs.asdict(edit), number=number, who="", at=0.0)]
        try:
            after = _sum(reader, zone, request, start, end)
        finally:
            reader.assumed = ()
    return EditPreview(
        edit=edit_view(edit, request.device),
        readings=reader.size(request.device, edit.point, start, end),
        days=len(days) - 1,
        first_day=named[0],
        last_day=named[1],
        Wh_before=before,
        Wh_after=after,
    )


def _sum(reader: StoreReader, zone: ZoneInfo, request: EditRequest, start: float, end: float) -> float | None:
    """The energy of the days that the range touches; None where nothing of it is known."""
    for row in energy(reader, zone, "day", start, end, [request.device]).rows:
        if row.point == request.body.point:
            known = [Wh for Wh in row.Wh if Wh is not None]
            return round(sum(known), 3) if known else None
    return None
