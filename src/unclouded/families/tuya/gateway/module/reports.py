"""What sub-devices report: values now (0d), and records of an earlier time (2c).

    0d sub_id, units ─► a sign of life ─► Reported(part) ─► commands that it confirms
    2c time, sub_id, units ─► Reported(part, at) ─► stored? ─► 2c 00       the same again: 2c 00, reported once

A sub-device that never joined is named once, and nothing of it is reported.
Source: docs/protocols/tuya_gateway.md §2.4.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from unclouded.core.sessions.session import (
    Answer,
    AskStored,
    AskTime,
    Event,
    LocalTime,
    Noticed,
    Refusal,
    Remember,
    Reported,
    WireValue,
)
from unclouded.families.tuya.gateway.module.point_commands import PointCommands
from unclouded.families.tuya.gateway.module.presence import SubDevicePresence
from unclouded.families.tuya.gateway.module.records import RecordMemory
from unclouded.families.tuya.gateway.module.state_queries import StateQueries
from unclouded.families.tuya.gateway.module.sub_devices import SubDeviceRegistry
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID, result_of
from unclouded.families.tuya.gateway.wire.point_messages import LOCAL, NO_TIME, RecordTime, SubDevicePoints, TimedPoints
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint, point_values
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.local_time import moment_of
from unclouded.families.tuya.messages import frame_of

OWN_TYPES = "points"  # in the memory: the types of the gateway's own data points
MOST_UNKNOWN = 64  # unknown sub-devices that are named


class SubDeviceReports:
    """Reads the reports of the gateway and of its sub-devices."""

    def __init__(
        self,
        parts: EndpointParts,
        registry: SubDeviceRegistry,
        presence: SubDevicePresence,
        commands: PointCommands,
        queries: StateQueries,
        memory: Mapping[str, bytes],
    ) -> None:
        self._parts = parts
        self._counts = parts.counts
        self._queue = parts.queue
        self._questions = parts.questions
        self._registry = registry
        self._presence = presence
        self._commands = commands
        self._records = RecordMemory(memory)
        self._own_types = _restored_types(memory.get(OWN_TYPES, b""))
        self._unknown: set[str] = set()
        self._queries = queries

    def types(self, part: str) -> Mapping[str, int]:
        """The wire types of the points that a part has reported."""
        device = self._registry.get(part)
        return self._own_types if not part else device.types if device is not None else {}

    def known(self) -> Mapping[str, Collection[str]]:
        """By part that may report, the points that it has."""
        there = {one.id: one.types.keys() for one in self._registry if self._presence.may_report(one.id)}
        return {"": self._own_types.keys(), **there}

    # --- reports -----------------------------------------------------------------------------------

    def report(self, message: SubDevicePoints, now: float) -> list[Event]:
        """0d: a report without a time. It is a sign of life, ends queries, and may confirm commands."""
        part = self._part_of(message.sub_id)
        if part is None:
            return self._unknown_sub_device(message.sub_id)
        events = self._presence.seen(part, now) if part else []
        values: dict[str, WireValue] = {}
        for one in point_values(message.points) if message.points else ():
            events.append(Reported(one.values, part, odd=one.odd, types=one.types))
            values |= one.values
        self._queries.reported(part, values.keys())
        return [*events, *self._learn(part, message.points), *self._commands.reported(values, part)]

    # --- records -----------------------------------------------------------------------------------

    def record(self, message: TimedPoints, payload: bytes, now: float) -> list[Event]:
        """2c: it is acknowledged once it is stored. The MCU waits for that, and sends it again without."""
        part = self._part_of(message.sub_id)
        if part is None:
            self._acknowledge(False)
            return self._unknown_sub_device(message.sub_id)
        events = self._presence.seen(part, now) if part else []
        if message.time.kind == NO_TIME:
            self._counts["records_without_time"] += 1
            self._acknowledge(False)
            return events
        promise = self._queue.promise()

        def stored(value: Answer | Refusal, now: float) -> Sequence[Event]:
            self._queue.fulfil(promise, _result(not isinstance(value, Refusal)))
            return ()

        def timed(value: Answer | Refusal, now: float) -> Sequence[Event]:
            at = _unix(message.time, value if isinstance(value, LocalTime) else None)
            if at is None:
                self._queue.fulfil(promise, _result(False))  # the hub has no clock yet: later
                return ()
            reported = self._once(part, message.points, at, payload)
            return [*reported, *self._questions.ask(AskStored(), stored, now)]

        if message.time.kind == LOCAL:
            return [*events, *self._questions.ask(AskTime(), timed, now)]
        return [*events, *timed(True, now)]

    # --- inside ----------------------------------------------------------------------------------

    def _part_of(self, sub_id: str) -> str | None:
        """The part that an id means; None = there is none."""
        if sub_id == GATEWAY_ID:
            return ""
        return sub_id if sub_id in self._registry else None

    def _once(self, part: str, points: Sequence[DataPoint], at: float, payload: bytes) -> list[Event]:
        """Report a record, unless it was reported before."""
        if self._records.is_known(part, payload):
            self._counts["repeated_records"] += 1
            return []
        events: list[Event] = [
            Reported(one.values, part, at=at, odd=one.odd, types=one.types)
            for one in (point_values(points) if points else ())
        ]
        return [*events, *self._learn(part, points), *self._records.put(part, payload)]

    def _learn(self, part: str, points: Sequence[DataPoint]) -> list[Event]:
        """Keep which points a part has, and their types."""
        known, new = self.types(part), {KEYS[point.id]: point.type for point in points}
        if all(known.get(key) == type for key, type in new.items()):
            return []
        device = self._registry.get(part)
        if device is not None:
            return self._registry.put(msgspec.structs.replace(device, types={**known, **new}))
        self._own_types = {**known, **new}
        return [Remember(OWN_TYPES, msgspec.json.encode(self._own_types))]

    def _unknown_sub_device(self, id: str) -> list[Event]:
        """A sub-device that never joined, or was removed: counted each time, named once."""
        self._counts["unknown_sub_devices"] += 1
        if id in self._unknown or len(self._unknown) >= MOST_UNKNOWN:
            return []
        self._unknown.add(id)
        advice = "permit joining and let it join, or do the action adopt with its sub_id"
        return [Noticed("unknown", f"The gateway reports for {id[:80]!r}, which has not joined here: {advice}.")]

    def _acknowledge(self, ok: bool) -> None:
        self._queue.answer(_result(ok))


def _result(ok: bool) -> bytes:
    return bytes(frame_of(result_of(codes.RECORD, ok)))


def _unix(time: RecordTime, known: LocalTime | None) -> float | None:
    """When a record was made; None = that is not known yet."""
    if time.kind != LOCAL:
        return float(time.seconds)
    return float(moment_of(time.seconds, known)) if known is not None and known.trusted else None


def _restored_types(value: bytes) -> dict[str, int]:
    try:
        return msgspec.json.decode(value, type=dict[str, int]) if value else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
