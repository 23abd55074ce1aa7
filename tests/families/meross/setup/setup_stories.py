"""A set-up session and a plug that answers from a table, for the tests here."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.meross_pair import HTTP, SERVED, UUID
from pair import START_UNIX, At, Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    Advanced,
    Answer,
    AskClock,
    LocalTime,
    Question,
    Refusal,
    Settled,
    WireAction,
)
from unclouded.families.meross.setup.scripts import SetupSettings
from unclouded.families.meross.setup.session import PlugSetup
from unclouded.families.meross.wire import namespaces

SERVER = {"host": "192.168.1.2", "port": "8883", "key": "the key of this hub"}
HOME = {"ssid": "My home", "password": "a good password"}
SPRING = START_UNIX + 1_000_000
ZONE = LocalTime(START_UNIX, 3600, changes=((0.0, 3600), (SPRING, 7200)), zone="Europe/Madrid")


def network(name: str, signal: int = 80, **more: Any) -> dict[str, Any]:
    ssid = b64encode(name.encode()).decode()
    usual = {"bssid": f"2c:6e:a4:55:c6:{signal:02x}", "channel": 3, "encryption": 6, "cipher": 3}
    return {"ssid": ssid, "signal": signal, **usual, **more}


def in_set_up_mode(*networks: Any, wifix: bool = False, **more: Any) -> dict[str, Any]:
    """What a plug in set-up mode answers. ``networks``: what its scan finds; a list of lists = scan after scan."""
    answers = metering_plug()
    answers[namespaces.ALL]["all"]["system"]["firmware"] = {"version": "2.1.17", "server": "", "port": 0}
    scans = networks if networks and isinstance(networks[0], list) else [list(networks) or [network("My home")]]
    answers[namespaces.WIFI_LIST] = [{"wifiList": one} for one in scans]
    for name in (namespaces.TIME, namespaces.KEY, namespaces.WIFI, namespaces.WIFIX):
        answers.setdefault(name, {})
    if wifix:
        answers[namespaces.ABILITY]["ability"][namespaces.WIFIX] = {}
    return {**answers, **more}


class Plug(CannedDevice):
    """``sent``: the payloads that it was sent, by namespace; "" in ``without``: it answers nothing to that one."""

    def __init__(self, answers: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(answers or in_set_up_mode(), **{"key": "", **more})
        self.sent: dict[str, Any] = {}

    def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
        self.sent[namespace] = msgspec.json.decode(payload)
        return super()._answer(method, namespace, payload, now)


def zone_answers(side: str, question: Question) -> Answer | Refusal | None:
    return ZONE if isinstance(question, AskClock) else usual_answers(side, question)


def over_http(plug: Any, answers: Any = zone_answers, **settings: Any) -> tuple[Pair, PlugSetup]:
    """A session of a set-up, and the plug that answers it."""
    session = PlugSetup(SetupSettings(**settings), ambient(1))
    return Pair(session, plug, path=HTTP, device_path=SERVED, answers=answers), session


def do(pair: Pair, name: str, **args: str) -> Settled:
    """Run one action to its end."""
    ticket = pair.submit(WireAction(name, args), "controller")
    pair.run(until=pair.now + 400.0)
    found: list[Settled] = pair.of("controller", Settled)
    return next(one for one in found if one.ticket == ticket)


def steps(pair: Pair) -> list[str]:
    return [one.event.words for one in pair.events if isinstance(one, At) and isinstance(one.event, Advanced)]


__all__ = ["HOME", "SERVER", "UUID"]
