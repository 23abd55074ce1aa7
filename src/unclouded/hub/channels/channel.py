"""One channel of a device at run time: drives its session, turns events into facts, carries out commands.

    link ◄─► Driver ──events──► receive ──► part ""       the device itself ──┐
                                        ├─► part "1234"   a sub-device      ──┼──► facts ──► hub.publish
                                        └─► part "abcd"   a sub-device      ──┘

Reports of a part that has not identified itself wait (of the device itself IDENTITY_TIMEOUT_S at most), so that its
history and its energy ledgers never mix with another device's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.model import (
    ActionSpec,
    Device,
    Fact,
    Memory,
    Notice,
    OnProgress,
    Outcome,
    Point,
    Progress,
    Reading,
    State,
    WireEntry,
)
from unclouded.core.profile import Profile
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Answer,
    Asked,
    AskStored,
    Event,
    Identified,
    Joined,
    Left,
    Logged,
    Noticed,
    Offline,
    Online,
    Question,
    Refusal,
    Rejected,
    Remember,
    Reported,
    Scheduled,
    SessionCommand,
    Settled,
    Waiting,
)
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.channels.early_reports import EarlyReports
from unclouded.hub.channels.noise_notices import NoiseNotices
from unclouded.hub.channels.open_commands import OpenCommands
from unclouded.hub.channels.part import ChannelPart, is_same, sub_id, without
from unclouded.hub.channels.product_matching import MEMORY_KEY
from unclouded.hub.channels.unknown_products import HeldReports, UnknownProducts
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.identity import part_identity
from unclouded.hub.readings.naming import ValueNames
from unclouded.hub.readings.recent_frames import RecordedWire

log = logging.getLogger("unclouded.hub")

LEAST_WAIT_S = 0.001  # s; a timer may fire a little early by the wall clock
ACCEPTED = ("broker:", "listen:", "http-listen:")  # links that the other end opens


class ChannelDevice(Protocol):
    """The device that a channel belongs to."""

    id: str
    identity: str

    def likely_identity(self, channel: "Channel") -> str:
        """The identity whose memory a session starts with, before the device has reported anything."""

    def settle_identity(self, channel: "Channel", reported: str, product: str) -> str:
        """The identity that owns the history, now that the device has reported what it reports of itself."""

    def counts(self, channel: "Channel", reading: Reading) -> bool:
        """Whether this channel's reading counts; not where a better channel provides the point."""

    def describe(self, channel: "Channel", key: str) -> Device:
        """The device itself (key "") or one of its sub-devices, as its channels know it together.

        Of what several know the first counts; ``channel``: that which knows it, where only one does.
        """

    def changed(self, channel: "Channel", key: str, state: State, reason: str, since: float) -> list[Fact]:
        """A channel has entered a state. The facts: the new state of the device, if that changes."""

    def forget(self, key: str) -> None:
        """A part left: when it joins again, its state is published again."""


