"""The settings behind ``config``: their initial values, and those that are the plug's own state.

    [STA]WpaPsk: 12345678          initial; a write is kept
    [meross]dev.cfg.Key: …         the key that Config.Key wrote; in clear, as on real plugs

A write changes the plug at once; Wi-Fi, server and identity count after a restart. What is in a used slot is made up:
rules and days as JSON, as on the plug's other interfaces. Source: docs/protocols/meross.md §1.9.7.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from unclouded.families.meross.plug.rules.store import RuleStore
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.wire.messages import Day

DEFAULT_SSID, DEFAULT_PASSWORD = "MTK_SOFT_AP", "12345678"
LONGEST_VALUE = 256
MOST_NUMBER = 2**31 - 1

_STATION = """LocalAdminMAC=1 MacAddr Ssid SsidLen BssType=1 Channel=1 BW=0 WirelessMode=9 BADecline=0
AutoBA=1 HT_MCS=33 HT_BAWinSize=4 HT_GI=1 HT_PROTECT=1 HT_EXTCHA=1 WmmCapable=1 ListenInterval=1 AuthMode=0
EncrypType=1 WpaPsk WpaPskLen PMK_INFO=0 PairCipher=0 GroupCipher=0 DefaultKeyId=0
SharedKey=12345,12345,12345,12345 SharedKeyLen=5,5,5,5 PSMode=0 KeepAlivePeriod=55 BeaconLostTime=20
ApcliBWAutoUpBelow=1 StaKeepAlivePacket=1"""
_ACCESS_POINT = """LocalAdminMAC=1 MacAddr Ssid SsidLen Channel=1 BW=0 WirelessMode=9 AutoBA=1 HT_MCS=33 HT_BAWinSize=4
HT_GI=1 HT_PROTECT=1 HT_EXTCHA=1 WmmCapable=1 DtimPeriod=1 AuthMode=0 EncrypType=1 WpaPsk=12345678 WpaPskLen=8
PairCipher=0 GroupCipher=0 DefaultKeyId=0 SharedKey=11111,22222,33333,44444 SharedKeyLen=5,5,5,5 HideSSID=0
RekeyInterval=3600 AutoChannelSelect=0 BcnDisEn=0"""
_PLUG = """dev.cfg.ResetCount=0 dev.cfg.State dev.cfg.Bind dev.cfg.Key dev.cfg.bindTime dev.cfg.bindId dev.cfg.Server
dev.cfg.Port dev.cfg.BackServer dev.cfg.BackPort dev.cfg.userId dev.cfg.upgradeFlag dev.cfg.DNDMode
dev.cfg.networkTrace00:04 dev.ctl.timeZone dev.ctl.timeStamp dev.ctl.latitude dev.ctl.longitude dev.ctl.channels
dev.tim.Rule.00:19 dev.tmr.Rule.00:31 dev.atf.Rule.00:31 dev.enr.data01:30 dev.enr.VRatio dev.enr.IRatio
dev.enr.ratioFlag=0"""
_COMMON = """OpMode=1 CountryCode=CN CountryRegion=5 CountryRegionABand=3 RadioOff=0 DbgLevel=3 RTSThreshold=2347
FragThreshold=2346 BGChannelTable=1,14,0| AChannelTable=36,8,0|100,11,0|149,4,0| syslog_filters= WiFiPrivilegeEnable=0
StaFastLink=0"""
_GROUPS: Mapping[str, str] = {
    "common": _COMMON,
    "STA": _STATION,
    "AP": _ACCESS_POINT,
    "network": "IpAddr=10.10.10.1 IpNetmask=255.255.255.0 IpGateway=10.10.10.1 IpMode=dhcp",
    "meross": _PLUG,
    "factory": "dev.fac.locale=us dev.fac.uuid dev.fac.mac dev.fac.mode dev.fac.testStep=0 dev.cfg.traceInfo=",
}
GROUP_NAMES = tuple(_GROUPS)
CHANNELS = 6


def _items(group: str) -> Iterator[tuple[str, str]]:
    """Each item of a group and its initial value."""
    for word in _GROUPS[group].split():
        name, _, initial = word.partition("=")
        base, _, last = name.partition(":")
        if name == "dev.ctl.channels":
            for channel in range(CHANNELS):
                yield f"dev.ctl.switchStatus.{channel:02}", "1"
                yield f"dev.ctl.SwitchLmTime.{channel:02}", "0"
        elif last:
            for number in range(int(base[-2:]), int(last) + 1):
                yield f"{base[:-2]}{number:02}", ""
        else:
            yield name, initial


INITIAL: Mapping[str, Mapping[str, str]] = {group: dict(_items(group)) for group in _GROUPS}

Read = Callable[[SimulatedPlug, float], str]
Write = Callable[[SimulatedPlug, str, float], bool]


class LiveItem(msgspec.Struct, frozen=True):
    """An item that is a part of the plug's state. ``write``: False where the value is not valid; None = read only."""

    read: Read
    write: Write | None = None


