"""The hub on a broker: it connects, publishes, passes commands on, and connects again.

    connected ──► exchange: everything, then what changes        hub ──► image ──► exchange
        ◄── lost: 1, 2, 4 … 60 s with jitter                     hub ──► outbox ──► exchange
                                                                 exchange ──► commands ──► hub

States are published with QoS 0, retained, the newest of each device; everything else with QoS 1. Outcomes and events
are kept in the outbox, on disk too, until the broker has taken them over.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from unclouded.core.model import Device, Fact, Notice, Outcome, PublicHub, Status
from unclouded.core.publisher import PublisherState, PublisherStatus
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.core.system.supervise import Fault
from unclouded.links.mqtt.packets import V5, Will
from unclouded.publish.mqtt import payloads
from unclouded.publish.mqtt.announcements import SETTLED_S, Announcements
from unclouded.publish.mqtt.commands import BrokerCommands
from unclouded.publish.mqtt.companion import Companion
from unclouded.publish.mqtt.connection import BrokerUnreachable, MqttConnection, connect, password_of
from unclouded.publish.mqtt.exchange import BrokerExchange
from unclouded.publish.mqtt.image import AVAILABLE, HubImage, MomentaryReading
from unclouded.publish.mqtt.journal import OutboxJournal
from unclouded.publish.mqtt.outbox import MqttOutbox
from unclouded.publish.mqtt.retained import RetainedBook, RetainedCommands, foreign, foreign_text, stale
from unclouded.publish.mqtt.session import BrokerMessage, ClientSession, SessionEvent
from unclouded.publish.mqtt.settings import MqttSettings
from unclouded.publish.mqtt.topics import BRIDGE, OFFLINE, ONLINE, TopicRequest, Topics, fits, is_topic
from unclouded.publish.mqtt.updates import FindOffers, takes_updates

log = logging.getLogger("unclouded.publish.mqtt")

DESCRIBE_S = 0.1  # s after a device changed until it is described again, together with others
LOOK_EVERY_S = 5.0  # s between two looks at which devices there are: the hub does not publish that one is gone
REFRESH_S = 300.0  # s in which each state is published again, so that it does not expire with those who got it
LEAVE_S = 2.0  # s between the end of a device's announcement and that of its topics: who reads them must know first
KNOWN_S = 2.0  # s for which a device that reports nothing about itself is available before it is announced
SPREAD_S = 5.0  # s over which everything is published again to a program that has started


class MqttPublisher:
    """``about``: of the hub, for the topic of the bridge. ``notify``: takes sentences for the events of the hub.

    ``find_offers``: finds newer firmware among the hub's files; None = there are none.
    """

    def __init__(
        self,
        settings: MqttSettings,
        hub: PublicHub,
        wall: Callable[[], float],
        notify: Callable[[str], None],
        about: Mapping[str, str],
        companions: Sequence[Companion] = (),
        find_offers: FindOffers | None = None,
    ) -> None:
        self.topics = Topics(settings.base)
        self._settings = settings
        self._hub = hub
        self._wall = wall
        self._notify = notify
        self._about = about
        self._companions = companions
        self._find_offers = find_offers
        self._state: PublisherState = "starting"
        self._text = f"Connecting to {settings.place}."
        self._problem = ""  # that was reported last
        self._foreign = ""
        self._connections = self._sent = self._received = 0
        self._retained = RetainedCommands()
        self._begin()

    def _begin(self) -> None:
        """Everything that a run begins again with."""
        self._image = HubImage(self.topics, self._settings.flat)
        self._outbox = MqttOutbox()
        self._journal = OutboxJournal(self._settings.folder / "outbox.jsonl")
        self._book = RetainedBook(self._settings.folder / "retained.json")
        self._exchange: BrokerExchange | None = None
        self._has_looked = False
        self._commands: BrokerCommands | None = None
        self._announcements = Announcements(self._companions, 0.0)
        self._available_since: dict[str, float] = {}
        self._unsettled: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()
        self._leaving: dict[str, float] = {}  # topics to remove -> since when
        self._must_describe = False
        self._describe_timer: asyncio.TimerHandle | None = None

    # --- core.publisher.Publisher --------------------------------------------------------------

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._begin()
        self._announcements = Announcements(self._companions, loop.time())
        self._commands = BrokerCommands(self._hub, "mqtt", self._answer, self._image.offered, self._installs)
        self._events = count(int(self._wall() * 1000))
        self._outbox.restore(self._journal.load())
        self._book.load()
        fault = Fault()

        def deliver(facts: Sequence[Fact]) -> None:
            with fault:
                self._deliver(facts)

        unsubscribe = self._hub.subscribe(deliver)
        try:
            self._describe()
            async with asyncio.TaskGroup() as group:
                group.create_task(fault.wait(), name="publish.mqtt.fault")
                group.create_task(self._look_regularly(), name="publish.mqtt.devices")
                group.create_task(self._stay_connected(), name="publish.mqtt.connection")
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            unsubscribe()
            if self._describe_timer is not None:
                self._describe_timer.cancel()
            await self._commands.close()
            self._book.save()
            self._journal.close()

    def status(self) -> PublisherStatus:
        sent = self._sent + (self._exchange.sent if self._exchange is not None else 0)
        commands = self._commands
        counts = {
            "connections": self._connections,
            "sent": sent,
            "waiting": len(self._outbox),
            "dropped": self._outbox.dropped,
            "received": self._received,
            "commands": commands.commands if commands else 0,
            "refused": commands.refused if commands else 0,
            "retained_commands": self._retained.count,
        }
        refused = self._exchange.refused if self._exchange is not None else ()
        rights = f"The broker does not permit this user to subscribe to {', '.join(refused)}." if refused else ""
        texts = [self._text, rights, self._foreign, self._retained.text, self._journal.problem]
        return PublisherStatus(state=self._state, text=" ".join(one for one in texts if one), counts=counts)

    # --- from the hub --------------------------------------------------------------------------

    def _deliver(self, facts: Sequence[Fact]) -> None:
        notices, moments = self._image.take(facts)
        for fact in facts:
            if type(fact) is Device or type(fact) is Notice:
                self._must_describe = True
            elif type(fact) is Status:
                self._note_status(fact)
        if notices or moments:
            self._keep([*map(self._event, notices), *map(self._moment, moments)])
        if self._must_describe and self._describe_timer is None:
            loop = asyncio.get_running_loop()
            self._describe_timer = loop.call_later(DESCRIBE_S, self._describe_if_needed)
        if self._exchange is not None:
            self._exchange.wake()

    def _note_status(self, status: Status) -> None:
        if status.state not in AVAILABLE:
            self._available_since.pop(status.device, None)
        else:
            self._available_since.setdefault(status.device, asyncio.get_running_loop().time())

    def _event(self, notice: Notice) -> tuple[str, bytes]:
        device = notice.device if fits(notice.device or BRIDGE) else ""
        return self.topics.event(device), payloads.event(notice, next(self._events))

    def _moment(self, moment: MomentaryReading) -> tuple[str, bytes]:
        data = {"point": moment.point, "value": moment.value}
        words = f"{moment.point}: {moment.value}"
        return self._event(Notice(moment.device, moment.at, "reading", words, data))

    def _keep(self, messages: Sequence[tuple[str, bytes]], correlation: bytes = b"") -> None:
        """Put messages into the outbox, and on disk."""
        accepted, dropped = [], []
        for topic, payload in messages:
            message, gone = self._outbox.accept(topic, payload, correlation)
            accepted.append(message)
            dropped += gone
        self._journal.accepted(accepted)
        if dropped:
            self._journal.done(dropped, self._outbox.all())

    # --- devices -------------------------------------------------------------------------------

    async def _look_regularly(self) -> None:
        """Find devices that are gone, and publish each state again within REFRESH_S."""
        for turn in count():
            await self._look_for_firmware()
            await asyncio.sleep(LOOK_EVERY_S)
            self._describe()
            turns = int(REFRESH_S / LOOK_EVERY_S)
            for place, device in enumerate(self._image.devices):
                if place % turns == turn % turns and device.id in self._available_since:
                    self._image.touch(device.id)
            self._remove_left()
            self._book.save()
            if self._exchange is not None:
                self._exchange.wake()

    async def _look_for_firmware(self) -> None:
        devices = [one for one in self._image.devices if takes_updates(one)]
        if self._find_offers is not None and devices:
            self._image.offer(await asyncio.to_thread(self._find_offers, devices))
            self._wake()

    def _installs(self, device: str, percent: int | None) -> None:
        self._image.installs(device, percent)
        self._wake()

    def _leave(self, topics: Iterable[str]) -> None:
        """Remove the retained messages on these topics, soon."""
        now = asyncio.get_running_loop().time()
        for topic in topics:
            self._leaving.setdefault(topic, now)

    def _remove_left(self) -> None:
        exchange, now = self._exchange, asyncio.get_running_loop().time()
        if not self._leaving or exchange is None or exchange.stage != "publishing":
            return
        current = self._own_topics()
        for topic in [topic for topic, since in self._leaving.items() if now - since >= LEAVE_S]:
            del self._leaving[topic]
            if topic not in current:
                exchange.retain(topic, b"")
                self._book.topics.discard(topic)

    def _describe_if_needed(self) -> None:
        self._describe_timer = None
        if self._must_describe:
            self._describe()

    def _describe(self) -> None:
        """Take over which devices there are, and announce what changed."""
        self._must_describe = False
        facts = self._hub.snapshot()
        seen = {one.device for one in facts if type(one) is Status and one.state == "seen"}
        devices = [one for one in facts if type(one) is Device and one.id not in seen]
        if not self._available_since:
            for one in facts:
                if type(one) is Status:
                    self._note_status(one)
        is_different = self._image.describe(devices, [*facts, *self._hub.alerts()])
        self._leave(self._image.left())
        now = asyncio.get_running_loop().time()
        since = self._available_since
        unsettled = frozenset(one.id for one in devices if now - since.get(one.id, now) < SETTLED_S)
        known = frozenset(one.id for one in devices if one.info or now - since.get(one.id, now) >= KNOWN_S)
        if is_different or (unsettled, known) != (self._unsettled, self._known):
            self._unsettled, self._known = unsettled, known
            self._announce()

    def _announce(self) -> None:
        """Publish what the companions' programs are to know now."""
        if self._exchange is None or self._exchange.stage != "publishing":
            return
        now = asyncio.get_running_loop().time()
        devices, commands = self._image.devices, self._settings.commands
        for topic, messages in self._announcements.changes(devices, self._known, self._unsettled, commands, now):
            self._exchange.retain(topic, *messages)
        self._exchange.retain(self.topics.bridge_info, self._bridge_info())
        self._book.topics |= self._own_topics()

    def _own_topics(self) -> set[str]:
        bridge = {self.topics.bridge_state, self.topics.bridge_info, self.topics.bridge_alerts}
        return self._image.topics() | self._announcements.topics | bridge

    def _bridge_info(self) -> bytes:
        devices = [one.id for one in self._image.devices]
        available = sum(one in self._available_since for one in devices)
        return payloads.encode({**self._about, "hub": self._settings.hub, "devices": devices, "online": available})

    # --- the connection ------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        loop, delays = asyncio.get_running_loop(), RetryDelays()
        while True:
            try:
                reason = await self._connect_once(lambda: delays.started(loop.time()))
            except BrokerUnreachable as error:
                reason = str(error)
            self._waiting(reason)
            await asyncio.sleep(delays.next(loop.time()))

    def _waiting(self, reason: str) -> None:
        self._state, self._text = "waiting", f"{reason} It is tried again."
        if reason != self._problem:
            self._problem = reason
            log.warning("MQTT: %s", reason)
            self._notify(f"MQTT: {reason}")

    async def _connect_once(self, connected: Callable[[], None]) -> str:
        """One connection from its beginning to its end; why it ended. Raises BrokerUnreachable."""
        settings = self._settings
        will = Will(self.topics.bridge_state, OFFLINE, 1, True)
        client_id = f"unclouded-{settings.hub}"
        session = ClientSession(client_id, settings.version, settings.user, password_of(settings), will)
        exchange = self._new_exchange()
        fault = Fault()

        def report(events: Sequence[SessionEvent]) -> None:
            with fault:
                exchange.events(events)

        connection = await connect(settings, session, report, exchange.flush)
        connected()
        exchange.use(connection)
        self._exchange = exchange
        broken = asyncio.ensure_future(fault.wait())
        lost = asyncio.ensure_future(connection.wait_lost())
        try:
            await asyncio.wait({broken, lost}, return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                broken.result()  # raises the error of a callback
            return lost.result()
        finally:
            broken.cancel()
            await self._end(exchange, connection)
            await asyncio.gather(broken, lost, return_exceptions=True)

    def _new_exchange(self) -> BrokerExchange:
        births = [one.birth for one in self._companions if one.birth]
        filters = [one for companion in self._companions for one in companion.filters]
        return BrokerExchange(
            self._image,
            self._outbox,
            look=() if self._has_looked else (*self.topics.retained, *filters),
            probe=self.topics.probe,
            listen=births,
            commands=self.topics.commands if self._settings.commands else (),
            ready=self._ready,
            received=self._receive,
            done=lambda numbers: self._journal.done(numbers, self._outbox.all()),
        )

    async def _end(self, exchange: BrokerExchange, connection: MqttConnection) -> None:
        exchange.close()
        self._sent += exchange.sent
        self._exchange = None
        farewell = connection.session.publish(self.topics.bridge_state, OFFLINE, True)
        await connection.close(farewell if exchange.stage == "publishing" else b"")
        self._outbox.returned()

    def _ready(self, found: Mapping[str, bytes]) -> None:
        """The broker is ready to take everything. ``found``: what earlier runs, and others, left there."""
        exchange = self._exchange
        if exchange is None:
            return
        self._connections += 1
        devices = self._image.devices
        self._state, self._problem = "running", ""
        number = f"{len(devices)} device{'' if len(devices) == 1 else 's'}"
        self._text = f"Connected to {self._settings.place}; {number} below {self._settings.base}/."
        log.info("MQTT: %s", self._text)
        exchange.retain(self.topics.bridge_state, ONLINE)
        if not self._has_looked:
            self._has_looked = True
            self._announcements.found(found, devices)
            self._clean(found)
        else:
            for topic, messages in self._announcements.all():
                exchange.retain(topic, *messages)
        self._announce()
        self._image.refresh([one.id for one in devices])
        self._image.refresh_hub()

    def _clean(self, found: Mapping[str, bytes]) -> None:
        """Remove what an earlier run left of devices that are gone; report what is not ours."""
        current = self._own_topics()
        base = {topic: payload for topic, payload in found.items() if self.topics.is_own(topic)}
        self._leave(topic for topic in stale(base, self._book.topics, current) if not self._may_return(topic))
        elsewhere = (topic for topic in self._book.topics if not self.topics.is_own(topic))
        self._leave(elsewhere)  # of another base topic, or of a program that is no longer served
        others = foreign(base, self._book.topics) if self._book.topics else []
        self._foreign = foreign_text(others, current) if others else ""
        if others:
            log.warning("MQTT: %s", self._foreign)
            self._notify(f"MQTT: {self._foreign}")

    def _may_return(self, topic: str) -> bool:
        """Whether it is a topic of a sub-device whose gateway is there: it joins again."""
        device = topic.removeprefix(f"{self.topics.base}/").partition("/")[0]
        return any(device.startswith(f"{one.id}_") for one in self._image.devices)

    # --- from the broker -----------------------------------------------------------------------

    def _receive(self, message: BrokerMessage) -> None:
        self._received += 1
        request = self.topics.request(message.topic)
        if request is not None and self._settings.commands:
            self._command(request, message)
        elif (
            message.topic in [one.birth for one in self._companions]
            and message.payload == ONLINE
            and not message.retained
        ):
            self._publish_again()

    def _command(self, request: TopicRequest, message: BrokerMessage) -> None:
        if message.retained:
            self._refuse_retained(request, message)
        elif request.kind == "get":
            self._image.refresh([request.device])
            self._wake()
        elif self._commands is not None and message.payload:
            self._commands.take(request, message)

    def _refuse_retained(self, request: TopicRequest, message: BrokerMessage) -> None:
        text = self._retained.refuse(message.topic, message.payload)
        if text:
            log.warning("MQTT: %s", text)
            self._notify(f"MQTT: {text}")
            outcome = Outcome("refused", "It is retained. Publish commands without retain.")
            self._answer(request, message, payloads.outcome(request.device, request.point, outcome, {}))

    def _answer(self, request: TopicRequest, message: BrokerMessage, payload: bytes) -> None:
        """Publish the outcome of a command where it is asked for, or on the topic of outcomes."""
        topic = message.answer_to if self._settings.version >= V5 else ""
        if not is_topic(topic) or self.topics.is_own(topic):
            topic = self.topics.outcome(request.device)
        if fits(request.device):
            self._keep([(topic, payload)], message.correlation)
            self._wake()

    def _wake(self) -> None:
        if self._exchange is not None:
            self._exchange.wake()

    def _publish_again(self) -> None:
        """A program has started: it gets everything once more, spread over SPREAD_S."""
        loop, exchange = asyncio.get_running_loop(), self._exchange
        if exchange is None:
            return
        log.info("MQTT: a program has started and gets everything again.")
        for topic, messages in self._announcements.all():
            exchange.retain(topic, *messages)
        devices = [one.id for one in self._image.devices]
        for place, device in enumerate(devices):
            loop.call_later(SPREAD_S * (0.1 + 0.9 * place / len(devices)), self._refresh, device)

    def _refresh(self, device: str) -> None:
        self._image.refresh([device])
        self._wake()
