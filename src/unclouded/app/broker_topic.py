"""Reading one topic of an external MQTT broker: for values that other programs publish there."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.sessions.session import Out
from unclouded.links import open_link
from unclouded.links.mqtt.broker_client import Account, broker_for
from unclouded.links.mqtt.link import MqttLink

log = logging.getLogger("unclouded.app")


class BrokerTopic:
    """A TopicListener of unclouded.links.mqtt.broker_client. It never sends.

    ``take``: gets each message; ``report``: gets the reason why there is no connection, as a sentence without its head.
    """

    publish_topic = ""
    pending = 0
    retained = True  # the values stay valid for hours

    def __init__(self, topic: str, take: Callable[[bytes], None], report: Callable[[str], None]) -> None:
        self.topics: tuple[str, ...] = (topic,)
        self._take = take
        self._report = report

    def up(self) -> None:
        log.info("Subscribed to the topic %s.", self.topics[0])

    def down(self, reason: str) -> None:
        self._report(reason)

    def received(self, data: bytes) -> None:
        self._take(data)

    def not_sent(self, out: Out) -> None:
        """Nothing is ever sent."""


async def read_topic(account: Account, topic: BrokerTopic) -> None:
    """Read a topic until cancelled; returns at once where a file of the account cannot be read."""
    try:
        broker = broker_for(account)
    except LinkRefused as error:
        topic.down(str(error))
        return
    broker.add(topic)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await broker.remove(topic)


def account_of(url: str, base: Path, key: str) -> Account:
    """The broker of ``mqtt://host?user=…&password_file=…``. Raises ConfigError, which names the key."""
    link = open_link(url, base=base)
    if not isinstance(link, MqttLink):
        raise ConfigError(f"{key} must be that of a broker: mqtt://192.168.1.5.")
    return link.account