def _text(name: str, longest: int = 64) -> LiveItem:
    def write(plug: SimulatedPlug, value: str, now: float) -> bool:
        if len(value) > longest:
            return False
        setattr(plug.settings, name, value)
        return True

    return LiveItem(lambda plug, now: str(getattr(plug.settings, name)), write)


def _number(name: str, most: int, empty_zero: bool = False, least: int = 0) -> LiveItem:
    def read(plug: SimulatedPlug, now: float) -> str:
        value = int(getattr(plug.settings, name))
        return "" if empty_zero and not value else str(value)

    def write(plug: SimulatedPlug, value: str, now: float) -> bool:
        number = whole_number(value or "0")
        if number is None or not least <= number <= most:
            return False
        setattr(plug.settings, name, type(getattr(plug.settings, name))(number))
        return True

    return LiveItem(read, write)


def whole_number(text: str) -> int | None:
    """None where it is none, or has too many digits."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 12 else None


def _overwritten(plug: SimulatedPlug, value: str, now: float) -> bool:
    """The running plug writes this item itself: the length of a name, the state of the relay."""
    return whole_number(value) is not None


def _write_ssid(plug: SimulatedPlug, value: str, now: float) -> bool:
    if len(value.encode()) > 32:
        return False
    plug.settings.ssid = "" if value == DEFAULT_SSID else value
    plug.network.use_stored_wifi()
    return True


def _write_password(plug: SimulatedPlug, value: str, now: float) -> bool:
    if len(value) > 64:
        return False
    plug.settings.wifi_password = "" if value == DEFAULT_PASSWORD else value
    plug.network.use_stored_wifi()
    return True


def _write_ratio(name: str) -> Write:
    def write(plug: SimulatedPlug, value: str, now: float) -> bool:
        number = whole_number(value)
        if number is None or not 1 <= number <= 10_000:
            return False
        setattr(plug.settings, name, number)
        return True

    return write


def write_uuid(plug: SimulatedPlug, value: str, now: float) -> bool:
    """32 characters; not all are hexadecimal on old plugs."""
    if not (len(value) == 32 and value.isascii() and value.isalnum()):
        return False
    plug.settings.uuid = value
    return True


def write_mac(plug: SimulatedPlug, value: str, now: float) -> bool:
    """Sets the MAC of the simulated plug from ``xx:xx:xx:xx:xx:xx``; False, and no change, for any other text."""
    parts = value.lower().split(":")
    if len(parts) != 6 or not all(len(part) == 2 and set(part) <= set("0123456789abcdef") for part in parts):
        return False
    plug.settings.mac = value.lower()
    return True


def _ssid(plug: SimulatedPlug) -> str:
    return plug.settings.ssid or DEFAULT_SSID


def _password(plug: SimulatedPlug) -> str:
    return plug.settings.wifi_password or (DEFAULT_PASSWORD if not plug.settings.ssid else "")


def access_point(plug: SimulatedPlug) -> str:
    """The name of the Wi-Fi that it opens in set-up mode."""
    return f"Meross_SW_{plug.mac.replace(':', '')[-4:].upper()}"


_MAC = LiveItem(lambda plug, now: plug.mac, write_mac)
_LIVE: dict[str, LiveItem] = {
    "STA MacAddr": _MAC,
    "STA Ssid": LiveItem(lambda plug, now: _ssid(plug), _write_ssid),
    "STA SsidLen": LiveItem(lambda plug, now: str(len(_ssid(plug).encode())), _overwritten),
    "STA WpaPsk": LiveItem(lambda plug, now: _password(plug), _write_password),
    "STA WpaPskLen": LiveItem(lambda plug, now: str(len(_password(plug))), _overwritten),
    "AP MacAddr": LiveItem(lambda plug, now: plug.mac),
    "AP Ssid": LiveItem(lambda plug, now: access_point(plug)),
    "AP SsidLen": LiveItem(lambda plug, now: str(len(access_point(plug)))),
    "meross dev.cfg.State": _number("is_set_up", 1),
    "meross dev.cfg.Bind": _number("was_bound", 1),
    "meross dev.cfg.Key": _text("key", 32),
    "meross dev.cfg.bindTime": _number("bind_time", MOST_NUMBER),
    "meross dev.cfg.bindId": _text("bind_id"),
    "meross dev.cfg.Server": _text("host", 253),
    "meross dev.cfg.Port": _number("port", 65_535, empty_zero=True),
    "meross dev.cfg.BackServer": _text("second_host", 253),
    "meross dev.cfg.BackPort": _number("second_port", 65_535, empty_zero=True),
    "meross dev.cfg.userId": LiveItem(
        lambda plug, now: user_id(plug), lambda plug, value, now: _write_user_id(plug, value)
    ),
    "meross dev.cfg.upgradeFlag": LiveItem(lambda plug, now: str(int(plug.is_updating))),
    "meross dev.cfg.DNDMode": _number("led_off", 1),
    "meross dev.cfg.networkTrace00": LiveItem(lambda plug, now: trace_text(plug)),
    "meross dev.ctl.timeZone": _text("timezone"),
    "meross dev.ctl.timeStamp": LiveItem(lambda plug, now: str(plug.unix(now) if plug.clock.is_set else 0)),
    "meross dev.ctl.latitude": _number("latitude", MOST_NUMBER, least=-MOST_NUMBER),
    "meross dev.ctl.longitude": _number("longitude", MOST_NUMBER, least=-MOST_NUMBER),
    "meross dev.ctl.switchStatus.00": LiveItem(lambda plug, now: str(plug.settings.onoff), _overwritten),
    "meross dev.ctl.SwitchLmTime.00": LiveItem(lambda plug, now: str(plug.settings.lm_time), _overwritten),
    "meross dev.enr.VRatio": LiveItem(lambda plug, now: str(plug.ratios.voltage_ratio), _write_ratio("voltage_ratio")),
    "meross dev.enr.IRatio": LiveItem(
        lambda plug, now: str(plug.ratios.electricity_ratio), _write_ratio("current_ratio")
    ),
    "factory dev.fac.uuid": LiveItem(lambda plug, now: plug.uuid, write_uuid),
    "factory dev.fac.mac": _MAC,
    "factory dev.fac.mode": _number("is_factory", 1),
}


def user_id(plug: SimulatedPlug) -> str:
    """The id of the account that the plug is bound to, as text; "" = it was never set up."""
    return plug.settings.user_id if plug.settings.is_set_up or plug.settings.user_id != "0" else ""


def _write_user_id(plug: SimulatedPlug, value: str) -> bool:
    if len(value) > 32:
        return False
    plug.settings.user_id = value or "0"
    return True


def trace_text(plug: SimulatedPlug) -> str:
    """Why the last attempt to join failed; "" where none has."""
    trace = plug.settings.trace
    return f"{trace.ssid},{trace.code},{trace.info}" if trace.code else ""


# --- slots ----------------------------------------------------------------------------------------


def _rule_slot(store: Callable[[SimulatedPlug], RuleStore], slot: int) -> LiveItem:
    def read(plug: SimulatedPlug, now: float) -> str:
        rules = store(plug).rules
        return json_text(rules[slot]) if slot < len(rules) else ""

    def write(plug: SimulatedPlug, value: str, now: float) -> bool:
        is_valid = store(plug).put_in_slot(slot, value.encode())
        plug.rules.rules_changed(now)
        return is_valid

    return LiveItem(read, write)


def _day_slot(slot: int) -> LiveItem:
    def read(plug: SimulatedPlug, now: float) -> str:
        day = plug.energy.slot(slot)
        return "" if day is None else json_text(day)

    def write(plug: SimulatedPlug, value: str, now: float) -> bool:
        try:
            day = msgspec.json.decode(value, type=Day) if value else None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False
        return plug.energy.put_in_slot(slot, day)

    return LiveItem(read, write)


def json_text(value: object) -> str:
    """Without a space, since values have none on the console."""
    return msgspec.json.encode(value).decode().replace(" ", "\\u0020")


_LIVE |= {f"meross dev.tmr.Rule.{slot:02}": _rule_slot(lambda plug: plug.timers, slot) for slot in range(32)}
_LIVE |= {f"meross dev.atf.Rule.{slot:02}": _rule_slot(lambda plug: plug.triggers, slot) for slot in range(32)}
_LIVE |= {f"meross dev.enr.data{slot + 1:02}": _day_slot(slot) for slot in range(30)}


# --- what the commands do -----------------------------------------------------------------------------


def shown(plug: SimulatedPlug, group: str, item: str, now: float) -> str:
    """One line of ``config show``. Raises KeyError."""
    live = _LIVE.get(f"{group} {item}")
    initial = INITIAL[group][item]
    value = plug.settings.written.get(f"{group} {item}", initial) if live is None else live.read(plug, now)
    return f"[{group}]{item}: {value}".rstrip()


def write(plug: SimulatedPlug, group: str, item: str, value: str, now: float) -> bool:
    """False where there is no such item, or the value is not valid."""
    if item not in INITIAL.get(group, {}) or len(value) > LONGEST_VALUE * 2:
        return False
    live = _LIVE.get(f"{group} {item}")
    if live is not None:
        return live.write is not None and live.write(plug, value, now)
    if len(value) > LONGEST_VALUE:
        return False
    plug.settings.written[f"{group} {item}"] = value
    return True


def reset(plug: SimulatedPlug, group: str, now: float) -> bool:
    """The initial values of a group; the identity and the calibration stay. False where there is no such group."""
    if group not in INITIAL:
        return False
    for item, initial in reversed(list(INITIAL[group].items())):  # a slot that is emptied moves those behind it
        plug.settings.written.pop(f"{group} {item}", None)
        live = _LIVE.get(f"{group} {item}")
        if live is not None and live.write is not None and live not in _KEPT:
            live.write(plug, initial, now)
    plug.settings.voltage_ratio, plug.settings.current_ratio = _ratios_after(plug, group)
    return True


def _ratios_after(plug: SimulatedPlug, group: str) -> tuple[int, int]:
    kept = plug.settings.voltage_ratio, plug.settings.current_ratio
    return (0, 0) if group == "meross" else kept


_KEPT = (_MAC, _LIVE["factory dev.fac.uuid"])
