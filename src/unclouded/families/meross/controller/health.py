"""Plugs that answer and are of little use: not connected to a server, or measuring nothing although the relay is on.

    System.All says that it is not online, no path on which it may push, for SETTLE_S ──► "unbound"
    relay on, and no voltage ───────────────────────────────────────────────────────────► "no_measurement"
    relay on, power and current 0, and unbound, or without a clock or a zone ───────────► "no_measurement"

Power and current of 0 are usual without a load; they are doubted only with one of these reasons for it. Source:
docs/protocols/meross.md §1.8.5, §1.8.6, §1.8.10.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from unclouded.core.sessions.session import Event, Noticed, Reported
from unclouded.families.meross.controller import problems
from unclouded.families.meross.wire.messages import All, Electricity

SETTLE_S = 30.0  # that a plug may need to reach its server after it has started
OFFLINE = (0, 2)  # the status of a plug without its server; docs/protocols/meross.md §1.8.6
UNBOUND, NO_MEASUREMENT = "unbound", "no_measurement"  # kinds of notices


class Health:
    """What one plug reports of itself that is a reason for a notice."""

    def __init__(self) -> None:
        self._server = ""
        self._unbound_since: float | None = None
        self._relay: bool | None = None
        self._reported: dict[str, str] = {}

    def new_connection(self) -> None:
        """Forget how long the plug was without a server."""
        self._unbound_since = None

    def relay(self, onoff: bool) -> None:
        """The relay is on or off."""
        self._relay = onoff

    def checked(self, all_: All, pushes: bool, now: float) -> float | None:
        """It has answered System.All. ``pushes``: it is connected to the hub. When to look again; None = any time."""
        firmware = all_.system.firmware
        self._server = f"{firmware.server}:{firmware.port}" if firmware.server else ""
        if pushes or all_.system.online.status not in OFFLINE:
            self._unbound_since = None
            return None
        if self._unbound_since is None:
            self._unbound_since = now
        return self._unbound_since + SETTLE_S if now < self._unbound_since + SETTLE_S else None

    def unbound(self, now: float) -> list[Event]:
        """The notice of a plug without a server."""
        text = problems.unbound(self._server) if self._is_unbound(now) else ""
        return self._notice(UNBOUND, text)

    def measured(
        self, values: Electricity, events: Sequence[Event], clock_is_wrong: bool, clock_may_be_set: bool, now: float
    ) -> list[Event]:
        """The report of what it measures, marked where it cannot be believed, and the notice."""
        why = self._why_nothing(values, clock_is_wrong)
        may_connect = why == problems.not_connected(self._server) and not self._is_unbound(now)
        if why and (may_connect or (why == problems.CLOCK_UNSET and clock_may_be_set)):
            notice: list[Event] = []  # it may still become right by itself
        else:
            notice = self._notice(NO_MEASUREMENT, problems.no_measurement(why) if why else "")
        return [*(_marked(event, why) if why else event for event in events), *notice]

    # --- inside --------------------------------------------------------------------------------

    def _is_unbound(self, now: float) -> bool:
        return self._unbound_since is not None and now >= self._unbound_since + SETTLE_S

    def _why_nothing(self, values: Electricity, clock_is_wrong: bool) -> str:
        if not self._relay or values.power or values.current:
            return ""
        if not values.voltage:
            return problems.NO_VOLTAGE
        if self._unbound_since is not None:
            return problems.not_connected(self._server)
        return problems.CLOCK_UNSET if clock_is_wrong else ""

    def _notice(self, kind: str, text: str) -> list[Event]:
        """Once for each cause, again after it was gone."""
        if text == self._reported.get(kind, ""):
            return []
        self._reported[kind] = text
        return [Noticed(kind, text)] if text else []


def _marked(event: Event, why: str) -> Event:
    if not isinstance(event, Reported):
        return event
    odd: Mapping[str, str] = {key: why for key in event.values if key.startswith("electricity.")}
    return replace(event, odd=odd) if odd else event
