"""Devices of the maker that are no MSS310, as peers: each has the abilities of a real model, and answers nothing else.

What a model lists and shows in System.All is that of published traces; identities are made up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from families.meross.meross_pair import KEY, UUID
from pair import START_UNIX
from unclouded.core.sessions.session import Answer, Event, Failure, LinkPath, Out, Refusal, SessionCommand, Ticket
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import ERROR, GET, SET, parse, reply, verify
from unclouded.families.meross.wire.identity import mac_of, publish_topic
from unclouded.families.meross.wire.messages import payload_of

SYSTEM = "All Hardware Firmware Debug Online Time Clock Ability Runtime Report Position DNDMode"
BASE = [
    *(f"Config.{name}" for name in ("Key", "WifiList", "Wifi", "Trace")),
    *(f"System.{name}" for name in SYSTEM.split()),
    *(f"Control.{name}" for name in ("Bind", "Unbind", "Upgrade")),
]
OLD = ["Control.Toggle", "Control.Timer", "Control.Trigger"]
NEW = ["Control.Multiple", "Control.ToggleX", "Control.TimerX", "Control.TriggerX", "Digest.TriggerX", "Digest.TimerX"]
METER = ["Control.Electricity", "Control.ConsumptionX"]
HUB = [
    "Digest.Hub",
    *(f"Hub.{name}" for name in ("Online", "ToggleX", "Exception", "SubdeviceList", "Report", "Battery")),
    *(f"Hub.Mts100.{name}" for name in ("All", "Mode", "Temperature", "Adjust", "Schedule")),
    *(f"Hub.Sensor.{name}" for name in ("All", "Latest", "TempHum", "Alert")),
]
SHUTTER = [f"RollerShutter.{name}" for name in ("Position", "State", "Config", "Adjust")]
PURIFIER = [f"Control.{name}" for name in ("Fan", "PhysicalLock", "FilterMaintenance", "Beep")]

OLD_STATE: dict[str, Any] = {"control": {"toggle": {"onoff": 0, "lmTime": 0}, "trigger": [], "timer": []}}
NEW_STATE: dict[str, Any] = {"digest": {"togglex": [{"channel": 0, "onoff": 0}], "triggerx": [], "timerx": []}}
NO_RELAY: dict[str, Any] = {"digest": {"togglex": [], "triggerx": [], "timerx": []}}
HUB_STATE: dict[str, Any] = {"digest": {"hub": {"hubId": -381895630, "mode": 0, "subdevice": []}}}

COMMON: dict[str, Any] = {
    namespaces.DND: {"DNDMode": {"mode": 0}},
    namespaces.DEBUG: {"debug": {"system": {}, "network": {}, "cloud": {"activeServer": ""}}},
    namespaces.POSITION: {"position": {"longitude": 0, "latitude": 0}},
}

MODELS: Mapping[str, tuple[Sequence[str], Mapping[str, Any]]] = {
    "mss210": ([*BASE, *OLD], OLD_STATE),
    "map100": ([*BASE, *NEW, *PURIFIER], NEW_STATE),
    "mrs100": ([*BASE, *NEW, *SHUTTER], NO_RELAY),
    "msh300": ([*(name for name in BASE if name != "System.Clock"), "Control.Multiple", *HUB], HUB_STATE),
}


class CannedDevice:
    """A peer that answers from a table. A list of payloads = the answers in turn, the last one for ever.

    ``otherwise``: what it does with what it does not have: "closes", "error" or "silent". ``unix``: its clock at
    now = 0. ``sets``: what it does with a SET of its time: "keeps", "ignores" or "refuses".
    """

    def __init__(
        self,
        answers: Mapping[str, Any],
        otherwise: str = "closes",
        unix: float = START_UNIX,
        sets: str = "keeps",
        uuid: str = UUID,
        key: str = KEY,
    ) -> None:
        self.answers = dict(answers)
        self.otherwise, self.sets = otherwise, sets
        self.asked: list[tuple[float, str]] = []
        self.set_time: list[Mapping[str, Any]] = []
        self._uuid, self._key = uuid, key
        self._ahead = unix
        self._outs: list[Out] = []
        self._path = LinkPath()

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        envelope = parse(data)
        header = envelope.header
        assert not self._key or verify(header, self._key)
        self.asked.append((now, f"{header.method} {header.namespace.removeprefix('Appliance.')}"))
        payload = self._answer(header.method, header.namespace, bytes(envelope.payload), now)
        method = ""
        if payload is None and self.otherwise == "error":
            payload, method = {"error": {"code": 5000}}, ERROR
        if payload is not None:
            answer = reply(
                header,
                payload_of(**payload),
                key=self._key,
                timestamp=int(self._ahead + now),
                from_=publish_topic(self._uuid),
                method=method,
            )
            self._outs.append(Out(bytes(answer), path=path, re=re if self._path.asks else 0))
        elif self.otherwise == "closes" and self._path.asks:
            self._outs.append(Out(b"", path=path, re=re))
        return ()

    def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
        if method == SET and namespace == namespaces.TIME:
            return self._set_time(payload, now)
        if method == SET and namespace in self.answers:
            return {}
        found = self.answers.get(namespace) if method == GET else None
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if found is not None and namespace == namespaces.ALL:
            found["all"]["system"].setdefault("time", {})["timestamp"] = int(self._ahead + now)
        return found

    def _set_time(self, payload: bytes, now: float) -> Any:
        time = msgspec.json.decode(payload)["time"]
        self.set_time.append(time)
        if self.sets == "refuses":
            return None
        if self.sets == "keeps":
            self._ahead = time["timestamp"] - now
            self.answers[namespaces.ALL]["all"]["system"]["time"] = dict(time)
        return {}

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._path = path
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        return ()

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        raise NotImplementedError

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        return ()

    def deadline(self) -> float | None:
        return None

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> Mapping[str, float]:
        return {}


def all_of(model: str, state: Mapping[str, Any], zone: str = "Europe/Madrid", online: int = 1) -> dict[str, Any]:
    """Its System.All."""
    hardware = {"type": model, "subType": "un", "version": "6.0.0", "uuid": UUID, "macAddress": mac_of(UUID)}
    firmware = {"version": "6.6.6", "server": "192.168.1.2", "port": 8883, "innerIp": "192.168.1.9"}
    rules = [[1_774_746_000, 7200, 1], [1_792_890_000, 3600, 0], [1_806_195_600, 7200, 1], [1_824_944_400, 3600, 0]]
    time = {"timezone": zone, "timeRule": rules if zone else []}
    system = {"hardware": hardware, "firmware": firmware, "time": time, "online": {"status": online}}
    return {"all": {"system": system, **state}}


def answers_of(model: str, abilities: bool = True) -> dict[str, Any]:
    """What a model answers. ``abilities``: System.Ability too."""
    names, state = MODELS[model]
    answers: dict[str, Any] = {
        namespaces.ALL: all_of(model, state),
        namespaces.RUNTIME: {"runtime": {"signal": 86}},
        namespaces.TIME: {"time": {}},
        **COMMON,
    }
    if abilities:
        answers[namespaces.ABILITY] = {
            "payloadVersion": 1,
            "ability": {f"Appliance.{name}": {} for name in names},
        }
    if any(name.startswith("Control.Toggle") for name in names):
        answers[namespaces.TOGGLE if "Control.Toggle" in names else namespaces.TOGGLEX] = {}
    return answers


def metering_plug(**system: Any) -> dict[str, Any]:
    """A plug with a meter. ``system``: arguments of ``all_of``."""
    state = {"digest": {"togglex": [{"channel": 0, "onoff": 1}], "triggerx": [], "timerx": []}}
    return {
        namespaces.ALL: all_of("mss310", state, **system),
        namespaces.ABILITY: {"ability": {f"Appliance.{name}": {} for name in [*BASE, *NEW, *METER]}},
        namespaces.RUNTIME: {"runtime": {"signal": 86}},
        namespaces.ELECTRICITY: {"electricity": {"channel": 0, "current": 0, "voltage": 2312, "power": 0}},
        namespaces.CONSUMPTIONX: {"consumptionx": []},
        **COMMON,
    }
