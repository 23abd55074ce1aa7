"""A plug with what newer firmware lists: settings, Multiple, energy by hour, a report of its connections."""

from collections.abc import Mapping
from typing import Any

import msgspec

from families.meross.canned_device import BASE, METER, NEW, CannedDevice, all_of
from families.meross.meross_pair import KEY, UUID
from pair import START_UNIX
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, PUSH, SET, request
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.messages import payload_of

STANDBY = {"channel": 0, "power": 0, "time": 300, "enable": 2, "alert": 2, "new": [1, 2]}
SETTINGS: dict[str, Any] = {
    namespaces.DND: {"DNDMode": {"mode": 0}},
    namespaces.OVER_TEMPERATURE_SETTING: {"overTemp": {"enable": 1, "type": 1, "new": "kept"}},
    namespaces.STANDBY_KILLER: {"config": [{**STANDBY, "channel": 1}, STANDBY]},
    namespaces.POSITION: {"position": {"longitude": 0, "latitude": 0}},
}
DEBUG = {
    "system": {"version": "8.3.15"},
    "network": {"linkStatus": "connected"},
    "cloud": {
        "activeServer": "192.168.1.2",
        "mainServer": "192.168.1.2",
        "mainPort": 8883,
        "secondServer": "",
        "secondPort": 0,
    },
}
NEWER = [
    *("Config.OverTemp", "Config.StandbyKiller", "Control.OverTemp", "Control.ConsumptionH"),
    *("Control.ConsumptionConfig",),
]


class NewerPlug(CannedDevice):
    """``most``: requests in a Multiple; 0 = it has none. ``keeps``: does a SET change anything?

    ``longest``: bytes of the payload of a Multiple. ``broken``: what it closes on, as "GET System.DNDMode".
    """

    def __init__(self, most: int = 3, keeps: bool = True, longest: int = 900, **answers: Any) -> None:
        self.keeps, self.most, self.longest = keeps, most, longest
        self.broken: set[str] = set()
        self.multiples: list[int] = []  # bytes of their payloads
        self.changes: list[tuple[str, Any]] = []
        listed: dict[str, object] = {f"Appliance.{name}": {} for name in [*BASE, *NEW, *METER, *NEWER]}
        listed[namespaces.MULTIPLE] = {"maxCmdNum": most} if most else {}
        state = {"digest": {"togglex": [{"channel": 0, "onoff": 1}]}}
        super().__init__(
            {
                namespaces.ALL: all_of("mss305", state),
                namespaces.ABILITY: {"payloadVersion": 1, "ability": listed},
                namespaces.RUNTIME: {"runtime": {"signal": 86}},
                namespaces.ELECTRICITY: {"electricity": {"channel": 0, "current": 0, "voltage": 2312, "power": 0}},
                namespaces.CONSUMPTIONX: {"consumptionx": []},
                namespaces.CONSUMPTION_H: {"consumptionH": []},
                namespaces.TOGGLEX: {"togglex": [{"channel": 0, "onoff": 1}]},
                namespaces.DEBUG: {"debug": DEBUG},
                **{name: msgspec.json.decode(msgspec.json.encode(value)) for name, value in SETTINGS.items()},
                **answers,
            }
        )

    def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
        if f"{method} {namespace.removeprefix('Appliance.')}" in self.broken:
            return None
        if (method, namespace) == (SET, namespaces.MULTIPLE):
            return self._multiple(payload, now)
        if method == SET and namespace in SETTINGS:
            self.changes.append((namespace, msgspec.json.decode(payload)))
            if self.keeps:
                self.answers[namespace] = msgspec.json.decode(payload)
            return {}
        return super()._answer(method, namespace, payload, now)

    def _multiple(self, payload: bytes, now: float) -> Any:
        items = msgspec.json.decode(payload)["multiple"]
        if not self.most:
            return None
        self.multiples.append(len(payload))
        assert len(items) <= self.most and len(payload) <= self.longest
        return {"multiple": [self._item(item, now) for item in items]}

    def _item(self, item: Mapping[str, Any], now: float) -> Any:
        header = item["header"]
        assert header["method"] == GET
        found = self._answer(GET, header["namespace"], b"{}", now)
        if found is None:
            return {"header": {**header, "method": "ERROR"}, "payload": {"error": {"code": 5000}}}
        return {"header": {**header, "method": "GETACK"}, "payload": found}


def pushed(namespace: str, method: str = PUSH, **payload: Any) -> bytes:
    """A message that a plug sends unasked."""
    return request(
        method,
        namespace,
        payload_of(**payload),
        message_id="1" * 32,
        key=KEY,
        timestamp=int(START_UNIX),
        from_=publish_topic(UUID),
    )
