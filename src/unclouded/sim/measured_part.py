"""One part of a simulated device: what it measures in the simulated world, and what it can be commanded to do. Pure.

world ─► subject ─► gauge ─► WireCommand(values, part)        AskCommand(key, value) ─► subject, or a setting
"""

from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.model import Value
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import Refusal, WireCommand, WireValue
from unclouded.sim.measure import Decoder, Encoder, Gauge, Settings, Spans
from unclouded.sim.product.subject import ProductSubject
from unclouded.sim.subjects import LockSubject, Subject
from unclouded.sim.world import World


class MeasuredPart:
    """``part``: the sub-device's id, "" = the device itself. ``settings``: initial ones, by point key or wire key.

    ``spans``: see ``Gauge``.
    """

    def __init__(
        self,
        part: str,
        profile: Profile,
        world: World,
        subject: Subject,
        settings: Mapping[str, Value],
        encoders: Mapping[str, Encoder],
        decoders: Mapping[str, Decoder],
        spans: Spans | None = None,
    ) -> None:
        self.part = part
        self.subject = subject
        self._rows = {row.wire: row for row in profile.points}
        self._gauge = Gauge(profile, encoders, spans)
        self._world = world
        owned = subject.relays if isinstance(subject, ProductSubject) else {"on", *subject.quantities()}
        self._settings = Settings(profile, settings, decoders, owned)
        self._opened = 0

    def has_record(self) -> bool:
        """Whether something has happened since the last call that is a record, not only a value."""
        opened = self.subject.opened if isinstance(self.subject, LockSubject) else 0
        before, self._opened = self._opened, opened
        return opened != before

    def measure(self) -> WireCommand | None:
        """The current values; None = it measures nothing."""
        subject, unix = self.subject, self._world.unix
        subject.advance(self._settings.parts())
        quantities = subject.quantities()
        for relay in self._settings.ended(unix):
            subject.command(relay, not quantities.get(relay))
            quantities = subject.quantities()
        measured = self._gauge.measure(quantities, self._settings.values(unix))
        return msgspec.structs.replace(measured, part=self.part) if measured.values else None

    def execute(self, key: str, value: WireValue, catch_up: Callable[[], None]) -> bool | Refusal:
        """Execute a command of the controller. Relays belong to the world, other settings to the device.

        ``catch_up``: advances the world to the current time.
        """
        row = self._rows.get(key)
        if row is None:
            return Refusal(f"this device has no {key!r}")
        if "w" not in row.point.access:
            return Refusal(f"{row.point.key} can only be read")
        catch_up()
        try:
            requested = row.from_wire(value)
            wire = row.to_wire(requested)
            done = self.subject.command(row.point.key, requested)
            if done is None:
                self._settings.put(row, wire, self._world.unix)
        except (CommandError, WireError, ValueError) as error:
            return Refusal(str(error))
        return True if done is None else done
