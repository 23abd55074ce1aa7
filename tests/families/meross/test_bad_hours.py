"""A plug that fails in every way for a while, and then works: the controller recovers, and never runs in circles."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.encrypting_plug import EncryptingPlug
from families.meross.meross_pair import HTTP, SERVED, controller, hub, measures, reported
from families.meross.newer_plug import NewerPlug
from pair import Pair
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Online, Out, Settled, WireCommand

MISTAKES = ("close", "half", "garbage", "clear", "empty", "other")
WITH_ERRORS = (*MISTAKES, "error")  # an ERROR means that the plug lacks the namespace in this connection
BAD_S, GOOD_S = 600.0, 400.0
COMMANDS = [{"onoff": True}, {"onoff": False}, {"led": False}, {"led": True}]


class BadHours:
    """A mixin: what the plug does wrong, by chance, until ``until``."""

    rng: random.Random
    share = 0.6
    until = BAD_S
    mistakes: tuple[str, ...] = MISTAKES
    received = 0
    now = 0.0

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Any:
        self.received += 1
        self.now = now
        return super().receive(data, now, path, re)  # type: ignore[misc]

    def outgoing(self, now: float) -> list[Out]:
        return [one for out in super().outgoing(now) if (one := self._mangled(out)) is not None]  # type: ignore[misc]

    def _mangled(self, out: Out) -> Out | None:
        if self.now >= self.until or not out.re or self.rng.random() > self.share:
            return out
        data = out.data
        match self.rng.choice(self.mistakes):
            case "close":
                data = b""
            case "half":
                data = data[: len(data) // 2]
            case "garbage":
                data = self.rng.randbytes(40)
            case "clear":
                data = b'{"header":{"messageId":"1","method":"GETACK","namespace":"Appliance.System.All"},"payload":{}}'
            case "empty":
                data = b"{}"
            case "other" if b'"ability"' not in data:
                data = data.replace(b"Control.Electricity", b"Control.Trapeze")
            case "error":
                data = data.replace(b'"GETACK"', b'"ERROR"')
        return Out(data, out.id, out.path, out.re)


class BadEncryptingPlug(BadHours, EncryptingPlug):
    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Any:
        if now < self.until and self.rng.random() < 0.02:
            self.encrypts = not self.encrypts
        return super().receive(data, now, path, re)


class BadNewerPlug(BadHours, NewerPlug):
    def outgoing(self, now: float) -> list[Out]:
        if now < self.until and self.rng.random() < 0.05:
            self.broken = {self.rng.choice(["SET Control.Multiple", "GET System.DNDMode", "SET System.DNDMode"])}
        elif now >= self.until:
            self.broken = set()
        return super().outgoing(now)


def story(device: Any, seed: int) -> tuple[Pair, str]:
    """Commands through the bad hours, each settled once; and the result of one in the good time after them."""
    device.rng = random.Random(seed)
    pair = Pair(controller(), device, path=HTTP, device_path=SERVED, answers=hub)
    tickets = []
    while pair.now < BAD_S:
        pair.run(until=pair.now + device.rng.uniform(5.0, 60.0))
        tickets.append(_submit(pair, device.rng.choice(COMMANDS)))
    pair.run(until=BAD_S + GOOD_S)
    last = _submit(pair, {"onoff": True})
    pair.run(until=pair.now + 30.0)
    settled = Counter(event.ticket for event in pair.of("controller", Settled))
    assert all(settled[ticket] == 1 for ticket in [*tickets, last] if ticket)
    (result,) = (event.result for event in pair.of("controller", Settled) if event.ticket == last)
    return pair, result


def _submit(pair: Pair, values: dict[str, Any]) -> int:
    try:
        return pair.submit(WireCommand(values))
    except CommandError as error:
        assert "firmware does not list it" in str(error) or "has no relay" in str(error)
        return 0


@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.95]))
@settings(max_examples=25, deadline=None)
def test_an_encrypting_plug_recovers_from_bad_hours(seed: int, share: float) -> None:
    device = BadEncryptingPlug()
    device.share, device.mistakes = share, WITH_ERRORS
    pair, result = story(device, seed)
    assert result == "confirmed" and Online() in pair.of("controller")
    assert device.received < 1500, "about one request in a second, and the polls"


@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.95]))
@settings(max_examples=25, deadline=None)
def test_a_plug_with_settings_and_multiple_recovers_from_bad_hours(seed: int, share: float) -> None:
    device = BadNewerPlug()
    device.share = share
    _, result = story(device, seed)
    assert result == "confirmed"
    assert device.received < 1500


@pytest.mark.parametrize("seed", range(3))
def test_the_values_of_an_encrypting_plug_go_on_after_bad_hours(seed: int) -> None:
    device = BadEncryptingPlug()
    device.rng = random.Random(seed)
    pair = Pair(controller(), device, path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=BAD_S + GOOD_S)
    pair.submit(measures(watts=12.345), "device")
    pair.run(until=pair.now + 60.0)
    assert reported(pair)["electricity.power"] == 12_345
