"""What a simulated plug keeps in its flash memory: server, key and Wi-Fi, settings, rules. It survives restarts."""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.families.meross.wire.messages import Trace

KEY = "settings"  # under which it is remembered
OVER_TEMPERATURE: Mapping[str, int] = {"enable": 1, "type": 1}
STANDBY: Mapping[str, int] = {"channel": 0, "power": 0, "time": 300, "enable": 2, "alert": 2}
Rule = dict[str, Any]  # Any: JSON


class PlugSettings(msgspec.Struct, omit_defaults=True, kw_only=True):
    """``is_set_up``: it has a server, a key and a Wi-Fi, else it opens its access point.

    ``was_bound``: the server has accepted it once. ``host`` "": the server that its link was made for. ``version``: of
    a firmware that it was updated to. ``counts``: the edit counters of rules, by id. ``uuid``, ``mac`` "": those that
    it was made with. ``is_factory``: it starts in factory mode. ``resets``: how often it was unbound. ``written``: what
    the console has changed of the Wi-Fi chip, by "GROUP ITEM". ``voltage_ratio``, ``current_ratio`` 0: as calibrated.
    """

    is_set_up: bool = True
    was_bound: bool = True
    key: str = ""
    user_id: str = "0"
    host: str = ""
    port: int = 0
    second_host: str = ""
    second_port: int = 0
    ssid: str = ""
    wifi_password: str = ""
    bind_id: str = ""
    bind_time: int = 0
    uuid: str = ""
    mac: str = ""
    is_factory: bool = False
    resets: int = 0
    voltage_ratio: int = 0
    current_ratio: int = 0
    written: dict[str, str] = {}
    version: str = ""
    onoff: int = 0
    lm_time: int = 0
    timezone: str = ""
    time_rule: tuple[tuple[int, ...], ...] = ()
    longitude: int = 0
    latitude: int = 0
    led_off: int = 0
    over_temperature: dict[str, Any] = msgspec.field(default_factory=lambda: dict(OVER_TEMPERATURE))  # Any: JSON
    standby: dict[str, Any] = msgspec.field(default_factory=lambda: dict(STANDBY))  # Any: JSON
    trace: Trace = Trace()
    timers: dict[str, Rule] = {}
    triggers: dict[str, Rule] = {}
    counts: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"PlugSettings(is_set_up={self.is_set_up}, host={self.host!r})"


_decoder = msgspec.json.Decoder(PlugSettings)


def encoded(settings: PlugSettings) -> bytes:
    """The settings as JSON, as a simulated plug keeps them over a restart."""
    return msgspec.json.encode(settings)


def stored_settings(memory: bytes, first: PlugSettings) -> PlugSettings:
    """Those of an earlier run; ``first`` where there are none that can be read."""
    try:
        return _decoder.decode(memory)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return first
