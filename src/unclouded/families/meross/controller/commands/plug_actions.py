"""The actions of a plug: update its firmware, change the schedule that it keeps.

They share a plug with the switching of its relay and its settings; what belongs to them is recognised by the names of
their requests.
"""

from collections.abc import Callable
from typing import Literal

from unclouded.core.errors import CommandError
from unclouded.core.model import ActionSpec
from unclouded.core.schedule import SCHEDULE, SCHEDULE_ACTIONS, rule_of
from unclouded.core.sessions.session import Answer, Event, Refusal, Ticket, WireAction
from unclouded.core.sessions.session_parts import Ids, earliest, refuse_action
from unclouded.families.meross.controller.commands import plug_schedule
from unclouded.families.meross.controller.commands.firmware_update import RUNNING, SET_UPGRADE, UPDATE, FirmwareUpdate
from unclouded.families.meross.controller.commands.plug_schedule import PlugSchedule
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Position, System, UpgradeStatus
from unclouded.families.meross.wire.sun import sun_minutes
from unclouded.families.meross.wire.time_rules import local_offset

ACTIONS: tuple[ActionSpec, ...] = (UPDATE, *SCHEDULE_ACTIONS)
NAMES = plug_schedule.NAMES | {SET_UPGRADE}


def check_known(command: WireAction) -> None:
    """Raises CommandError for an action that no plug has, and for a new rule that cannot be read."""
    if command.part or command.name not in {action.name for action in ACTIONS}:
        raise refuse_action(command)
    if command.name == SCHEDULE.name and not command.args.get("rule"):
        rule_of(command.args, "")


class PlugActions:
    """``send``: queues a request. ``token``: random bytes. ``position``: of the plug."""

    def __init__(
        self,
        ids: Ids,
        send: Callable[[WindowRequest], None],
        token: Callable[[int], bytes],
        position: Callable[[], Position],
    ) -> None:
        self._update = FirmwareUpdate(ids, send)
        self._schedule = PlugSchedule(ids, send, token, self._sun_minute)
        self._position = position
        self._system: System | None = None
        self._has: Callable[[str], bool] = lambda namespace: False

    def check_free(self) -> None:
        """Raises CommandError while the firmware is updated."""
        if self._update.is_running:
            raise CommandError(RUNNING)

    def submit(self, command: WireAction, now: float, unix: int) -> tuple[Ticket, list[Event]]:
        """Raises CommandError."""
        self.check_free()
        if self._system is None:
            raise CommandError("The plug has not been online yet, so it is not known what it is.")
        if command.name != UPDATE.name:
            return self._schedule.submit(command, now, unix), []
        if not self._has(namespaces.UPGRADE):
            raise CommandError("This plug takes no firmware from a hub: it does not list Control.Upgrade.")
        return self._update.submit(command, self._system, now)

    def refresh(self, has: Callable[[str], bool]) -> None:
        """Read the schedule, if it may have changed. ``has``: whether the plug has a namespace."""
        self._has = has
        if not self._update.is_running:
            self._schedule.refresh(has)

    # --- what comes ----------------------------------------------------------------------------

    def identified(self, system: System, now: float) -> list[Event]:
        """The plug has reported its state."""
        self._system = system
        return self._update.identified(system, now)

    def pushed(self, message: UpgradeStatus) -> list[Event]:
        """The plug reports how far its update is."""
        return self._update.pushed(message.status)

    def answered(self, request: WindowRequest, payload: bytes, now: float) -> list[Event]:
        """The answer to a request that an action has sent (one of NAMES)."""
        if request.name == SET_UPGRADE:
            self._update.acknowledged(now)
            return []
        return self._schedule.answered(request, payload, now)

    def failed(self, request: WindowRequest, why: str) -> list[Event]:
        """One of NAMES was refused or not answered."""
        return (
            self._update.failed("refused", why) if request.name == SET_UPGRADE else self._schedule.failed(request, why)
        )

    def answer(self, id: int, value: Answer | Refusal, now: float) -> list[Event]:
        """The hub's answer to a question, which may be none of theirs."""
        return self._update.answer(id, value, now)

    def lost(self, reason: str) -> list[Event]:
        """No path to the plug is left."""
        return [*self._update.failed("unreachable", reason), *self._schedule.all_unreachable(reason)]

    def tick(self, now: float) -> list[Event]:
        """Do what is due at ``now``."""
        return [*self._update.tick(now), *self._schedule.tick(now)]

    def deadline(self) -> float | None:
        """When an update or a change of the schedule needs ``tick``, in monotonic seconds; None = none is under way."""
        return earliest(self._update.deadline(), self._schedule.deadline())

    def _sun_minute(self, which: Literal["sunrise", "sunset"]) -> int | None:
        """Today's, in minutes of the plug's day; None where it has no place, or the sun does not rise."""
        place = self._position()
        if self._system is None or (place.latitude, place.longitude) == (0, 0):
            return None
        time = self._system.time
        minutes = sun_minutes(
            time.timestamp, local_offset(time.time_rule, time.timestamp), place.latitude, place.longitude
        )
        return None if minutes is None else minutes[which == "sunset"]
