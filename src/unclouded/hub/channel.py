"""One wire of a device at run time: its driver, what it says turned into facts, the wishes under way.

What a device says before it has said who it is waits (a moment at most), so that its history and its
energy ledger are never another's. Sub-devices are parts: devices of their own behind the same wire.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec

from unclouded.core.driver import Driver
from unclouded.core.family import Detector, Dialect
from unclouded.core.link import Link
from unclouded.core.model import (
    ActionSpec,
    Device,
    Fact,
    Memory,
    Notice,
    OnProgress,
    Outcome,
    Progress,
    Reading,
    State,
    WireEntry,
)
from unclouded.core.profile import Profile
from unclouded.core.recent_chunks import RecentChunks
from unclouded.core.session import (
    Advanced,
    Ambient,
    Answer,
    Asked,
    AskStored,
    Event,
    Identified,
    Joined,
    Left,
    Offline,
    Online,
    Question,
    Refusal,
    Rejected,
    Remember,
    Reported,
    Session,
    SessionCommand,
    Settled,
    Ticket,
    Waiting,
)
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.interpret import Interpreter, RawDecoder
from unclouded.hub.naming import ValueNames
from unclouded.hub.recent_frames import DecoderOf, RecordedWire, Redact

log = logging.getLogger("unclouded.hub")

IDENTITY_PATIENCE = 1.0  # s that a device's first report waits for the device to say who it is
EARLY_REPORTS = 256  # reports that wait for it at the most


class ChannelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to make one channel. ``profile`` None: the product named on the wire picks one.

    ``decoder``, ``redact``: how the family reads what went over the wire, and blanks its secrets; ``detector``
    tells in which of the ``dialects``, where it has several.
    """

    family: str
    link: str
    generic: Profile
    open_link: Callable[[], Link]
    make_session: Callable[[Profile, Ambient], Session]
    decoder: DecoderOf
    redact: Redact
    name: str = ""
    profile: Profile | None = None
    for_product: Callable[[str], Profile | None] = lambda product: None
    decoders: Mapping[str, RawDecoder] = {}
    actions: Sequence[ActionSpec] = ()
    scales: Mapping[str, Decimal | int] = {}
    dialects: Mapping[str, Dialect] = {}
    detector: Callable[[], Detector] | None = None


class Owner(Protocol):
    """The device that a channel belongs to."""

    id: str
    identity: str

    def likely_identity(self, channel: "Channel") -> str: ...
    def settle_identity(self, channel: "Channel", told: str, product: str) -> str: ...
    def counts(self, channel: "Channel", reading: Reading) -> bool: ...
    def describe(self, channel: "Channel", key: str) -> Device: ...
    def changed(self, channel: "Channel", key: str, state: State, reason: str, since: float) -> list[Fact]: ...
    def forget(self, key: str) -> None: ...


class ChannelContext(Protocol):
    """What a channel needs of the hub."""

    def publish(self, facts: Sequence[Fact]) -> None: ...
    def answer(self, question: Question) -> Answer | Refusal: ...
    def wall(self, now: float) -> float: ...
    def ambient(self, identity: str) -> Ambient: ...
    def book(self, identity: str) -> DeviceEnergy: ...
    def tape(self) -> RecentChunks: ...
    def remember(self, memory: Memory) -> Memory: ...
    def woke(self, device: str) -> None: ...
    def left(self, device: str) -> None: ...
    def when_kept(self, then: Callable[[], None]) -> None: ...


class ChannelPart:
    """The main part "" of a channel, or a sub-device."""

    def __init__(self, key: str, device: str, identity: str, interpreter: Interpreter, book: DeviceEnergy) -> None:
        self.key = key
        self.device = device
        self.identity = identity
        self.interpreter = interpreter
        self.book = book
        self.info: dict[str, str] = {}
        self.points_told = -1


