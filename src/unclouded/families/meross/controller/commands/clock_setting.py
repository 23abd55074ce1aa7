"""Sets the clock of a plug, its time zone and the rules of its daylight saving, where they are wrong.

    System.All ──► off by more than OFF_S, no zone, or not compared for a day ──► the hub is asked for the time
    the hub's answer ──► what is wrong? ──► SET System.Time {timestamp, timezone, timeRule} ──► System.All again

A rule is [Unix time from which it holds, offset from UTC in seconds, 1 = daylight saving]; 20 of them, ascending,
the first already in force. A zone that the plug has is the choice of its owner and stays. Without a clock or a zone a
plug's days end at a wrong time, and some firmware measures nothing. Source: docs/protocols/meross.md §1.8.5.
"""

from unclouded.core.sessions.session import Answer, AskClock, Asked, Event, LocalTime, Noticed, Refusal
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.energy.consumption import SYNCED
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET
from unclouded.families.meross.wire.messages import Time, payload_of
from unclouded.families.meross.wire.time_rules import local_offset, rules_of

OFF_S = 30.0  # from which a clock is set: those of old plugs are some seconds late
COMPARE_EVERY_S = 86_400.0  # its rules are compared with those of the hub's zone
RETRY_S = 3600.0  # after a plug did not let its clock be set
TRIES = 2
YEAR_S = 365 * 86_400
SET_TIME = "set time"


class ClockSetting:
    """The clock of one plug. ``ids``: number the questions to the hub."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._question = 0
        self._time = Time()
        self._off_s = 0.0
        self._wrong = ""  # what was wrong when it was set last; "" = nothing
        self._tries = 0
        self._is_compared = False  # in this connection
        self._has_failed = False  # it did not let itself be set when that was tried last
        self._compare_at = 0.0  # a clock that is right is compared again
        self._pause_until = 0.0  # it did not let itself be set
        self._reported = ""

    def new_connection(self, compare_at: float) -> None:
        """``compare_at``: not compared before."""
        self._question, self._tries = 0, 0
        self._is_compared = self._has_failed = False
        self._compare_at = self._pause_until = compare_at

    def compare(self, time: Time, unix: float, wall: float, now: float) -> list[Event]:
        """The plug has reported its time. ``unix``: its clock now, ``wall``: that of the hub."""
        self._time, self._off_s = time, unix - wall
        is_due = self.is_wrong or bool(self._wrong) or now >= self._compare_at
        if self._question or not is_due or now < self._pause_until:
            return []
        self._question = self._ids.next()
        return [Asked(self._question, AskClock())]

    def answer(self, id: int, value: Answer | Refusal, now: float) -> tuple[WindowRequest | None, list[Event]]:
        """The hub's answer: the request that sets the time, where it is wrong."""
        if not id or id != self._question:
            return None, []
        self._question, self._is_compared = 0, True
        if not isinstance(value, LocalTime) or not value.trusted:
            return None, []
        wrong = self._what_is_wrong(value)
        if not wrong:
            self._compare_at = now + COMPARE_EVERY_S
            return None, self._is_right()
        self._wrong = wrong
        if self._tries == TRIES:
            return None, self.failed("it acknowledges the time, but does not keep it", now)
        self._tries += 1
        return WindowRequest(SET_TIME, SET, namespaces.TIME, payload_of(time=self._right_time(value))), []

    def failed(self, why: str, now: float) -> list[Event]:
        """The plug does not let its clock be set."""
        self._tries, self._pause_until, self._has_failed = 0, now + RETRY_S, True
        return self._notice(problems.clock_not_set(self._wrong, why))

    @property
    def is_wrong(self) -> bool:
        """Whether its clock or its zone are not set, as far as is known."""
        return abs(self._off_s) > OFF_S or not self._time.timezone

    @property
    def may_be_set(self) -> bool:
        """Whether it is still to be seen if the clock lets itself be set."""
        return not self._has_failed and (not self._is_compared or bool(self._question) or bool(self._wrong))

    # --- inside --------------------------------------------------------------------------------

    def _is_right(self) -> list[Event]:
        wrong, self._wrong, self._tries, self._has_failed = self._wrong, "", 0, False
        if not wrong:
            self._reported = ""
            return []
        return self._notice(problems.clock_set(wrong, self._time.timezone))

    def _notice(self, text: str) -> list[Event]:
        if text == self._reported:
            return []
        self._reported = text
        return [Noticed("clock", text)]

    def _what_is_wrong(self, local: LocalTime) -> str:
        """As text for people; "" where nothing is."""
        if local.unix + self._off_s < SYNCED:
            return "The clock of the plug was not set: it counts from its start."
        if abs(self._off_s) > OFF_S:
            return "The clock of the plug was wrong."  # without a number, which differs each time
        if not local.zone:
            return ""
        if not self._time.timezone:
            return "The plug had no time zone: its days end at midnight UTC."
        if self._time.timezone == local.zone and not self._rules_agree(local):
            return f"The daylight saving rules of the plug for {local.zone} were out of date."
        return ""

    def _rules_agree(self, local: LocalTime) -> bool:
        """Whether they give the hub's local time now and in the coming year."""
        coming = [at for at, _ in local.changes if local.unix < at < local.unix + YEAR_S]
        return all(local_offset(self._time.time_rule, at) == _offset(local, at) for at in (local.unix, *coming))

    def _right_time(self, local: LocalTime) -> dict[str, object]:
        zone, rules = self._time.timezone, [list(rule) for rule in self._time.time_rule]
        if local.zone and zone in ("", local.zone):
            zone, rules = local.zone, rules_of(local)
        return {"timestamp": int(local.unix), "timezone": zone, "timeRule": rules}


def _offset(local: LocalTime, unix: float) -> int:
    """The hub's offset at a time that its changes cover."""
    offset = local.offset_s
    for at, after in local.changes:
        if at <= unix:
            offset = after
    return offset
