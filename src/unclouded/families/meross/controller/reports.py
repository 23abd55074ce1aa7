"""What one plug reports of itself, and what follows from it.

    System.All ──► Identified, Online; is its clock right? is it bound? ──► System.Ability ──► polls of what it has
    Toggle(X), settings ──► values, and the outcome of a command
    Electricity, ConsumptionX … ──► values

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Callable, Sequence

from unclouded.core.sessions.session import Answer, Event, Noticed, Refusal
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.commands.clock_setting import SET_TIME, ClockSetting
from unclouded.families.meross.controller.commands.command_runner import CommandRunner
from unclouded.families.meross.controller.commands.pending_commands import ONOFF
from unclouded.families.meross.controller.commands.plug_actions import PlugActions
from unclouded.families.meross.controller.commands.position_setting import SET_POSITION, PositionSetting
from unclouded.families.meross.controller.health import Health
from unclouded.families.meross.controller.paths.paths import Paths, PathState
from unclouded.families.meross.controller.paths.reachability import Reachability
from unclouded.families.meross.controller.paths.request_window import RequestWindow, WindowRequest
from unclouded.families.meross.controller.paths.requests import POLLS, POSITION, STATE
from unclouded.families.meross.controller.polling import Polling
from unclouded.families.meross.controller.support import Support
from unclouded.families.meross.controller.values import ValueReader, relay_reported, relay_state
from unclouded.families.meross.wire.envelope import Envelope
from unclouded.families.meross.wire.messages import (
    Abilities,
    All,
    DndMode,
    Electricity,
    Message,
    Position,
    SettingValues,
    TimerSlots,
    Toggle,
    Toggles,
    UpgradeStatus,
)

ASKS_CLOCK_S = 10.0  # in which a plug that has connected to the broker asks for the time, if it has none


class PlugReports:
    """``wall``: Unix seconds at a given now. The others: those of the session."""

    def __init__(
        self,
        wall: Callable[[float], float],
        ids: Ids,
        paths: Paths,
        requests: RequestWindow,
        support: Support,
        values: ValueReader,
        commands: CommandRunner,
        polling: Polling,
        reachability: Reachability,
        token: Callable[[int], bytes],
    ) -> None:
        self._wall = wall
        self._paths = paths
        self._requests = requests
        self._support = support
        self._values = values
        self._commands = commands
        self._polling = polling
        self._reachability = reachability
        self._clock = ClockSetting(ids)
        self._position = PositionSetting(ids)
        self.actions = PlugActions(ids, requests.add, token, lambda: self._position.position)
        self._health = Health()
        self._supported = ""  # what was reported of it
        self._onoff: bool | None = None

    # --- its state -----------------------------------------------------------------------------

    def checked(self, all_: All, unix: float, state: PathState, now: float) -> list[Event]:
        """The right plug has answered System.All. ``unix``: its clock."""
        self._support.alive(all_)
        has_new_firmware = self._values.has_other_firmware(all_)
        events = self._values.identified(all_, self._support.lacks) + self.actions.identified(all_.system, now)
        online = self._reachability.online()
        if online:
            self._connected(state.path.push, now)
        elif has_new_firmware:
            self._polling.list_again()
        if not state.path.recorded:
            events += self._clock.compare(all_.system.time, unix, self._wall(now), now)
        events += online
        self._commands.send_next()
        return [*events, *self._relay(all_.toggles), *self._state_of_health(all_, now), *self.supports()]

    def _connected(self, pushes: bool, now: float) -> None:
        """It is online: find out what it has before it is polled."""
        self._values.new_connection()
        self._polling.connected(now)
        self._health.new_connection()
        # A plug that may push asks for the time by itself after it has started.
        clock_from = now + (ASKS_CLOCK_S if pushes else 0.0)
        self._clock.new_connection(clock_from)
        self._position.new_connection()
        if pushes:
            self._polling.look_again(clock_from)

    def _state_of_health(self, all_: All, now: float) -> list[Event]:
        pushes = any(state.path.push and not state.path.recorded for state in self._paths.good())
        again = self._health.checked(all_, pushes, now)
        if again is not None:
            self._polling.look_again(again)
        return self._health.unbound(now)

    # --- what it has ---------------------------------------------------------------------------

    def listed(self, abilities: Abilities, now: float) -> list[Event]:
        """The plug has listed its abilities: what it is asked, and which actions it has, follows from them."""
        self._polling.listed(abilities, now)
        self.refresh_actions()
        return self.supports()

    def start_polls(self, now: float) -> None:
        """Without an ability list."""
        self._polling.start(now)
        self.refresh_actions()

    def poll(self, name: str, now: float) -> None:
        """The time of a group of polls has come."""
        self._polling.due(name, now)
        if name == STATE:
            self.refresh_actions()

    def refresh_actions(self) -> None:
        """Which actions there are follows from what the plug has, as far as is known now."""
        self.actions.refresh(self._support.has)

    def supports(self) -> list[Event]:
        """What it lacks, and what is supported of it, where that is news."""
        lacks = self._support.lacks
        is_whole = self._support.is_whole
        text = "" if is_whole else problems.supported(self._values.product, self._support.titles)
        if not self._support.is_listed and not self._support.is_polled:
            return []
        news, self._supported = text not in ("", self._supported), text
        return [*self._values.lack(lacks), *([Noticed("unsupported", text)] if news else [])]

    # --- values --------------------------------------------------------------------------------

    def read(self, message: Message, envelope: Envelope, is_recorded: bool, now: float) -> list[Event]:
        """The values that a message carries."""
        match message:
            case Toggles(channels=channels):
                return self._relay(channels)
            case DndMode() | SettingValues():
                return self._commands.read(envelope.header.namespace, message)
            case UpgradeStatus():
                return self.actions.pushed(message)
            case Position() if not is_recorded:
                return self._position.compare(message)
            case TimerSlots() if not is_recorded:
                self.refresh_actions()
                return []
        unix = envelope.header.timestamp
        events = self._values.read(message, unix, unix if is_recorded else self._wall(now))
        if isinstance(message, Electricity):
            return self._health.measured(message, events, self._clock.is_wrong, self._clock.may_be_set, now)
        return events

    def _relay(self, channels: Sequence[Toggle]) -> list[Event]:
        onoff = relay_state(channels)
        if onoff is None:
            return []
        self._health.relay(onoff)
        if self._onoff not in (None, onoff):
            self.refresh_actions()  # a timer that counts once may have switched it
        self._onoff = onoff
        return [relay_reported(onoff), *self._commands.reported({ONOFF: onoff})]

    # --- what the hub sets by itself -----------------------------------------------------------

    def answer(self, id: int, value: Answer | Refusal, now: float) -> list[Event]:
        """The hub's answer about the time or the place."""
        request, events = self._clock.answer(id, value, now)
        if request is not None and self._support.has(request.namespace):
            self._requests.add(request, first=True)
        elif request is not None:
            events += self._clock.failed(problems.NO_TIME, now)
        position, more = self._position.answer(id, value)
        if position is not None:
            self._requests.add(position)
        return [*events, *more, *self.actions.answer(id, value, now)]

    def acknowledged(self, request: WindowRequest) -> None:
        """A SET was acknowledged without a value: get the state."""
        if request.name == SET_TIME:
            self._requests.add(POLLS[STATE])
        if request.name == SET_POSITION:
            self._requests.add(POLLS[POSITION])
        self._commands.acknowledged(request.ticket)

    def clock_failed(self, why: str, now: float) -> list[Event]:
        """Its time could not be set."""
        return self._clock.failed(why, now)
