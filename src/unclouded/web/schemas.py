"""What the API says and takes, as types: the OpenAPI document and the page's own types come from here.

Times in texts are ISO 8601 in UTC; ``at`` in columns and in live changes is Unix seconds, which charts want.
Keys never change their meaning; new ones may be added.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from unclouded.core.model import Kind, Quality, Result, Value
from unclouded.core.views import Change, DeviceView, EventView, StatusView

Role = Literal["read", "control"]
By = Literal["hour", "day", "month"]


# --- commands -----------------------------------------------------------------------------------------


class SetBody(msgspec.Struct, forbid_unknown_fields=True):
    """Without ``point`` the device's main point is meant."""

    value: Value
    point: str = ""
    origin: str = "api"


class DoBody(msgspec.Struct, forbid_unknown_fields=True):
    """``confirmed``: yes, the action's danger is meant."""

    action: str
    args: dict[str, str] = {}
    confirmed: bool = False
    origin: str = "api"


class AdmitBody(msgspec.Struct, forbid_unknown_fields=True):
    """``id``: what the plug shall be called; a to z, 0 to 9 and _."""

    uuid: str
    id: str


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """The one fate of a wish. ``ms``: from the wish to its fate."""

    device: str
    point: str
    outcome: Result
    reason: str
    ms: float


class ProgressLine(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON line of an action: how far it has come; ``of`` 0 = nobody knows."""

    progress: int
    of: int
    text: str


class DoneLine(msgspec.Struct, frozen=True, kw_only=True):
    """The last JSON line of an action: its one fate."""

    device: str
    action: str
    outcome: Result
    reason: str
    ms: float


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. ``detail`` says what happened and what to do; ``id`` names the sentence in the table of words."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    id: str = ""


# --- history ------------------------------------------------------------------------------------------


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A value of a series that is not simply good: its place in the columns, its quality, its flags."""

    index: int
    quality: Quality
    flags: tuple[str, ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One point over time, in columns of the same length.

    ``value``: as measured, or the last of each step; None where there is a gap (the device was offline). The first row
    may be what the point said before the history begins, if it still held then.
    ``min``, ``mean``, ``max``: of each step, for numbers that were condensed; else None.
    """

    device: str
    point: str
    unit: str
    kind: Kind
    exponent: int
    at: list[float]
    value: list[Value | None]
    min: list[float | None] | None = None
    mean: list[float | None] | None = None
    max: list[float | None] | None = None
    marks: list[Mark] = []


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Series between two times (Unix seconds). ``step``: seconds from one row to the next, 0 = as measured."""

    start: float
    end: float
    step: float
    series: list[Series]


class EnergyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one counter rose by in each period; None where nothing is known of it."""

    device: str
    point: str
    Wh: list[float | None]
    estimated: list[bool]


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Energy by period. ``at``: when each period begins, and last when the last one ends (Unix seconds)."""

    by: By
    timezone: str
    at: list[float]
    rows: list[EnergyRow]


class Level(msgspec.Struct, frozen=True, array_like=True):
    """What a counter showed."""

    device: str
    point: str
    value: float


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The counters when the local day began (Unix seconds): now minus this is today's."""

    since: float
    until: float
    levels: list[Level]


# --- the hub ------------------------------------------------------------------------------------------


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The store: bytes on disk, facts stored since the start, failures, what waits to be written."""

    bytes: int
    stored: float
    batches: float
    failures: float
    dropped: float
    unstorable: float
    waiting: float
    write_ms: float


class HubView(msgspec.Struct, frozen=True, kw_only=True):
    """What runs here. ``web``: the addresses of the page. ``broker``: where plugs call, and its counters."""

    version: str
    pid: int
    data: str
    uptime_s: int
    timezone: str
    store: StoreView
    web: tuple[str, ...] = ()
    broker: Mapping[str, Any] | None = None  # Any: the address as text, counters as numbers


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. ``role`` None: nobody yet. ``login``: whether this hub wants a password."""

    role: Role | None
    login: bool


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    """The password of a role decides what the session may."""

    password: str


# --- live ---------------------------------------------------------------------------------------------


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole house at one time; replaces all that was known. ``role``: what this session may."""

    at: float
    version: str
    timezone: str
    devices: list[DeviceView]
    readings: list[Change]
    role: Role = "control"


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came since the last message. A device that is told again replaces the one of that id."""

    at: float
    devices: list[DeviceView] = []
    gone: list[str] = []
    statuses: list[StatusView] = []
    readings: list[Change] = []
    notices: list[EventView] = []


class Live(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of the WebSocket /api/live: a snapshot first, and whenever a client was too slow; then changes."""

    snapshot: Snapshot | None = None
    changes: Changes | None = None
