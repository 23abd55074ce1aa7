"""Local groups: several sub-devices that the gateway switches at once.

    group add ─► 0e {gid, cids} ─► 0e {gid, cids, rets}: who is in it now          remove ─► 0f
    group_set ─► 14 gid, units, or 22 by way of one ─► 0d of each member: confirmed
    MCU 2e ─► the n-th member      MCU 2f ─► 00, and 29 to each member: what is it now?

Groups are remembered over restarts. Source: docs/protocols/tuya_gateway.md §2.5.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.sessions.session import Event, Identified, Noticed, Remember, Ticket, WireValue
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.module.state_queries import StateQueries
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import (
    GroupChange,
    GroupMembers,
    GroupResult,
    MemberQuery,
    MemberReply,
    group_result_text,
)
from unclouded.families.tuya.gateway.wire.message_parts import result_of
from unclouded.families.tuya.gateway.wire.point_messages import GroupPoints, MemberPoints
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.pending_commands import wanted_of

PREFIX = "group:"
DONE = 0  # in ``rets``; docs/protocols/tuya_gateway.md §2.5.1
MOST = 64  # groups; ours


class _GroupCommand:
    """``missing``: by member, what it has not reported yet. ``at``: when it is sent again."""

    def __init__(self, message: GroupPoints | MemberPoints, members: Sequence[str], at: float, until: float) -> None:
        self.message = message
        self.missing = {id: dict(wanted_of(message.points)) for id in members}
        self.at = at
        self.until = until


class GatewayGroups:
    """The groups, and the commands to them that are open. ``memory``: of an earlier run."""

    def __init__(
        self,
        settings: GatewaySettings,
        parts: EndpointParts,
        requests: ActionRequests,
        queries: StateQueries,
        memory: Mapping[str, bytes],
    ) -> None:
        self._settings = settings
        self._queue = parts.queue
        self._requests = requests
        self._queries = queries
        self._groups = {
            key.removeprefix(PREFIX): members
            for key, value in memory.items()
            if key.startswith(PREFIX) and (members := _restored(value))
        }
        self._open: dict[Ticket, _GroupCommand] = {}

    def begin(self) -> list[Event]:
        """The MCU is there: which groups there are."""
        return [Identified({"groups": self.text()})] if self._groups else []

    def members(self, gid: str) -> Sequence[str]:
        """Empty where there is no such group."""
        return self._groups.get(gid, ())

    def text(self) -> str:
        """All groups and their members, for people."""
        return "; ".join(f"{gid}: {', '.join(members)}" for gid, members in self._groups.items())

    # --- members -----------------------------------------------------------------------------------

    def change(self, command: int, gid: str, ids: Sequence[str], ticket: Ticket) -> list[Event]:
        """Ask the gateway to add these (GROUP_ADD) to a group, or to remove them (GROUP_REMOVE)."""

        def then(message: Message, now: float) -> list[Event]:
            if not isinstance(message, GroupResult) or message.gid != gid:
                return self._requests.refuse(ticket, "The gateway's answer cannot be read.")
            return self._changed(message, ids, ticket)

        return self._requests.send(GroupMembers(command, gid, tuple(ids)), f"group {gid}", ticket, then)

    def room_problem(self, gid: str) -> str:
        """Why there can be no such group beside the others; "" = there can."""
        return f"there are {MOST} groups already" if gid not in self._groups and len(self._groups) >= MOST else ""

    def left(self, id: str) -> list[Event]:
        """This sub-device is gone."""
        events: list[Event] = []
        for ticket, command in list(self._open.items()):
            command.missing.pop(id, None)
            events += self._settled(ticket, command)
        touched = [gid for gid, members in self._groups.items() if id in members]
        for gid in touched:
            events += self._put(gid, [one for one in self._groups[gid] if one != id])
        return events

    # --- commands ----------------------------------------------------------------------------------

    def set(self, gid: str, points: tuple[DataPoint, ...], through: str, ticket: Ticket, now: float) -> list[Event]:
        """Set data points of all members. ``through``: by way of this member, "" = of all at once."""
        message = MemberPoints(gid, through, points) if through else GroupPoints(gid, points)
        again = now + self._settings.command_repeat_s
        until = now + self._settings.command_timeout_s
        self._open[ticket] = _GroupCommand(message, self.members(gid), again, until)
        return self._requests.send(message, f"group set {ticket}")

    def reported(self, part: str, values: Mapping[str, WireValue]) -> list[Event]:
        """What a sub-device reports: it may confirm commands to its groups."""
        events: list[Event] = []
        for ticket, command in list(self._open.items()):
            missing = command.missing.get(part)
            if missing is not None:
                command.missing[part] = {key: value for key, value in missing.items() if values.get(key) != value}
                events += self._settled(ticket, command)
        return events

    def forget(self) -> None:
        """There is no MCU any more."""
        self._open.clear()

    # --- what the MCU asks -------------------------------------------------------------------------

    def received(self, message: MemberQuery | GroupChange, now: float) -> list[Event]:
        """Answers who is in a group; where the MCU has set a group, its members are asked for the point."""
        match message:
            case MemberQuery(gid=gid, idx=number):
                members = self.members(gid)
                self._answer(MemberReply(gid, members[number] if number < len(members) else ""))
            case GroupChange(gid=gid, dpid=point):
                self._answer(result_of(codes.GROUP_CHANGED, gid in self._groups))
                for id in self.members(gid):
                    self._queries.ask(id, (str(point),), now)
        return []

    # --- time --------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Event]:
        """Sends again what not all members have reported; refuses what is out of time, naming the silent members."""
        events: list[Event] = []
        for ticket, command in list(self._open.items()):
            if command.until <= now:
                del self._open[ticket]
                silent = ", ".join(id for id, missing in command.missing.items() if missing)
                events += self._requests.refuse(ticket, f"Not all have reported it; missing: {silent}.")
            elif command.at <= now:
                command.at = now + self._settings.command_repeat_s
                events += self._requests.send(command.message, f"group set {ticket}")
        return events

    def deadline(self) -> float | None:
        """When a command is sent again or its time is up, in monotonic seconds; None = none is open."""
        return earliest(*(min(command.at, command.until) for command in self._open.values()))

    # --- inside ----------------------------------------------------------------------------------

    def _settled(self, ticket: Ticket, command: _GroupCommand) -> list[Event]:
        """A command that all members have reported is confirmed; with no member left there is nothing to report."""
        if any(command.missing.values()):
            return []
        del self._open[ticket]
        if not command.missing:
            return self._requests.refuse(ticket, "No member of the group is left.")
        return self._requests.settle(ticket)

    def _changed(self, result: GroupResult, ids: Sequence[str], ticket: Ticket) -> list[Event]:
        """What became of each that was asked for."""
        adds = result.command == codes.GROUP_ADD
        rets = {id: ret for id, ret in zip(result.cids, result.rets, strict=True) if id in ids}
        done = [id for id, ret in rets.items() if ret == DONE]
        others = [id for id in self.members(result.gid) if id not in done]
        verb = "added to" if adds else "removed from"
        texts = [f"{id} was {verb} group {result.gid}" for id in done]
        failed = [f"{id}: {group_result_text(ret)}" for id, ret in rets.items() if ret != DONE]
        failed += [f"{id}: the gateway did not name it" for id in ids if id not in rets]
        events = self._put(result.gid, [*others, *(done if adds else ())])
        events += [Noticed("group", f"{text}.") for text in texts]
        return [*events, *(self._requests.refuse(ticket, f"{'; '.join(failed)}.") if failed else ())]

    def _put(self, gid: str, members: Sequence[str]) -> list[Event]:
        if members:
            self._groups[gid] = list(members)
        else:
            self._groups.pop(gid, None)
        value = msgspec.json.encode(list(members)) if members else b""
        return [Remember(PREFIX + gid, value), Identified({"groups": self.text()})]

    def _answer(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))


def _restored(value: bytes) -> list[str]:
    try:
        return msgspec.json.decode(value, type=list[str]) if value else []
    except msgspec.DecodeError:
        return []
