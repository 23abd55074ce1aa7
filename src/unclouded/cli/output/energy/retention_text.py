"""What retention keeps and frees, as lines."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from unclouded.core.times import from_iso
from unclouded.core.views.retention import KeptRule, KeptSpan, RetentionView

NAMES = {"raw": "readings", "minutes": "minutes", "quarters": "quarters", "hours": "hours"}
UNITS = ("B", "kB", "MB", "GB", "TB")


def retention_lines(view: RetentionView, zone: tzinfo) -> Iterator[str]:
    """``zone``: of the times."""
    for rule in view.rules:
        yield from _rule_lines(rule, _title(rule), zone)
    if view.others is not None:
        yield from _rule_lines(view.others, "All else" if view.rules else "Everything", zone)
    yield ""
    yield _state_line(view, zone)
    free = f", of which {size_text(view.free_bytes)} are free for what comes next" if view.free_bytes else ""
    yield f"The file has {size_text(view.bytes)}{free}. Numbers of rows and bytes of a rule are rough."


def size_text(size: float) -> str:
    """Bytes in decimal units, as for disks."""
    step = 0
    while round(size) >= 1000 and step < len(UNITS) - 1:
        size, step = size / 1000, step + 1
    return f"{size:.{0 if step == 0 or size >= 9.95 else 1}f} {UNITS[step]}"


def _title(rule: KeptRule) -> str:
    return f"{rule.point or 'All points'} of {rule.device or 'all devices'}"


def _rule_lines(rule: KeptRule, title: str, zone: tzinfo) -> Iterator[str]:
    if not rule.points:
        yield f"{title}: nothing is stored that this rule is about."
        return
    points, devices = _count(rule.points, "point"), _count(rule.devices, "device")
    yield f"{title} ({points} of {devices}):"
    for span in rule.spans:
        is_kept = rule.has_energy and span.name in ("quarters", "hours") and span.keeps != "forever"
        keeps = f"{span.keeps}{', of energy forever' if is_kept else ''}"
        yield f"    {NAMES[span.name]:<9} keep {keeps:<9}  {_stored(span, zone)}"
        if plan := _plan(span, zone):
            yield f"              {plan}"


def _stored(span: KeptSpan, zone: tzinfo) -> str:
    gone = f"; deleted before {_day(span.gone, zone)}" if span.gone else ""
    if span.since is None:
        return f"nothing is stored{gone}"
    return f"{span.rows:>12,} stored since {_day(span.since, zone)}, {size_text(span.bytes)}{gone}"


def _plan(span: KeptSpan, zone: tzinfo) -> str:
    if span.before is not None:
        what = f"{span.frees_rows:,}, {size_text(span.frees_bytes)}"
        return f"to delete: what is older than {_moment(span.before, zone)}: {what}"
    return f"the oldest is deleted from {_day(span.next, zone)} on" if span.next else ""


def _state_line(view: RetentionView, zone: tzinfo) -> str:
    size = size_text(view.frees_bytes)
    if view.state == "off":
        return "There is no [[retention]]: nothing is ever deleted."
    if view.state == "idle":
        return "Nothing is old enough to be deleted now."
    if view.state == "due":
        return f"About {size} will be free. A running hub announces it, and begins a day later."
    begins = _moment(view.begins, zone) if view.begins else "soon"
    if view.state == "announced":
        return f"About {size} will be free. Deleting begins {begins}; change [[retention]] before to keep more."
    return f"It is being deleted since {begins}; about {size} are left."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _day(text: str, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(from_iso(text), zone):%Y-%m-%d}"


def _moment(text: str, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(from_iso(text), zone):%Y-%m-%d %H:%M %Z}"
