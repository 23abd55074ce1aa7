"""How the sub-devices of a simulated gateway join.

    06, or 1a of its own ─► window ─► 08 one, 12 several of one product ─► receipt 00 ─► 13 ─► joined
                              │            └─ no receipt: again              └─ never: again
                              └─ receipt 01: not again in this window

Source: docs/protocols/tuya_gateway.md §2.2.
"""

from collections.abc import Sequence

from unclouded.core.sessions.session import Event
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.gateway.mcu.sub_devices import McuSubDevice, McuSubDevices
from unclouded.families.tuya.gateway.wire.message_parts import GatewayResult
from unclouded.families.tuya.gateway.wire.sub_device_messages import BATCH, AddResult, AddSubDevice, AddSubDevices

WINDOW_S = 180.0  # that its radio listens after 06, unless 07 ends it; ours
RESULT_S = 20.0  # for the result of one that was accepted, before it asks again; ours

Add = AddSubDevice | AddSubDevices


class McuJoins:
    """The window, and what became of those that want to join."""

    def __init__(self, devices: McuSubDevices) -> None:
        self._devices = devices
        self._until: float | None = None
        self._asked: tuple[str, ...] = ()  # in the request that is under way
        self._accepted: dict[str, float] = {}  # until when the result is waited for
        self._refused: set[str] = set()

    @property
    def is_open(self) -> bool:
        return self._until is not None

    def open(self, now: float) -> None:
        """06: sub-devices may join for WINDOW_S; those that were refused before may ask again."""
        self._until = now + WINDOW_S
        self._refused.clear()

    def close(self) -> None:
        """No more of them; a request that is under way goes on."""
        self._until = None

    def removed(self, id: str) -> None:
        """It was removed, so it does not join again in this window."""
        self._refused.add(id)

    def reset(self) -> None:
        """There is no module any more."""
        self.close()
        self._asked = ()
        self._accepted.clear()

    def next(self) -> Add | None:
        """The request that is to be sent now."""
        if not self.is_open or self._asked:
            return None
        waiting = [one for one in self._devices.waiting() if self._is_to_ask(one.spec.id)]
        if not waiting:
            return None
        first = waiting[0].spec
        alike = [one for one in waiting if one.spec.product == first.product and one.version == waiting[0].version]
        batch = [one.spec.id for one in alike[:BATCH]]
        self._asked = tuple(batch)
        return _request(alike[:BATCH])

    def answered(self, result: GatewayResult, now: float) -> None:
        """The receipt of the request that was under way."""
        for id in self._asked:
            if result.ok:
                self._accepted[id] = now + RESULT_S
            else:
                self._refused.add(id)
        self._asked = ()

    def unanswered(self) -> None:
        """There was no receipt."""
        self._asked = ()

    def results(self, message: AddResult) -> tuple[list[str], list[Event]]:
        """13: who has joined now."""
        joined: list[str] = []
        events: list[Event] = []
        for id, ret in zip(message.cids, message.rets, strict=True):
            self._accepted.pop(id, None)
            if ret:
                self._refused.add(id)
            elif self._devices.get(id) is not None:
                joined.append(id)
                events += self._devices.put(id, True)
        return joined, events

    def tick(self, now: float) -> None:
        """Closes the window when its time is up; accepted ones without a result may ask again."""
        if self._until is not None and self._until <= now:
            self.close()
        self._accepted = {id: until for id, until in self._accepted.items() if until > now}

    def deadline(self) -> float | None:
        """When the window closes or a result is overdue, in monotonic seconds; None = neither is to come."""
        return earliest(self._until, *self._accepted.values())

    # --- inside ----------------------------------------------------------------------------------

    def _is_to_ask(self, id: str) -> bool:
        return id not in self._accepted and id not in self._refused


def _request(devices: Sequence[McuSubDevice]) -> Add:
    spec, version = devices[0].spec, devices[0].version
    ota = int(spec.updatable)
    if len(devices) == 1:
        return AddSubDevice(sub_id=spec.id, pid=spec.product, ver=version, channel=spec.channel, ota=ota)
    ids = tuple(one.spec.id for one in devices)
    return AddSubDevices(pid=spec.product, cids=ids, ver=version, channel=spec.channel, ota=ota)
