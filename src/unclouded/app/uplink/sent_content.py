"""What is in a message that left the home, read back from its bytes: for `unclouded fleet sent`."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unclouded.app.uplink.sent_log import SentMessage
from unclouded.core.times import iso
from unclouded.uplink.contents.catalogue import decode_catalogue
from unclouded.uplink.contents.energy import decode_energy
from unclouded.uplink.contents.events import decode_events
from unclouded.uplink.contents.packing import ContentError
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.messages import (
    AnyMessage,
    CommandReport,
    Hello,
    HubState,
    MessageError,
    Renew,
    Reply,
    Reports,
    SentWindow,
    Windows,
    decode_message,
)

LIVE = "live."


class SentContent(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: of the message, or ``live``, ``unreadable``. ``text``: a sentence. ``content``: all of it, for JSON."""

    at: float
    subject: str
    size: int
    kind: str
    text: str
    content: Any  # Any: what JSON has


def sent_content(message: SentMessage) -> SentContent:
    """Never raises: what cannot be read says so."""
    if message.subject.startswith(LIVE):
        return _content(message, "live", "Live values, as a user of the fleet views this home.", _json(message.data))
    try:
        found = decode_message(message.data)
    except MessageError as error:
        return _content(message, "unreadable", f"It cannot be read: {error}.", None)
    kind, text, content = _described(found)
    return _content(message, kind, text, content)


# --- inside -------------------------------------------------------------------------------------------


def _content(message: SentMessage, kind: str, text: str, content: Any) -> SentContent:  # Any: JSON
    return SentContent(
        at=message.at, subject=message.subject, size=len(message.data), kind=kind, text=text, content=content
    )


def _described(found: AnyMessage) -> tuple[str, str, Any]:  # Any: JSON
    """Kind, sentence, and all of it."""
    match found:
        case Windows(level=level, windows=windows):
            parts = [_window(level, one) for one in windows]
            return f"windows of {level}", "; ".join(text for text, _ in parts), [content for _, content in parts]
        case HubState():
            return "state", _state(found), _fields(found)
        case Hello(behind=behind):
            return "hello", f"Versions, what is let out, sums of days; {behind} windows wait.", _fields(found)
        case Renew():
            return "renew", "Another token is asked for, with the public key.", _fields(found)
        case CommandReport():
            return "answer", f"Of a command: {found.state}.", _fields(found)
        case Reports(reports=reports):
            states = ", ".join(one.state for one in reports)
            return "reports", f"Outcomes of commands: {states}.", [_fields(one) for one in reports]
        case Reply(status=status, body=body):
            return "reply", f"To a question: status {status}, {len(body)} bytes.", _reply(found)
    return type(found).__name__.lower(), "", _fields(found)


def _window(level: str, window: SentWindow) -> tuple[str, Any]:  # Any: JSON
    """A few words on a window, and all of it."""
    head = {"start": window.start, "number": window.number, "bytes": len(window.data)}
    read = READERS.get(level)
    try:
        words, content = read(window) if read is not None else (f"unknown level {level}", None)
    except ContentError as error:
        words, content = f"cannot be read: {error}", None
    begin = "" if level == "catalogue" else f"from {iso(window.start)} "
    return f"{begin}{words}", {**head, "content": content}


def _raw(window: SentWindow) -> tuple[str, Any]:  # Any: JSON
    found = decode_raw(window.start, window.data)
    count = sum(len(entries) for seconds in found.values() for _, entries in seconds)
    rows = {
        str(device): [[second, [list(entry) for entry in entries]] for second, entries in seconds]
        for device, seconds in found.items()
    }
    return f"{count} readings of {_number(len(found), 'device')}", rows


def _rows(level: str) -> Callable[[SentWindow], tuple[str, Any]]:  # Any: JSON
    def read(window: SentWindow) -> tuple[str, Any]:
        found = decode_rows(level, window.start, window.data)
        content = [{"series": one.series, "start": one.start, **one.part._asdict()} for one in found]
        return f"{len(found)} rows of {_number(len({one.series for one in found}), 'series', 'series')}", content

    return read


def _energy(window: SentWindow) -> tuple[str, Any]:  # Any: JSON
    found = decode_energy(window.data)
    days = ", ".join(one.date for one in found.days)
    content = {"hours": [_fields(one) for one in found.hours], "days": [_fields(one) for one in found.days]}
    return f"energy of {_number(len(found.hours), 'counter')}{f', and of {days}' if days else ''}", content


def _events(window: SentWindow) -> tuple[str, Any]:  # Any: JSON
    found = decode_events(window.data)
    return _number(len(found), "event"), [_fields(one) for one in found]


def _catalogue(window: SentWindow) -> tuple[str, Any]:  # Any: JSON
    found = decode_catalogue(window.data)
    content = {
        "devices": [_fields(one) for one in found.devices],
        "series": [_fields(one) for one in found.series],
        "flags": [_fields(one) for one in found.flags],
        "zone": found.zone,
        "version": found.version,
    }
    return f"{_number(len(found.devices), 'device')}, {len(found.series)} series", content


READERS: Mapping[str, Callable[[SentWindow], tuple[str, Any]]] = {  # Any: JSON
    "raw": _raw,
    "minute": _rows("minute"),
    "quarter": _rows("quarter"),
    "energy": _energy,
    "events": _events,
    "catalogue": _catalogue,
}


def _state(state: HubState) -> str:
    power = "power not let out or not known" if state.power_W is None else f"{state.power_W:g} W"
    offline = f", {state.devices_offline} offline" if state.devices_offline else ""
    alerts = f", alerts: {', '.join(state.alerts)}" if state.alerts else ""
    return f"{power}; {_number(state.devices, 'device')}{offline}{alerts}."


def _reply(reply: Reply) -> Mapping[str, Any]:  # Any: JSON
    return {
        "status": reply.status,
        "content_type": reply.content_type,
        "bytes": len(reply.body),
        "packed": reply.packed,
    }


def _fields(found: msgspec.Struct) -> Mapping[str, Any]:  # Any: JSON
    """By name: on the wire they are in order only."""
    return {name: _plain(getattr(found, name)) for name in found.__struct_fields__}


def _plain(value: Any) -> Any:  # Any: of a field, and JSON
    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _json(data: bytes) -> Any:  # Any: JSON
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"