class Channel:
    """Runs one wire of ``owner`` and tells ``hub`` what it says."""

    def __init__(self, spec: ChannelSpec, owner: Owner, hub: ChannelContext, alone: bool = True) -> None:
        self.spec = spec
        self._alone = alone
        self.profile = spec.profile or spec.generic
        self.online = False
        self.parts: dict[str, ChannelPart] = {}
        self.asleep: set[str] = set()
        self.provides: set[str] = set()
        self._owner = owner
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._driver: Driver | None = None
        self._tape = hub.tape()
        self._again: asyncio.Future[None] | None = None
        self._tickets: dict[Ticket, asyncio.Future[Outcome]] = {}
        self._progress: dict[Ticket, OnProgress] = {}
        self._early: list[tuple[Reported, float]] = []
        self._patience: asyncio.TimerHandle | None = None
        self._promised: list[Callable[[], None]] = []  # to be called when the early ones are stored
        self._complained: set[str] = set()

    async def run(self) -> None:
        """Drive the session until cancelled or crashed; begin again where the product wants other settings."""
        while True:
            self._again = self._loop.create_future()
            session = self.spec.make_session(self.profile, self._hub.ambient(self._owner.likely_identity(self)))
            self._driver = Driver(session, self.spec.open_link(), self.hear, self._tape)
            driving = asyncio.create_task(self._driver.run(), name=f"{self._owner.id}.driver")
            try:
                await asyncio.wait({driving, self._again}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                driving.cancel()
                await asyncio.wait({driving})
                self._lost()
            if not driving.cancelled():
                driving.result()

    async def command(self, command: SessionCommand, progress: OnProgress | None = None) -> Outcome:
        """Submit a wish and wait for its one fate. Raises CommandError."""
        if self._driver is None:
            return Outcome("unreachable", f"{self._owner.id} is not connected. The link is tried again by itself.")
        began = self._loop.time()
        future: asyncio.Future[Outcome] = self._loop.create_future()
        ticket = self._driver.submit(command)
        self._tickets[ticket] = future
        if progress is not None:
            self._progress[ticket] = progress
        outcome = await future
        return Outcome(outcome.result, outcome.reason, round((self._loop.time() - began) * 1000, 1))

    def stats(self) -> Mapping[str, float]:
        """Of the wire, and how many values the profile does not list or could not be read."""
        if self._driver is None:
            return {}
        return {**self._driver.stats(), "ignored_values": sum(one.interpreter.ignored for one in self.parts.values())}

    def frames(self, limit: int) -> list[WireEntry]:
        """The last frames and noise on the wire, oldest first."""
        spec = self.spec
        wire = RecordedWire(
            tape=self._tape,
            decoder=spec.decoder,
            redact=spec.redact,
            wall=self._hub.wall,
            channel=spec.name,
            names=ValueNames(self.profile, spec.decoders),
            dialects=spec.dialects,
            detector=spec.detector,
        )
        return wire.heard(limit, self._loop.time())

    def hear(self, events: Sequence[Event], now: float) -> None:
        """Turn what the session says into facts; those of one call are one batch."""
        facts: list[Fact] = []
        at = self._hub.wall(now)
        index, count, part = 0, len(events), None
        while index < count:
            event = events[index]
            if type(event) is not Reported:
                self._happened(event, now, facts)
            elif (speaker := self.parts.get(event.part)) is None:
                self._wait_for_identity(event, now)
            else:
                if speaker is not part:
                    self._close(part, facts)
                    part = speaker
                if self._alone:
                    index = speaker.interpreter.read(events, index, at, facts)
                    continue
                facts += self._that_count(event, at, speaker)
            index += 1
        self._close(part, facts)
        if facts:
            self._hub.publish(facts)

    # --- readings ------------------------------------------------------------------------------

    def _close(self, part: ChannelPart | None, facts: list[Fact]) -> None:
        """A part has reported: what follows from its readings goes into the same batch."""
        if part is None:
            return
        if part.interpreter.row_count != part.points_told:
            self._describe(part, facts)
        for kind, told in (
            ("scale", part.interpreter.scale_problems()),
            ("unreadable", part.interpreter.decode_problems()),
        ):
            for at, words in told:
                log.warning("%s: %s", part.device, words)
                facts.append(Notice(part.device, at, kind, words))
        facts += part.book.changed()

    def _that_count(self, event: Reported, at: float, part: ChannelPart) -> list[Reading]:
        """Of several channels only the best that is online counts, point by point."""
        readings = part.interpreter.readings(event, at)
        self.provides.update(reading.point for reading in readings)
        return [reading for reading in readings if self._owner.counts(self, reading)]

    def _wait_for_identity(self, event: Reported, now: float) -> None:
        if len(self._early) < EARLY_REPORTS:
            self._early.append((event, now))
        if self._patience is None and "" not in self.parts:
            self._patience = self._loop.call_later(IDENTITY_PATIENCE, self._identity_is_overdue)

    def _identity_is_overdue(self) -> None:
        facts: list[Fact] = []
        self._settle("", {}, facts)
        self._hub.publish(facts)

    def integrate(self) -> None:
        """Count the energy up to now of parts that are online and count none themselves."""
        if not self.online:
            return
        at = self._hub.wall(self._loop.time())
        facts: list[Fact] = []
        for part in self.parts.values():
            facts += part.interpreter.integrated(at)
            facts += part.book.changed()
        self._hub.publish(facts)

    # --- who it is -----------------------------------------------------------------------------

    def _identified(self, event: Identified, facts: list[Fact]) -> None:
        info = dict(event.info)
        if event.part == "" and self.spec.profile is None:
            fitting = self.spec.for_product(info.get("product", ""))
            if fitting is not None and fitting.name != self.profile.name:
                self._change_profile(fitting)
        self._settle(event.part, info, facts)

    def _change_profile(self, profile: Profile) -> None:
        log.info("%s is a %s", self._owner.id, profile.title)
        if profile.session != self.profile.session and self._again is not None and not self._again.done():
            self._again.set_result(None)
        self.profile = profile
        self.parts.pop("", None)

    def _settle(self, key: str, info: dict[str, str], facts: list[Fact]) -> None:
        """From now on it is known whose readings these are."""
        if key == "" and self._patience is not None:
            self._patience.cancel()
            self._patience = None
        known = self.parts.get(key)
        told = {**(known.info if known else {}), **info}
        identity = self._identity(key, told)
        if known is None or known.identity != identity:
            known = self.parts[key] = self._make_part(key, identity)
        known.info = told
        self._describe(known, facts)
        mine = [(event, now) for event, now in self._early if event.part == key]
        self._early = [(event, now) for event, now in self._early if event.part != key]
        for event, now in mine:
            facts += self._that_count(event, self._hub.wall(now), known)
        facts += known.book.changed()
        if key == "" and self.online:
            self._deliver(key)
        if key == "":
            promised, self._promised = self._promised, []
            for then in promised:
                self._hub.when_kept(then)

    def _deliver(self, key: str) -> None:
        """It is there, and it is known what it is: it can have what was wished while it slept."""
        if key in self.parts:
            self._hub.woke(sub_id(self._owner.id, key))

    def _identity(self, key: str, told: Mapping[str, str]) -> str:
        if key == "":
            return self._owner.settle_identity(self, told.get("identity", ""), told.get("product", ""))
        main = self._owner.identity or self._owner.settle_identity(self, "", "")
        return told.get("identity", "") or f"{main}/{key}"

    def _make_part(self, key: str, identity: str) -> ChannelPart:
        device = sub_id(self._owner.id, key)
        book = self._hub.book(identity)
        scales = self.spec.scales if key == "" else {}
        interpreter = Interpreter(device, self.profile, book, self.spec.decoders, scales, self.spec.name)
        return ChannelPart(key, device, identity, interpreter, book)

    def _describe(self, part: ChannelPart, facts: list[Fact]) -> None:
        """Before the readings of the batch: whoever stores them wants to know the points."""
        part.points_told = part.interpreter.row_count
        facts.insert(0, self._owner.describe(self, part.key))

    # --- everything else -----------------------------------------------------------------------

    def _happened(self, event: Event, now: float, facts: list[Fact]) -> None:
        match event:
            case Settled(ticket=ticket, result=result, reason=reason):
                self._settled(ticket, Outcome(result, reason))
            case Asked(id=id, question=AskStored()):
                self._when_kept(partial(self._answer, self._driver, id, True))
            case Asked(id=id, question=question):
                self._answer(self._driver, id, self._hub.answer(question))
            case Identified():
                self._identified(event, facts)
            case Advanced(ticket=ticket, done=done, total=total, words=words):
                if ticket in self._progress:
                    self._progress[ticket](Progress(done, total, words))
            case Remember(key=key, value=value):
                facts.append(self._hub.remember(Memory(self._owner.likely_identity(self), key, value)))
            case Rejected(reason=reason):
                self._complain(reason, now, facts)
            case Online() | Offline() | Waiting() | Joined() | Left():
                self._changed_state(event, now, facts)

    def _changed_state(self, event: Online | Offline | Waiting | Joined | Left, now: float, facts: list[Fact]) -> None:
        say = self._owner.changed
        match event:
            case Online(part=key):
                self.online = self.online or key == ""
                facts.extend(say(self, key, "online", "", self._hub.wall(now)))
                self.asleep.discard(key)
                self._deliver(key)
            case Offline() if self._again is not None and self._again.done():
                self.online = False  # only to be met again, by the profile of its product: no news for anybody
            case Offline(reason=reason, part=key, asleep=asleep):
                self.online = self.online and key != ""
                if asleep:
                    self.asleep.add(key)
                facts.extend(say(self, key, "asleep" if asleep else "offline", reason, self._hub.wall(now)))
            case Waiting(reason=reason, since=since, part=key):
                facts.extend(say(self, key, "waiting", reason, self._hub.wall(since)))
            case Joined(part=key, info=info):
                self._settle(key, dict(info), facts)
            case Left(part=key):
                self.parts.pop(key, None)
                self.asleep.discard(key)
                self._owner.forget(key)
                self._hub.left(sub_id(self._owner.id, key))

    def _when_kept(self, then: Callable[[], None]) -> None:
        """Call it once all reports are stored, also those that wait for the identity of their device."""
        if self._patience is None:
            self._hub.when_kept(then)
        else:
            self._promised.append(then)

    def _answer(self, driver: Driver | None, id: int, answer: Answer | Refusal) -> None:
        """The driver that asked may be gone by now."""
        if driver is not None and driver is self._driver:
            driver.answer(id, answer)

    def _settled(self, ticket: Ticket, outcome: Outcome) -> None:
        self._progress.pop(ticket, None)
        future = self._tickets.pop(ticket, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def _complain(self, reason: str, now: float, facts: list[Fact]) -> None:
        """The first time that bytes are no use for a reason; afterwards the statistics count them."""
        if reason in self._complained or len(self._complained) > 100:
            return
        self._complained.add(reason)
        log.info("%s: bytes on the line were no use: %s", self._owner.id, reason)
        facts.append(Notice(self._owner.id, self._hub.wall(now), "rejected", reason))

    def _lost(self) -> None:
        """The driver is gone: nobody else will settle what it had begun."""
        self._driver = None
        self.online = False
        for ticket in list(self._tickets):
            self._settled(ticket, Outcome("unreachable", "The conversation with the device ended."))


def sub_id(device: str, part: str) -> str:
    """The id of a sub-device: ``gateway_1234``; of the main part the device's own."""
    return f"{device}_{re.sub(r'[^a-z0-9_]', '_', part.lower())}" if part else device
