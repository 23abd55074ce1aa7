"""The life of one connection: look through what is retained, subscribe, publish everything, then what changes.

    opening ──► looking (only the first of a run) ──► publishing
                  retained messages of earlier runs, until our own probe comes back behind them

QoS 1 messages go as the broker's window allows; states go while the socket takes them. What is not written stays where
it is: the state in the image, the rest in the queue and in the outbox.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from unclouded.links.mqtt.packets import V5
from unclouded.publish.mqtt.connection import MqttConnection
from unclouded.publish.mqtt.image import HubImage
from unclouded.publish.mqtt.outbox import MqttOutbox
from unclouded.publish.mqtt.retained import MOST_FOUND, MOST_FOUND_BYTES, shown
from unclouded.publish.mqtt.session import (
    Accepted,
    Acknowledged,
    BrokerMessage,
    Granted,
    SessionEvent,
    response_properties,
)

log = logging.getLogger("unclouded.publish.mqtt")

LOOK_TIMEOUT_S = 5.0  # s for the retained messages of earlier runs to arrive
COALESCE_S = 0.01  # s in which facts of the same moment are collected
CHUNK_BYTES = 65_536  # that are written at once
UNKEPT = 0  # the token of a QoS 1 message that is not in the outbox: it is published again on the next connection


class BrokerExchange:
    """``ready`` is called when it is time to publish everything, with what was found retained.

    ``received`` gets the messages of subscribed topics, ``done`` the numbers of outbox messages that have arrived.
    ``look``: filters of retained messages, none = do not look. ``commands``: filters of commands, whose
    messages say whether their sender has them retained; ``listen``: other filters.
    """

    def __init__(
        self,
        image: HubImage,
        outbox: MqttOutbox,
        *,
        look: Sequence[str],
        probe: str,
        listen: Sequence[str],
        commands: Sequence[str],
        ready: Callable[[Mapping[str, bytes]], None],
        received: Callable[[BrokerMessage], None],
        done: Callable[[Sequence[int]], None],
    ) -> None:
        self.stage: Literal["opening", "looking", "publishing"] = "opening"
        self.sent = 0
        self.refused: tuple[str, ...] = ()  # filters and topics that the broker does not permit
        self.awaited = set[int]()  # numbers of subscriptions that the broker has not answered yet
        self._image = image
        self._outbox = outbox
        self._look = look
        self._probe = probe
        self._nonce = secrets.token_hex(8).encode()
        self._listen = listen
        self._commands = commands
        self._ready = ready
        self._received = received
        self._done = done
        self._found: dict[str, bytes] = {}
        self._found_bytes = 0
        self._queue: dict[str, list[bytes]] = {}  # retained messages to publish with QoS 1, by topic
        self._looking = 0  # the number of the subscription by which it looks
        self._connection: MqttConnection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._look_timer: asyncio.TimerHandle | None = None

    def use(self, connection: MqttConnection) -> None:
        """The connection that was made; the broker has not yet accepted it."""
        self._connection = connection

    def close(self) -> None:
        """The connection is over."""
        for timer in (self._timer, self._look_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._look_timer = self._connection = None

    def events(self, events: Sequence[SessionEvent]) -> None:
        """What the broker sent."""
        arrived = []
        for event in events:
            match event:
                case BrokerMessage():
                    self._message(event)
                case Acknowledged(token=token, text=text):
                    if text:
                        log.warning("A message was not passed on: %s.", text)
                    if token != UNKEPT and self._outbox.done(token):
                        arrived.append(token)
                case Granted(number=number, refused=refused):
                    self._granted(number, refused)
                case Accepted():
                    self._accepted()
        if arrived:
            self._done(arrived)
        self.flush()

    def retain(self, topic: str, *payloads: bytes) -> None:
        """Publish these retained messages one after the other; b"" removes what is there."""
        if payloads:
            self._queue.pop(topic, None)
            self._queue[topic] = list(payloads)
            self.wake()

    def wake(self) -> None:
        """There is something to publish: do so in a moment, together with what else comes."""
        if self._timer is None and self.stage == "publishing" and self._connection is not None:
            self._timer = asyncio.get_running_loop().call_later(COALESCE_S, self.flush)

    def flush(self) -> None:
        """Write what the broker's window and the socket take now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.stage == "publishing" and self._connection is not None:
            self._flush(self._connection)

    # --- inside --------------------------------------------------------------------------------

    def _flush(self, connection: MqttConnection) -> None:
        for topic, payload in self._image.due().items():
            self._queue.pop(topic, None)
            self._queue[topic] = [payload]
        self._write_queue(connection)
        self._write_outbox(connection)
        self._write_states(connection)

    def _write_queue(self, connection: MqttConnection) -> None:
        session, chunks = connection.session, []
        while self._queue and session.room and connection.takes_more():
            topic = next(iter(self._queue))
            payloads = self._queue[topic]
            payload = payloads.pop(0)
            if not payloads:
                del self._queue[topic]
            if session.fits(topic, payload):
                chunks.append(session.publish_once(UNKEPT, topic, payload, retain=True))
            else:
                log.warning("%s is too long for the broker: %d bytes.", topic, len(payload))
        self._write(connection, chunks)

    def _write_outbox(self, connection: MqttConnection) -> None:
        session, chunks = connection.session, []
        while session.room and connection.takes_more() and (message := self._outbox.next()) is not None:
            properties = response_properties(message.correlation) if session.version >= V5 else ()
            if session.fits(message.topic, message.payload):
                chunks.append(
                    session.publish_once(message.number, message.topic, message.payload, properties=properties)
                )
            elif self._outbox.done(message.number):
                log.warning("A message on %s is too long for the broker.", shown(message.topic))
                self._done([message.number])
        self._write(connection, chunks)

    def _write_states(self, connection: MqttConnection) -> None:
        if not connection.takes_more():
            return
        publish, chunks, size = connection.session.publish, [], 0
        for topic, payload in self._image.states():
            data = publish(topic, payload, True)
            chunks.append(data)
            size += len(data)
            if size > CHUNK_BYTES:
                self._write(connection, chunks)
                chunks, size = [], 0
                if not connection.takes_more():
                    break
        self._write(connection, chunks)

    def _write(self, connection: MqttConnection, chunks: Sequence[bytes]) -> None:
        if chunks:
            self.sent += len(chunks)
            connection.write(b"".join(chunks))

    def _accepted(self) -> None:
        connection = self._connection
        if connection is None or self.stage != "opening":
            return
        if not self._look:
            self._publish(connection)
            return
        self.stage = "looking"
        self._looking, data = connection.session.subscribe([*self._look, self._probe])
        connection.write(data)
        self._look_timer = asyncio.get_running_loop().call_later(LOOK_TIMEOUT_S, self._looked)

    def _granted(self, number: int, refused: Sequence[str]) -> None:
        self.refused = (*self.refused, *refused)
        self.awaited.discard(number)
        if number != self._looking or self._connection is None or self.stage != "looking":
            return
        if self._probe in refused:
            self._looked()
        else:
            self._connection.write(self._connection.session.publish(self._probe, self._nonce))

    def _message(self, message: BrokerMessage) -> None:
        if message.topic == self._probe:
            if message.payload == self._nonce:
                self._looked()
        elif self.stage == "looking":
            if message.retained and len(self._found) < MOST_FOUND and self._found_bytes < MOST_FOUND_BYTES:
                self._found[message.topic] = message.payload
                self._found_bytes += len(message.topic) + len(message.payload)
        else:
            self._received(message)

    def _looked(self) -> None:
        """All that is retained has come."""
        if self._look_timer is not None:
            self._look_timer.cancel()
        if self.stage == "looking" and self._connection is not None:
            self._connection.write(self._connection.session.unsubscribe([*self._look, self._probe]))
            self._publish(self._connection)

    def _publish(self, connection: MqttConnection) -> None:
        self.stage = "publishing"
        for filters, as_published in ((self._commands, True), (self._listen, False)):
            if filters:
                number, data = connection.session.subscribe(filters, as_published)
                self.awaited.add(number)
                connection.write(data)
        self._ready(self._found)
        self.flush()
