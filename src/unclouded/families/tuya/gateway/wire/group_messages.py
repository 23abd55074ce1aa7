"""The messages about groups of sub-devices; what carries their data points is in point_messages.py.

    controller (module)                          device (MCU)
    0e, 0f {gid, cids}       GroupMembers        0e, 0f {gid, cids, rets}   GroupResult
    2e {gid, sub_id}         MemberReply         2e {gid, idx}              MemberQuery
                                                 2f {gid, dpid}             GroupChange

Source: docs/protocols/tuya_gateway.md §2.5.
"""

from collections.abc import Mapping
from typing import ClassVar

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import Count, JsonMessage, PointId, Text
from unclouded.families.tuya.gateway.wire.sub_device_messages import parallel_problem

# What ``rets`` of GroupResult mean; any other number is a failure too. docs/protocols/tuya_gateway.md §2.5.1.
GROUP_RESULTS: Mapping[int, str] = {
    0: "done",
    1: "too many groups",
    2: "the sub-device timed out",
    3: "a value is out of range",
    4: "writing failed",
    5: "another error",
}


class GroupMembers(JsonMessage, frozen=True):
    """Add these sub-devices to a group (0e), or remove them from it (0f)."""

    command: int
    gid: Text
    cids: tuple[Text, ...]


class GroupResult(JsonMessage, frozen=True):
    """What became of each: GROUP_RESULTS."""

    command: int
    gid: Text
    cids: tuple[Text, ...]
    rets: tuple[int, ...]

    def problem(self) -> str:
        return parallel_problem(self.cids, self.rets)


class MemberQuery(JsonMessage, frozen=True):
    """Which member of the group has this number, from 0?"""

    command: ClassVar[int] = codes.GROUP_MEMBER
    gid: Text
    idx: Count


class MemberReply(JsonMessage, frozen=True):
    """It is this one; "" = the group has no more."""

    command: ClassVar[int] = codes.GROUP_MEMBER
    gid: Text
    sub_id: str


class GroupChange(JsonMessage, frozen=True):
    """A data point was changed at the members of a group; the module is to query it."""

    command: ClassVar[int] = codes.GROUP_CHANGED
    gid: Text
    dpid: PointId


def group_result_text(result: int) -> str:
    """The result of adding to a group or removing from it, in words."""
    return GROUP_RESULTS.get(result, f"error {result}")
