"""The hello of a hub is answered, and where it is not welcome, its operator can see why in the log."""

import asyncio

import pytest

from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.views import HubWelcome
from unclouded.fleet.ingest.counters import IngestCounters
from unclouded.fleet.ingest.greeter import Greeter, GreeterPlace
from unclouded.fleet.ingest.ingester import SHUT_OUT_S
from unclouded.uplink.messages import Answer, AnyMessage, Hello, HubToken, LetOut, Renew, decode_message, encode_message
from virtual_loop import story

HUB = "a" * 20


class UnknownHubs:
    """A database that knows no hub."""

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome:
        return HubWelcome(known=False)

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        raise BaseRefused("It has another key.")


async def answers_to(message: Hello | Renew, times: int) -> tuple[list[AnyMessage], IngestCounters]:
    """What a hub is answered that sends this so often, a second apart."""
    answers: list[bytes] = []

    def publish(subject: str, data: bytes) -> bool:
        answers.append(data)
        return True

    now, base, counters = asyncio.get_running_loop().time, UnknownHubs(), IngestCounters()
    greeter = Greeter(base, base, publish, lambda: 1e9, now, GreeterPlace(), counters, lambda hub: None)
    running = asyncio.create_task(greeter.run())
    for _ in range(times):
        greeter.receive(f"hello.{HUB}", encode_message(message), f"_INBOX.{HUB}.1")
        await asyncio.sleep(1)
    running.cancel()
    return [decode_message(one) for one in answers], counters


@story
async def test_a_hub_that_no_database_knows_waits_and_is_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    answers, _ = await answers_to(Hello((1,), "1.0", LetOut(), 0, {}), 2)
    assert answers == [Answer(False, wait_s=SHUT_OUT_S)] * 2
    (text,) = caplog.messages
    assert HUB in text and "unclouded fleet enrol" in text


@story
async def test_renewals_that_are_refused_are_in_the_log_once_in_ten_minutes(caplog: pytest.LogCaptureFixture) -> None:
    answers, counters = await answers_to(Renew("U"), 3)
    assert answers == [Answer(False, wait_s=SHUT_OUT_S)] * 3
    assert caplog.messages == [f"The hub {HUB} is refused: It has another key."] and counters.foreign == 3
