"""What the values of a configuration must be beyond their types: addresses, ids, links, parents, factors.

Every error names the key by its path, as msgspec does; ``places`` puts the line in its place.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import unquote

from unclouded.app.configuration.names import CONTROL, LONGEST_NAME
from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import (
    NOWHERE,
    BrokerTable,
    DeviceTable,
    HiddenText,
    HubTable,
    MerossTable,
    WeatherTable,
    WebTable,
    links_of,
)
from unclouded.core.errors import ConfigError
from unclouded.core.text.whole_number import whole_number

OWN_SCHEMES = frozenset({"serial", "pty", "tcp", "rfc2217", "listen", "http", "http-listen"})  # one device at a time
DEVICE_ID = re.compile(r"[a-z0-9_]+")
LONGEST_KEY = 64  # characters of the key of plugs; their own have 32
LEAST_INTERVAL_S = 600  # s between two requests to a weather provider at least
LEAST_SCALE, MOST_SCALE = Decimal("0.000001"), Decimal(1_000_000)  # of current transformers: 0.001 to 10,000
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")


def check_hub(hub: HubTable, where: str) -> HubTable:
    """The ``[hub]`` table; raises ConfigError for a name that is too long or has control characters."""
    if CONTROL.search(hub.name) or len(hub.name) > LONGEST_NAME:
        raise ConfigError(
            f"{where}: `$.hub.name`: a name has at most {LONGEST_NAME} characters, and no control characters."
        )
    return hub


def check_plug_key(meross: MerossTable, where: str) -> HiddenText:
    """The ``key`` of ``[meross]``; raises ConfigError, without a byte of it, where it cannot be one."""
    if meross.key and meross.key_file:
        raise ConfigError(f"{where}: `$.meross.key`: there is a `key_file` too; keep one of them.")
    key = meross.key.strip()
    if len(key) > LONGEST_KEY or not key.isprintable() or (meross.key and not key):
        raise ConfigError(f"{where}: `$.meross.key`: a key has 1 to {LONGEST_KEY} characters on one line.")
    return HiddenText(key)


def check_broker(broker: BrokerTable | None, where: str) -> BrokerTable | None:
    """The ``[broker]`` table; raises ConfigError without a host, or with a ``listen`` that is no address and port."""
    if broker is None:
        return None
    if not broker.host.split():
        raise ConfigError(f"{where}: `$.broker.host` is missing: the name or address that plugs connect to.")
    host, colon, port = broker.listen.rpartition(":")
    if not colon or not host or whole_number(port, 0, 65_535) is None:
        raise ConfigError(f"{where}: `$.broker.listen` is {broker.listen!r}; write 0.0.0.0:8883.")
    return broker


def check_port(port: int, where: str) -> int:
    """The port for downloads of firmware, 0 = any free one; raises ConfigError for what is no port."""
    if not 0 <= port <= 65_535:
        raise ConfigError(f"{where}: `$.meross.download_port` is {port}; write a port from 1 to 65535, or 0 for any.")
    return port


def place_of_web(web: WebTable) -> tuple[str, int] | None:
    """The configured address of the page; None where the hub chooses a port."""
    return _host_and_port(web.listen) if web.listen not in ("", NOWHERE) else None


def check_web(web: WebTable, where: str, key: str = "`$.web.listen`") -> WebTable:
    """The ``[web]`` table; raises ConfigError where ``listen`` (``key`` in the error) or a host name is wrong."""
    if web.listen not in ("", NOWHERE) and _host_and_port(web.listen) is None:
        raise ConfigError(f"{where}: {key} is {web.listen!r}; write 127.0.0.1:8099, 0.0.0.0:8099 or off.")
    for host in web.host.split():
        if not HOST.fullmatch(host):
            raise ConfigError(f"{where}: `$.web.host`: {host!r} is neither a host name nor an address; omit the port.")
    return web


def check_weather(weather: WeatherTable | None, where: str) -> WeatherTable | None:
    """The ``[weather]`` table; raises ConfigError where its source lacks a key, or a value cannot be."""
    if weather is None:
        return None
    place = ("latitude", "longitude")
    if not weather.source and (weather.url or weather.topic or weather.values):
        raise ConfigError(f"{where}: `$.weather.source` is missing; write fixed, open-meteo or mqtt.")
    needs = {"": place, "fixed": ("values",), "open-meteo": ("url", *place), "mqtt": ("url", "topic")}
    for key in needs[weather.source]:
        if getattr(weather, key) in ("", None, {}):
            raise ConfigError(f"{where}: `$.weather.{key}` is missing; {weather.source or 'the place'} needs it.")
    for key, most in (("latitude", 90), ("longitude", 180)):
        degrees = getattr(weather, key)
        if degrees is not None and abs(degrees) > most:
            raise ConfigError(f"{where}: `$.weather.{key}` must be a number from -{most} to {most}.")
    for name, value in weather.values.items():
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise ConfigError(f"{where}: `$.weather.values.{name}` must be a number or a text.")
    if weather.source == "open-meteo" and not weather.url.startswith(("http://", "https://")):
        raise ConfigError(f"{where}: `$.weather.url` is {weather.url!r}; write https://HOST/v1/forecast.")
    if weather.source == "mqtt" and not weather.url.startswith(("mqtt://", "mqtts://")):
        raise ConfigError(f"{where}: `$.weather.url` must be that of a broker: mqtt://192.168.1.5.")
    if not set(weather.topic).isdisjoint("+#\0"):
        raise ConfigError(f"{where}: `$.weather.topic` must be one topic, without + and #.")
    if weather.interval_s < LEAST_INTERVAL_S:
        raise ConfigError(f"{where}: `$.weather.interval_s`: {LEAST_INTERVAL_S} s is the least interval.")
    return weather


def _host_and_port(text: str) -> tuple[str, int] | None:
    """``127.0.0.1:8099``, ``[::1]:8099``, ``name:0``; None where it is none of these."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535 or not HOST.fullmatch(bare):
        return None
    return (bare, int(port)) if (":" in bare) == (bare != host) else None


