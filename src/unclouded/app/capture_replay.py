"""A capture -> the readings that the hub would have made of it, without sending anything."""

from collections.abc import Iterable, Iterator, Sequence

from unclouded import families
from unclouded.app.protocols import profile_library, profile_named
from unclouded.core.errors import CommandError
from unclouded.core.family import Family
from unclouded.core.model import Notice, Reading
from unclouded.core.profile import Profile
from unclouded.core.session import Ambient, Event, Identified, LinkPath, Noticed, Reported, Session
from unclouded.core.session_parts import succeed
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.interpret import Interpreter
from unclouded.recording import capture


class CaptureReplay:
    """A controller session that receives the device's side of a capture, under the clock of the capture.

    ``profile``: a name or a TOML file; None = the one that lists the product in the capture. ``device``: the id in the
    readings. Raises CommandError, ConfigError and WireError.
    """

    def __init__(self, lines: Iterable[bytes], profile: str | None, device: str) -> None:
        self._capture = capture.CaptureReader(lines)
        self._family: Family = families.family(self._capture.header.family)
        if self._family.controller is None:
            raise CommandError(
                f"This version decodes {self._family.name}, but makes no readings of it. Try: unclouded decode."
            )
        self._make_session = self._family.controller
        self._library = profile_library()
        self._device = device
        self._is_chosen = profile is not None
        self._energy = DeviceEnergy(device, {})
        self._profile = profile_named(self._family, profile) if profile else self._library.get(self._family.generic)
        self._start = self._capture.header.started_at or 0.0
        self._interpreter = self._interpreter_for(self._profile)

    def readings(self) -> Iterator[Reading]:
        """Every reading, in the order of the capture."""
        return (fact for fact in self.facts() if isinstance(fact, Reading))

    def facts(self) -> Iterator[Reading | Notice]:
        """Readings, what the session noticed, and one notice for each kind of implausible or unreadable value."""
        self._session: Session = self._make_session(self._profile.session, Ambient(self._wall, bytes))
        yield from self._read(self._session.up(LinkPath(recorded=True), 0.0), 0.0)
        now = 0.0
        for line in self._capture:
            for at, events in self._time_passes(now, line.t):
                yield from self._read(events, at)
            now = max(now, line.t)
            if line.sender == "device":
                yield from self._read(self._session.receive(line.data, now), now)

    def _read(self, events: Sequence[Event], now: float) -> Iterator[Reading | Notice]:
        self._session, events = succeed(self._session, events)
        for event in events:
            match event:
                case Reported():
                    yield from self._interpreter.readings(event, self._wall(now))
                    for at, text in self._interpreter.scale_problems():
                        yield Notice(self._device, at, "scale", text)
                    for at, text in self._interpreter.decode_problems():
                        yield Notice(self._device, at, "unreadable", text)
                case Noticed(kind=kind, reason=reason):
                    yield Notice(self._device, self._wall(now), kind, reason)
                case Identified(info=info, part="") if not self._is_chosen:
                    found = self._library.for_product(self._family.name, info.get("product", ""))
                    if found is not None:
                        self._interpreter = self._interpreter_for(found)

    def _interpreter_for(self, profile: Profile) -> Interpreter:
        return Interpreter(self._device, profile, self._energy, self._family.decoders)

    def _time_passes(self, now: float, until: float) -> Iterator[tuple[float, Sequence[Event]]]:
        """Run what is due before the next line; what the session sends is discarded."""
        self._session.outgoing(now)
        while (at := self._session.deadline()) is not None and at <= until:
            now = max(now, at)
            yield now, self._session.tick(now)
            self._session.outgoing(now)

    def _wall(self, now: float) -> float:
        return self._start + now
