"""The local groups of a simulated gateway; they outlive a restart. Source: docs/protocols/tuya_gateway.md §2.5."""

from collections.abc import Collection, Mapping

import msgspec

from unclouded.core.sessions.session import Event, Remember
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import GroupMembers, GroupResult

GROUPS = "groups"  # in the memory: members by group, as JSON
MOST_OF_ONE = 8  # groups that a sub-device can be in; ours
DONE, TOO_MANY, OTHER_ERROR = 0, 1, 5  # docs/protocols/tuya_gateway.md §2.5.1


class McuGroups:
    """``memory``: of an earlier run."""

    def __init__(self, memory: Mapping[str, bytes]) -> None:
        self._groups = _restored(memory.get(GROUPS, b""))

    @property
    def first(self) -> str:
        """The id of a group; one that there is not, where there is none."""
        return next(iter(self._groups), "1")

    def members(self, gid: str) -> list[str]:
        """The ids in a group, in the order in which they were added; [] where there is no such group."""
        return list(self._groups.get(gid, ()))

    def change(self, message: GroupMembers, known: Collection[str]) -> tuple[GroupResult, list[Event]]:
        """0e or 0f: what became of each. ``known``: sub-devices that have joined."""
        rets = tuple(self._change(message.command, message.gid, id, id in known) for id in message.cids)
        return GroupResult(message.command, message.gid, message.cids, rets), self._kept()

    def drop(self, id: str) -> list[Event]:
        """This sub-device is gone."""
        for members in self._groups.values():
            if id in members:
                members.remove(id)
        return self._kept()

    # --- inside ----------------------------------------------------------------------------------

    def _change(self, command: int, gid: str, id: str, is_known: bool) -> int:
        members = self._groups.get(gid, [])
        if not is_known:
            return OTHER_ERROR
        if command == codes.GROUP_REMOVE:
            if id in members:
                members.remove(id)
            return DONE
        if id in members:
            return DONE
        if sum(id in others for others in self._groups.values()) >= MOST_OF_ONE:
            return TOO_MANY
        self._groups.setdefault(gid, members).append(id)
        return DONE

    def _kept(self) -> list[Event]:
        self._groups = {gid: members for gid, members in self._groups.items() if members}
        return [Remember(GROUPS, msgspec.json.encode(self._groups))]


def _restored(value: bytes) -> dict[str, list[str]]:
    try:
        return msgspec.json.decode(value, type=dict[str, list[str]]) if value else {}
    except msgspec.DecodeError:
        return {}