class ChannelContext(Protocol):
    """What a channel needs of the hub."""

    def publish(self, facts: Sequence[Fact]) -> None:
        """Put one batch of facts on the board and pass it to the subscribers."""

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer to a question of a device, or why there is none."""

    def wall(self, now: float) -> float:
        """Unix seconds at a given ``now`` (monotonic seconds)."""

    def logged(self, device: str, event: Logged, now: float) -> None:
        """A device printed a line by itself."""

    def ambient(self, identity: str) -> Ambient:
        """What the session of a device gets from outside, with what it asked to remember."""

    def energy(self, identity: str) -> DeviceEnergy:
        """The energy ledgers of the device with this identity, which go on from those that were kept."""

    def recent_chunks(self) -> RecentChunks:
        """An empty buffer for the chunks of one channel."""

    def remember(self, memory: Memory) -> Memory:
        """Keep it for sessions that begin again in this run; the fact that is returned is for the store."""

    def deliver_held(self, device: str) -> None:
        """A device is online: deliver the commands that are held for it."""

    def keep_readings(self, device: str, points: Sequence[Point]) -> None:
        """A device has another profile: forget the newest readings of points that it no longer has."""

    def part_left(self, device: str) -> None:
        """A sub-device left for good; a notice makes pages look for devices that are gone."""

    def when_stored(self, then: Callable[[bool], None]) -> None:
        """Call it with True once what is published in this turn of the loop is stored.

        With False where it could not be stored, or STORE_TIMEOUT_S have passed.
        """


class Channel:
    """Runs one channel of ``device`` and publishes to ``hub`` what it reports. ``alone``: the device has no other."""

    def __init__(self, spec: ChannelSpec, device: ChannelDevice, hub: ChannelContext, alone: bool = True) -> None:
        self.spec = spec
        self.profile = spec.profile or spec.generic  # of the device itself
        self.online = False
        self.parts: dict[str, ChannelPart] = {}
        self.asleep: set[str] = set()
        self.provides: set[str] = set()  # keys of the points that it has reported, where it is not alone
        self._alone = alone
        self._device = device
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._driver: Driver | None = None
        self._recent = hub.recent_chunks()
        self._restart: asyncio.Future[None] | None = None
        self._retry = asyncio.Event()  # ends the wait before the channel is started again
        self._open = OpenCommands()
        self._early = EarlyReports(self._identity_is_overdue)
        self._direction_timer: asyncio.TimerHandle | None = None  # when a value waits no more for its direction
        self._once_stored: list[Callable[[bool], None]] = []  # to be called when the early reports are stored
        self._noise = NoiseNotices(device.id, self._recent)
        self._unknown = UnknownProducts(spec.products, self._loop, self._is_matched)
        self._mistaken: set[tuple[str, str]] = set()  # part and product of which the profile has a mistake
        self._lacks: dict[str, frozenset[str]] = {}  # by part: the wire keys of its profile that it does not have

    async def run(self) -> None:
        """Drive the session until cancelled or crashed; begin again where the product needs other settings."""
        while True:
            self._restart = self._loop.create_future()
            session = self.spec.make_session(self.profile, self._hub.ambient(self._device.likely_identity(self)))
            self._driver = Driver(session, self.spec.open_link(), self.receive, self._recent)
            driving = asyncio.create_task(self._driver.run(), name=f"{self._device.id}.driver")
            try:
                await asyncio.wait({driving, self._restart}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                driving.cancel()
                await asyncio.wait({driving})
                self._driver_ended()
            if not driving.cancelled():
                driving.result()

    @property
    def dials(self) -> bool:
        """Whether the hub opens a link to the device; else the device connects to the hub."""
        return any(not link.startswith(ACCEPTED) for link in self.spec.link.split())

    def reconnect(self) -> None:
        """Open the link again now, whatever attempt is waited for. A link that is open is closed first."""
        self._retry.set()
        self._begin_again()

    async def wait_to_retry(self, seconds: float) -> None:
        """Wait before the channel is started again after a crash, until ``reconnect`` at the longest."""
        self._retry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._retry.wait()

    def _begin_again(self) -> None:
        """End the session; another one begins at once."""
        if self._restart is not None and not self._restart.done():
            self._restart.set_result(None)

    async def command(self, command: SessionCommand, progress: OnProgress | None = None) -> Outcome:
        """Submit a command and wait for its outcome. Raises CommandError."""
        if self._driver is None:
            return Outcome("unreachable", f"{self._device.id} is not connected. The link is tried again by itself.")
        began = self._loop.time()
        outcome = await self._open.outcome(self._driver.submit(command), progress)
        return msgspec.structs.replace(outcome, ms=round((self._loop.time() - began) * 1000, 1))

    def actions(self, key: str) -> tuple[ActionSpec, ...]:
        """What a part can be asked to do; of a sub-device that is not known here, nothing."""
        part = self.parts.get(key)
        if part is not None:
            return part.actions
        return () if key else self.spec.actions_of(key, self.profile)

    def profile_of(self, key: str) -> Profile:
        """By which a part is interpreted."""
        part = self.parts.get(key)
        return self.profile if part is None else part.profile

    def points(self, key: str) -> tuple[Point, ...]:
        """Those of a part; of the device itself, before it is known, those that its profile surely has."""
        part = self.parts.get(key)
        if part is not None:
            return part.interpreter.points
        return tuple(row.point for row in self.profile.points if row.used_when is None)

    @property
    def products(self) -> frozenset[str]:
        """The products that its parts have reported, by which their profiles were chosen."""
        chosen = [part for key, part in self.parts.items() if key or self.spec.profile is None]
        return frozenset(part.info.get("product", "") for part in chosen)

    def stats(self) -> Mapping[str, float]:
        """Of the wire, and how many values are not listed by the profile or could not be decoded."""
        if self._driver is None:
            return {}
        return {**self._driver.stats(), "ignored_values": sum(one.interpreter.ignored for one in self.parts.values())}

    def frames(self, limit: int) -> list[WireEntry]:
        """The last frames and noise on the wire, oldest first."""
        spec = self.spec
        wire = RecordedWire(
            chunks=self._recent,
            family=spec.reading,
            plaintext=spec.plaintext,
            wall=self._hub.wall,
            channel=spec.name,
            names_of=self._names_of,
        )
        return wire.entries(limit, self._loop.time())

    def receive(self, events: Sequence[Event], now: float) -> None:
        """Turn events of the session into facts; those of one call are one batch."""
        facts: list[Fact] = []
        at = self._hub.wall(now)
        index, count, before = 0, len(events), None
        while index < count:
            event = events[index]
            if type(event) is not Reported:
                self._handle(event, now, facts)
            elif (part := self.parts.get(event.part)) is None:
                self._early.add(event, now, is_device_known="" in self.parts)
            elif not self._unknown.holds(event, now):
                if part is not before:
                    self._complete(before, facts)
                    before = part
                    self._noise.has_values = True
                if self._alone and event.part not in self._unknown:
                    index = part.interpreter.read(events, index, part.key, at, facts)
                    continue
                facts += self._preferred(event, at, part)
            index += 1
        self._complete(before, facts)
        if facts:
            self._hub.publish(facts)

    # --- readings ------------------------------------------------------------------------------

    def _complete(self, part: ChannelPart | None, facts: list[Fact]) -> None:
        """A part has reported: what follows from its readings goes into the same batch."""
        if part is None:
            return
        if part.has_new_points():
            self._describe(part, facts)
        interpreter = part.interpreter
        for kind, problems in (("scale", interpreter.scale_problems()), ("unreadable", interpreter.decode_problems())):
            for at, text in problems:
                log.warning("%s: %s", part.device, text)
                facts.append(Notice(part.device, at, kind, text))
        facts += part.energy.changed()
        if interpreter.deadline is not None:
            self._wait_until(interpreter.deadline)

    def _preferred(self, event: Reported, at: float, part: ChannelPart) -> list[Reading]:
        """The readings that no better channel provides, where the device has several."""
        return self._best(part.interpreter.readings(event, at))

    def _best(self, readings: Sequence[Reading]) -> list[Reading]:
        self.provides.update(reading.point for reading in readings)
        return [reading for reading in readings if self._device.counts(self, reading)]

    def _wait_until(self, at: float) -> None:
        """Call ``_wait_is_over`` at that time (Unix seconds), if nothing is to be done before."""
        now = self._loop.time()
        when = now + max(at - self._hub.wall(now), LEAST_WAIT_S)
        if self._direction_timer is not None:
            when = min(when, self._direction_timer.when())
            self._direction_timer.cancel()
        self._direction_timer = self._loop.call_at(when, self._wait_is_over)

    def _wait_is_over(self) -> None:
        self._direction_timer = None
        at = self._hub.wall(self._loop.time())
        facts: list[Fact] = []
        for part in self._waiting_parts():
            facts += self._best(part.interpreter.tick(at))
            self._complete(part, facts)
        self._hub.publish(facts)

    def _end_waits(self, facts: list[Fact]) -> None:
        """No value waits any more for its direction: all are stored now, or nothing more is received."""
        at = self._hub.wall(self._loop.time())
        for part in self._waiting_parts():
            facts += self._best(part.interpreter.rest(at))
            self._complete(part, facts)

    def _waiting_parts(self) -> list[ChannelPart]:
        return [part for part in self.parts.values() if part.interpreter.deadline is not None]

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
            facts += part.energy.changed()
        self._hub.publish(facts)

    # --- identity and profile ------------------------------------------------------------------

    def _identified(self, event: Identified, facts: list[Fact]) -> None:
        info = dict(event.info)
        self._lacks[event.part] = event.lacks
        if event.part == "":
            product = info.get("product", "")
            own = self.spec.profile
            profile = own.for_product(product) if own else self._profile_of_product(event.part, product, facts)
            if profile is not None and not is_same(profile, self.profile):
                self._change_profile(profile)
        self._settle(event.part, info, facts)

    def _profile_of_product(self, key: str, product: str, facts: list[Fact]) -> Profile | None:
        """None where no profile lists it, or that has a mistake: the device, and others behind it, go on without."""
        try:
            return self.spec.for_product(product)
        except ConfigError as error:
            device = sub_id(self._device.id, key)
            if (key, product) not in self._mistaken:
                self._mistaken.add((key, product))
                log.warning("%s: %s", device, error)
                facts.append(Notice(device, self._hub.wall(self._loop.time()), "unreadable", str(error)))
            return None

    def _change_profile(self, profile: Profile) -> None:
        """The device itself has another product; its session begins again where that needs other settings."""
        if profile.session != self.profile.session:
            self._begin_again()
        self.profile = profile

    def _settle(self, key: str, info: dict[str, str], facts: list[Fact]) -> None:
        """A part has identified itself, or has not done so in time: from now on its reports are its own."""
        if key == "":
            self._early.device_known()
        known = self.parts.get(key)
        info = known.with_info(info) if known else info
        product = info.get("product", "")
        whole = self.profile
        if key:
            whole = self._profile_of_product(key, product, facts) or self.spec.generic_part or self.spec.generic
        identity = self._identity(key, info)
        if key or self.spec.profile is None:
            whole = self._unknown.profile(key, product, whole, lambda: self._hub.ambient(identity).memory)
        profile = without(whole, self._lacks.get(key, ()))
        is_known = known is not None and known.is_as(identity, profile)
        part = known if known is not None and is_known else self._make_part(key, identity, profile)
        part.info = info
        self._describe(part, facts)
        facts += [] if is_known else part.interpreter.restored(self._hub.wall(self._loop.time()))
        waited = [*self._unknown.released(key), *self._early.take(key)]
        self._read_waited([one for one in waited if not self._unknown.holds(*one)], part, facts)
        if key == "" and self.online:
            self._deliver_held(key)
        self._all_is_stored()

    def _is_matched(self, key: str, memory: bytes, held: Sequence[tuple[Reported, float]]) -> None:
        """It is known by now what a part of an unknown product is; the reports that waited for that are read."""
        part = self.parts.get(key)
        if part is None:
            return
        facts: list[Fact] = [self._hub.remember(Memory(part.identity, MEMORY_KEY, memory))]
        self._settle(key, {}, facts)
        part = self.parts[key]
        self._read_waited(held, part, facts)
        self._hub.publish(facts)
        self._all_is_stored()

    def _read_waited(self, reports: HeldReports, part: ChannelPart, facts: list[Fact]) -> None:
        """Reports that waited keep their time."""
        for event, now in reports:
            self._noise.has_values = True
            facts += self._preferred(event, self._hub.wall(now), part)
        self._complete(part, facts)

    def _all_is_stored(self) -> None:
        """Unless reports wait: call what waits for them to be stored."""
        if self._early.awaits_identity or self._unknown.is_holding:
            return
        waiting, self._once_stored = self._once_stored, []
        for then in waiting:
            self._hub.when_stored(then)

    def _identity(self, key: str, info: Mapping[str, str]) -> str:
        if key == "":
            return self._device.settle_identity(self, info.get("identity", ""), info.get("product", ""))
        main = self._device.identity or self._device.settle_identity(self, "", "")
        return f"{self.spec.family}:{info['identity']}" if info.get("identity") else part_identity(main, key)

    def take_identity(self) -> None:
        """Another channel has reported the identity of the device: reports count for that, unless it has its own."""
        part = self.parts.get("")
        if part is not None and not part.info.get("identity") and part.identity != self._device.identity:
            facts: list[Fact] = []
            self._settle("", {}, facts)
            self._hub.publish(facts)

    def _make_part(self, key: str, identity: str, profile: Profile) -> ChannelPart:
        device = sub_id(self._device.id, key)
        before = self.parts.get(key)
        part = self.parts[key] = ChannelPart(self.spec, key, device, identity, profile, self._hub.energy(identity))
        if before is not None and before.identity == identity:
            part.schedule = before.schedule
        if before is None or before.profile.name != profile.name:
            log.info("%s: %s (profile %s)", device, profile.title, profile.name)
        is_changed = not profile.unknown if before is None else not is_same(before.profile, profile)
        if is_changed and self._alone:
            self._hub.keep_readings(device, part.interpreter.points)
        return part

    def _describe(self, part: ChannelPart, facts: list[Fact]) -> None:
        """Publish the part before its readings of this batch: whoever stores them needs its points."""
        part.published()
        facts[:] = [fact for fact in facts if type(fact) is not Device or fact.id != part.device]
        facts.insert(0, self._device.describe(self, part.key))

    def _names_of(self, key: str) -> ValueNames:
        part = self.parts.get(key)
        if part is not None:
            return ValueNames(part.profile, self.spec.decoders)
        return ValueNames(None if key else self.profile, self.spec.decoders)

    # --- other events --------------------------------------------------------------------------

    def _handle(self, event: Event, now: float, facts: list[Fact]) -> None:
        match event:
            case Settled(ticket=ticket, result=result, reason=reason, answer=answer):
                self._open.settled(ticket, Outcome(result, reason, answer=answer))
            case Asked(id=id, question=AskStored()):
                self._end_waits(facts)
                self._when_stored(partial(self._answer_stored, self._driver, id))
            case Asked(id=id, question=question):
                self._answer(self._driver, id, self._hub.answer(question))
            case Identified():
                self._identified(event, facts)
            case Scheduled(rules=rules, part=key) if key in self.parts:
                self.parts[key].schedule = rules
                self._describe(self.parts[key], facts)
            case Advanced(ticket=ticket, done=done, total=total, words=text):
                self._open.advanced(ticket, Progress(done, total, text))
            case Remember(key=key, value=value):
                facts.append(self._hub.remember(Memory(self._device.likely_identity(self), key, value)))
            case Noticed(kind=kind, reason=reason, part=key):
                device = sub_id(self._device.id, key)
                log.info("%s: %s", device, reason)
                facts.append(Notice(device, self._hub.wall(now), kind, reason))
            case Logged(part=key):
                self._hub.logged(sub_id(self._device.id, key), event, now)
            case Rejected(reason=reason):
                facts += self._noise.rejected(reason, self._hub.wall(now), self.spec.guess)
            case Online() | Offline() | Waiting() | Joined() | Left():
                self._changed_state(event, now, facts)

    def _changed_state(self, event: Online | Offline | Waiting | Joined | Left, now: float, facts: list[Fact]) -> None:
        changed = self._device.changed
        match event:
            case Online(part=key):
                self.online = self.online or key == ""
                facts.extend(changed(self, key, "online", "", self._hub.wall(now)))
                self.asleep.discard(key)
                self._deliver_held(key)
            case Offline() if self._restart is not None and self._restart.done():
                self.online = False  # only until the session begins again: that is not a change of state for clients
            case Offline(reason=reason, part=key, asleep=asleep):
                self.online = self.online and key != ""
                if asleep:
                    self.asleep.add(key)
                facts.extend(changed(self, key, "asleep" if asleep else "offline", reason, self._hub.wall(now)))
            case Waiting(reason=reason, since=since, part=key):
                self.online = self.online and key != ""
                facts.extend(changed(self, key, "waiting", reason, self._hub.wall(since)))
            case Joined(part=key, info=info):
                self._settle(key, dict(info), facts)
            case Left(part=key):
                self._left(key, facts)

    def _left(self, key: str, facts: list[Fact]) -> None:
        """A sub-device is no more: what it has reported is stored before that."""
        self._end_waits(facts)
        part, held = self.parts.get(key), self._unknown.left(key)
        if part is not None and held:
            self._read_waited(held, part, facts)
        self._all_is_stored()
        self.parts.pop(key, None)
        self._lacks.pop(key, None)
        self.asleep.discard(key)
        self._device.forget(key)
        self._hub.part_left(sub_id(self._device.id, key))

    def _deliver_held(self, key: str) -> None:
        """The part is online and identified: it gets the commands that were held for it."""
        if key in self.parts:
            self._hub.deliver_held(sub_id(self._device.id, key))

    def _when_stored(self, then: Callable[[bool], None]) -> None:
        """Call it once all reports are stored, also those that wait for the identity or the product of their device."""
        if not self._early.awaits_identity and not self._unknown.is_holding:
            self._hub.when_stored(then)
        else:
            self._once_stored.append(then)

    def _answer_stored(self, driver: Driver | None, id: int, is_stored: bool) -> None:
        self._answer(driver, id, True if is_stored else Refusal("The report is not stored yet."))

    def _answer(self, driver: Driver | None, id: int, answer: Answer | Refusal) -> None:
        """Answer a question, unless the driver that passed it on has ended."""
        if driver is not None and driver is self._driver:
            driver.answer(id, answer)

    def _driver_ended(self) -> None:
        """No other driver settles the commands that this one submitted, nor are directions reported."""
        self._driver = None
        self.online = False
        facts: list[Fact] = []
        self._end_waits(facts)
        self._hub.publish(facts)
        if self._direction_timer is not None:
            self._direction_timer.cancel()
            self._direction_timer = None
        self._open.settle_all(Outcome("unreachable", "The conversation with the device ended."))
