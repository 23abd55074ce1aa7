"""A controller and a simulated plug on fake wires, for the tests here."""

from typing import Any

import msgspec

from pair import START_UNIX, Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    Answer,
    AskBind,
    AskClock,
    LinkPath,
    LocalTime,
    Question,
    Refusal,
    Reported,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import MerossController, MerossDevice, MerossSettings, PlugOptions
from unclouded.families.meross.wire.envelope import Envelope, parse

HTTP = LinkPath(name="http", push=False, answers=True, window=1)
SERVED = LinkPath(name="http", asks=True)
BROKER = LinkPath(name="broker")

KEY = "testkey"
UUID = "19010100000000000000020000000001"
OTHER = "19010100000000000000020000000002"


def settings(**changes: object) -> MerossSettings:
    return MerossSettings(**{"key": KEY, "uuid": UUID, **changes})  # type: ignore[arg-type]  # the tests name fields


def controller(seed: int = 1, **changes: object) -> MerossController:
    return MerossController(settings(**changes), ambient(seed))


def plug(*faults: str, seed: int = 2, hardware: int = 2, **changes: Any) -> MerossDevice:
    """``changes``: fields of PlugOptions."""
    options = PlugOptions(uuid=UUID, key=KEY, dialect=f"hw{hardware}", faults=frozenset(faults))
    return MerossDevice(msgspec.structs.replace(options, **changes), ambient(seed))


def measures(watts: float = 67.379, volts: float = 238.7, amps: float = 0.418, wh: float = 180) -> WireCommand:
    """What the simulated plug measures."""
    return WireCommand(
        {
            "electricity.power": round(watts * 1000),
            "electricity.voltage": round(volts * 10),
            "electricity.current": round(amps * 1000),
            "consumption.today": round(wh),
        }
    )


def hub(side: str, question: Question) -> Answer | Refusal | None:
    """The answers of a hub that grants everything."""
    match question:
        case AskClock():
            return LocalTime(START_UNIX, 3600)
        case AskBind():
            return True
    return usual_answers(side, question)


def over_http(one: MerossController, other: MerossDevice, **wire: object) -> Pair:
    return Pair(one, other, path=HTTP, device_path=SERVED, answers=wire.pop("answers", hub), **wire)  # type: ignore[arg-type]


def over_broker(one: MerossController, other: MerossDevice, **wire: object) -> Pair:
    return Pair(one, other, path=BROKER, device_path=BROKER, answers=wire.pop("answers", hub), **wire)  # type: ignore[arg-type]


def reported(pair: Pair) -> dict[str, object]:
    """The newest value of each wire key."""
    return {key: value for event in pair.of("controller", Reported) for key, value in event.values.items()}


def messages_of(pair: Pair, side: str) -> list[str]:
    """Every message of a side, as text: "GET System.All"."""
    return [short(parse(data)) for data in pair.sent_by(side) if data]


def short(envelope: Envelope) -> str:
    return str(envelope).replace("Appliance.", "")


def fault(pair: Pair, name: str, state: str = "on") -> None:
    pair.submit(WireAction("set_fault", {"name": name, "state": state}), "device")
