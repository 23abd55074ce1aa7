"""A capture -> the readings that the hub would have made of it, without sending anything."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from unclouded import families
from unclouded.app.protocols import profile_library, profile_named
from unclouded.app.unknown.family_guess import MOST_BYTES, guess_family
from unclouded.core.errors import CommandError
from unclouded.core.family import Family
from unclouded.core.model import Notice, Reading
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    AskStored,
    Event,
    Identified,
    Joined,
    LinkPath,
    Noticed,
    Reported,
    Session,
)
from unclouded.core.sessions.session_parts import succeed
from unclouded.hub.channels.early_reports import EARLY_REPORTS
from unclouded.hub.channels.part import is_same, sub_id, without
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.recording import capture
from unclouded.recording.line_monitor import GAP_S

SILENCE_S = 2 * GAP_S  # s after the last line, in which a session settles what it holds


class CaptureReplay:
    """A controller session that receives the device's side of a capture, under the clock of the capture.

    What the device reports before it identifies itself waits for that, however late in the capture it is: what a
    recorder has passed on by then, a hub that was started later reads together. What follows waits behind it, so the
    order stays that of the capture. EARLY_REPORTS events wait at most.

    ``profile``: of the device itself, a name or a TOML file; None = the one that lists the product in the capture.
    ``device``: its id in the readings; sub-devices have ids made of it, and the profiles of their own products.
    Raises CommandError, ConfigError and WireError.
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
        self._chosen = profile_named(self._family, profile) if profile else None
        self._start = self._capture.header.started_at or 0.0
        self._parts: dict[str, tuple[Profile, Interpreter]] = {}
        self._has_reports = False
        self._is_known = self._chosen is not None  # whether the device itself has identified itself
        self._early: list[tuple[Reported | Noticed, float]] = []  # since its first report before that, with their times
        self._energy: dict[str, DeviceEnergy] = {}  # by part; it outlives a change of the profile

    def readings(self) -> Iterator[Reading]:
        """Every reading, in the order of the capture."""
        return (fact for fact in self.facts() if isinstance(fact, Reading))

    def facts(self) -> Iterator[Reading | Notice]:
        """Readings, what the session noticed, and one notice for each kind of implausible or unreadable value.

        A capture without any has a notice of which other devices its bytes look like.
        """
        profile = self._chosen or self._library.get(self._family.generic)
        self._session: Session = self._make_session(profile.session, Ambient(self._wall, bytes))
        yield from self._read(self._session.up(LinkPath(recorded=True), 0.0), 0.0)
        now = 0.0
        received = b""
        for line in self._capture:
            for at, events in self._time_passes(now, line.t):
                yield from self._read(events, at)
            now = max(now, line.t)
            if not self._early:
                yield from self._tick(now)
            if line.sender == "device":
                received = (received + line.data)[-MOST_BYTES:]
                yield from self._read(self._session.receive(line.data, now), now)
        for at, events in self._time_passes(now, now + SILENCE_S):
            yield from self._read(events, at)
        yield from self._read_early()
        for part, (_, interpreter) in self._parts.items():
            yield from self._with_problems(part, interpreter.rest(self._wall(now)))
        if not self._has_reports and (text := guess_family(self._family.name, received)):
            yield Notice(self._device, self._wall(now), "family", text)

    def _read(self, events: Sequence[Event], now: float) -> Iterator[Reading | Notice]:
        self._session, events = succeed(self._session, events)
        for event in events:
            match event:
                case Reported() | Noticed() if self._waits(event):
                    self._early.append((event, now))
                    if len(self._early) == EARLY_REPORTS:
                        yield from self._read_early()
                case Reported() | Noticed():
                    yield from self._fact(event, now)
                case Asked(id=id, question=AskStored()):  # nothing is stored here, and nothing waits for it
                    yield from self._read(self._session.answer(id, True, now), now)
                case Identified(info=info, part=part, lacks=lacks):
                    self._identified(part, info, lacks)
                    if not part:
                        yield from self._read_early()
                case Joined(info=info, part=part):
                    self._identified(part, info, frozenset())

    def _waits(self, event: Reported | Noticed) -> bool:
        is_first = isinstance(event, Reported) and not event.part
        return not self._is_known and (is_first or bool(self._early))

    def _read_early(self) -> Iterator[Reading | Notice]:
        """The device is known by now, or is taken for what it seems to be."""
        self._is_known = True
        early, self._early = self._early, []
        for event, at in early:
            yield from self._tick(at)
            yield from self._fact(event, at)

    def _fact(self, event: Reported | Noticed, now: float) -> Iterator[Reading | Notice]:
        if isinstance(event, Noticed):
            yield Notice(sub_id(self._device, event.part), self._wall(now), event.kind, event.reason)
            return
        self._has_reports = True
        if event.part not in self._parts:
            self._use(event.part, self._profile_of(event.part, ""))
        _, interpreter = self._parts[event.part]
        yield from self._with_problems(event.part, interpreter.readings(event, self._wall(now)))

    def _tick(self, now: float) -> Iterator[Reading | Notice]:
        """What no longer waits for the direction of its value."""
        for part, (_, interpreter) in self._parts.items():
            yield from self._with_problems(part, interpreter.tick(self._wall(now)))

    def _with_problems(self, part: str, readings: Sequence[Reading]) -> Iterator[Reading | Notice]:
        device, (_, interpreter) = sub_id(self._device, part), self._parts[part]
        yield from readings
        for at, text in interpreter.scale_problems():
            yield Notice(device, at, "scale", text)
        for at, text in interpreter.decode_problems():
            yield Notice(device, at, "unreadable", text)

    def _identified(self, part: str, info: Mapping[str, str], lacks: Collection[str]) -> None:
        """A part that is known only by what it reports gets its profile when its product is known."""
        product = info.get("product", "")
        if product or lacks:
            self._use(part, without(self._profile_of(part, product), lacks))

    def _profile_of(self, part: str, product: str) -> Profile:
        if self._chosen is not None and not part:
            return self._chosen.for_product(product)
        generic = self._family.generic_part if part and self._family.generic_part else self._family.generic
        found = self._library.for_product(self._family.name, product) if product else None
        return found or self._library.get(generic)

    def _use(self, part: str, profile: Profile) -> None:
        if part in self._parts and is_same(profile, self._parts[part][0]):
            return
        device = sub_id(self._device, part)
        energy = self._energy.setdefault(part, DeviceEnergy(device, {}))
        self._parts[part] = (
            profile,
            Interpreter(
                device, profile, energy, self._family.decoders, similar=partial(self._library.similar, profile)
            ),
        )

    def _time_passes(self, now: float, until: float) -> Iterator[tuple[float, Sequence[Event]]]:
        """Run what is due before the next line; what the session sends is discarded."""
        self._session.outgoing(now)
        while (at := self._session.deadline()) is not None and at <= until:
            now = max(now, at)
            yield now, self._session.tick(now)
            self._session.outgoing(now)

    def _wall(self, now: float) -> float:
        return self._start + now