PART_KEYS = ("name", "room")


def check_devices(devices: Sequence[DeviceTable], where: str) -> None:
    """Raises ConfigError where an id, parent, name, room or replaced device of the ``[[device]]`` tables is wrong."""
    ids = Counter(device.id for device in devices)
    for number, device in enumerate(devices):
        path = f"{where}: `$.device[{number}]"
        if not DEVICE_ID.fullmatch(device.id):
            raise ConfigError(f"{path}.id`: {device.id!r} may have only a to z, 0 to 9 and _.")
        if ids[device.id] > 1:
            raise ConfigError(f"{path}.id`: the id {device.id!r} is used twice.")
        if device.parent and (device.parent not in ids or device.parent == device.id):
            like = did_you_mean(device.parent, [one for one in ids if one != device.id])
            raise ConfigError(f"{path}.parent`: there is no other device {device.parent!r}.{like}")
        texts = [("name", device.name), ("room", device.room)]
        texts += [(f"parts.{id}.{key}", getattr(part, key)) for id, part in device.parts.items() for key in PART_KEYS]
        for key, text in texts:
            if CONTROL.search(text) or len(text) > LONGEST_NAME:
                what = key.rpartition(".")[2]
                raise ConfigError(
                    f"{path}.{key}`: a {what} has at most {LONGEST_NAME} characters, and no control characters."
                )
        if device.replaces in ids:
            raise ConfigError(
                f"{path}.replaces`: {device.replaces} is in the configuration; only a removed device can be replaced."
            )
        _check_wires(device, path)
        _check_limits(device, path)
    _check_links(devices, where)
    _check_parents({device.id: device.parent for device in devices}, where)


def _check_wires(device: DeviceTable, path: str) -> None:
    alone = bool(device.link or device.family)
    if alone == bool(device.channel):
        raise ConfigError(f"{path}` needs `family` and `link`, or else [[device.channel]] tables.")
    if alone and not (device.link and device.family):
        raise ConfigError(f"{path}.{'family' if device.link else 'link'}` is missing.")
    names = [channel.name for channel in device.channel]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}.channel`: two channels have the same name.")
    for point, factor in device.scale.items():
        if factor <= 0:
            raise ConfigError(f"{path}.scale.{point}`: a factor must be more than 0.")
        if not LEAST_SCALE <= factor <= MOST_SCALE:
            raise ConfigError(f"{path}.scale.{point}`: a factor from {LEAST_SCALE} to {MOST_SCALE} is needed.")


def _check_limits(device: DeviceTable, path: str) -> None:
    for point, limit in (*device.alert_above.items(), *device.alert_below.items()):
        if not math.isfinite(limit):
            table = "alert_above" if point in device.alert_above else "alert_below"
            raise ConfigError(f"{path}.{table}.{point}`: a limit must be a number.")
    for point in device.alert_above.keys() & device.alert_below.keys():
        if device.alert_above[point] < device.alert_below[point]:
            raise ConfigError(f"{path}.alert_above.{point}`: it is less than alert_below.{point}: always an alert.")


def _check_links(devices: Sequence[DeviceTable], where: str) -> None:
    """No port or address is used by two devices: the second would get the first one's bytes, or none."""
    used: dict[str, str] = {}
    for number, device in enumerate(devices):
        wires = [(f"device[{number}]", device.link)]
        wires += [(f"device[{number}].channel[{place}]", one.link) for place, one in enumerate(device.channel)]
        for path, link in wires:
            for one in links_of(link):
                port = port_of(one)
                if port and port in used:
                    whose = f"device {used[port]}" if used[port] != device.id else "this device"
                    raise ConfigError(f"{where}: `$.{path}.link`: {port} is a link of {whose} already.")
                used[port] = device.id


def port_of(link: str) -> str:
    """What only one device can use: a serial port, an address; "" where a link is shared by many or is a file."""
    scheme, _, rest = link.partition(":")
    if scheme not in OWN_SCHEMES:
        return ""
    place = rest.partition("?")[0]
    if scheme in ("serial", "pty"):
        return unquote(f"/{place.lstrip('/')}" if place.startswith("/") else place)
    return place.removeprefix("//").rpartition("@")[2].rstrip("/")


def _check_parents(parents: Mapping[str, str], where: str) -> None:
    """No device is inside itself."""
    checked = {""}
    for start in parents:
        above, one = set[str](), start
        while one not in checked:
            if one in above:
                raise ConfigError(f"{where}: `$.device`: {one} is inside itself; look at the `parent` keys.")
            above.add(one)
            one = parents[one]
        checked |= above
