"""The settings that ``config`` reads and writes: groups, keys, what is known of them, which are secret.

    [meross]dev.tim.Rule.00: {"id":"…",…}     a slot of a list: empty, or one rule
    [meross]dev.enr.data01:                   a slot of the ring of 30 days

No source shows a slot that is used. What is in one is read as JSON where it is that, as the plug's other interfaces
have rules and days; else only its text is known. Source: docs/protocols/meross_console.md §5.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class ConfigKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, or a numbered list of keys from ``first`` to ``last``. ``words``: what it is, "" where not known."""

    group: str
    key: str
    words: str = ""
    first: int = 0
    last: int = -1
    secret: bool = False

    def names(self) -> list[str]:
        """Its keys: dev.tim.Rule.00, dev.tim.Rule.01, …"""
        if self.last < 0:
            return [self.key]
        return [f"{self.key}{number:02d}" for number in range(self.first, self.last + 1)]


def _plain(group: str, *keys: str) -> list[ConfigKey]:
    """Keys of the chip maker's software whose names say what they are."""
    return [ConfigKey(group=group, key=key) for key in keys]


_RADIO = ("AutoBA", "HT_MCS", "HT_BAWinSize", "HT_GI", "HT_PROTECT", "HT_EXTCHA", "WmmCapable")
_SECURITY = ("AuthMode", "EncrypType", "WpaPskLen", "PairCipher", "GroupCipher", "DefaultKeyId", "SharedKeyLen")
_STATION = ("PSMode", "KeepAlivePeriod", "BeaconLostTime", "ApcliBWAutoUpBelow", "StaKeepAlivePacket")

CONFIG_KEYS: Sequence[ConfigKey] = (
    *_plain("common", "OpMode", "CountryCode", "CountryRegion", "CountryRegionABand", "RadioOff", "DbgLevel"),
    *_plain("common", "RTSThreshold", "FragThreshold", "BGChannelTable", "AChannelTable", "syslog_filters"),
    *_plain("common", "WiFiPrivilegeEnable", "StaFastLink"),
    *_plain("STA", "LocalAdminMAC", "MacAddr", "SsidLen", "BssType", "Channel", "BW", "WirelessMode", "BADecline"),
    ConfigKey(group="STA", key="Ssid", words="the Wi-Fi that it joins"),
    *_plain("STA", *_RADIO, "ListenInterval", *_SECURITY, *_STATION),
    ConfigKey(group="STA", key="WpaPsk", words="the password of that Wi-Fi", secret=True),
    ConfigKey(group="STA", key="PMK_INFO", words="the key derived from it", secret=True),
    ConfigKey(group="STA", key="SharedKey", words="four WEP keys", secret=True),
    *_plain("AP", "LocalAdminMAC", "MacAddr", "SsidLen", "Channel", "BW", "WirelessMode", *_RADIO, "DtimPeriod"),
    ConfigKey(group="AP", key="Ssid", words="the Wi-Fi that it opens itself, for its set-up"),
    *_plain("AP", *_SECURITY, "HideSSID", "RekeyInterval", "AutoChannelSelect", "BcnDisEn"),
    ConfigKey(group="AP", key="WpaPsk", words="the password of that Wi-Fi", secret=True),
    ConfigKey(group="AP", key="SharedKey", words="four WEP keys", secret=True),
    ConfigKey(group="network", key="IpAddr", words="its address, where it is fixed"),
    *_plain("network", "IpNetmask", "IpGateway"),
    ConfigKey(group="network", key="IpMode", words="dhcp, or a fixed address"),
    ConfigKey(group="meross", key="dev.cfg.ResetCount", words="presses of the button that count for a reset"),
    *_plain("meross", "dev.cfg.State", "dev.cfg.bindId", "dev.cfg.upgradeFlag"),
    ConfigKey(group="meross", key="dev.cfg.Bind", words="1 = set up"),
    ConfigKey(group="meross", key="dev.cfg.Key", words="the key that signs its messages", secret=True),
    ConfigKey(group="meross", key="dev.cfg.bindTime", words="when it was set up"),
    ConfigKey(group="meross", key="dev.cfg.Server", words="the host of its server"),
    ConfigKey(group="meross", key="dev.cfg.Port", words="the port of its server"),
    ConfigKey(group="meross", key="dev.cfg.BackServer", words="the host of its second server"),
    ConfigKey(group="meross", key="dev.cfg.BackPort", words="the port of its second server"),
    ConfigKey(group="meross", key="dev.cfg.userId", words="the account, part of its MQTT password"),
    ConfigKey(group="meross", key="dev.cfg.DNDMode", words="1 = the LED stays off"),
    ConfigKey(group="meross", key="dev.cfg.networkTrace", words="failures of the connection", first=0, last=4),
    ConfigKey(group="meross", key="dev.ctl.timeZone", words="the name of its time zone"),
    ConfigKey(group="meross", key="dev.ctl.timeStamp", words="the time that it keeps over a restart"),
    ConfigKey(group="meross", key="dev.ctl.latitude", words="for sunrise and sunset"),
    ConfigKey(group="meross", key="dev.ctl.longitude", words="for sunrise and sunset"),
    ConfigKey(group="meross", key="dev.ctl.switchStatus.", words="1 = the relay is on", first=0, last=5),
    ConfigKey(group="meross", key="dev.ctl.SwitchLmTime.", words="when it was switched", first=0, last=5),
    ConfigKey(group="meross", key="dev.tim.Rule.", words="a timer", first=0, last=19),
    ConfigKey(group="meross", key="dev.tmr.Rule.", words="a timer, in the later form", first=0, last=31),
    ConfigKey(group="meross", key="dev.atf.Rule.", words="a rule that switches off", first=0, last=31),
    ConfigKey(group="meross", key="dev.enr.data", words="the energy of one day", first=1, last=30),
    ConfigKey(group="meross", key="dev.enr.VRatio", words="calibration of the voltage, in hundredths"),
    ConfigKey(group="meross", key="dev.enr.IRatio", words="calibration of the current, in hundredths"),
    *_plain("meross", "dev.enr.ratioFlag"),
    ConfigKey(group="factory", key="dev.fac.locale", words="the region"),
    ConfigKey(group="factory", key="dev.fac.uuid", words="the UUID"),
    ConfigKey(group="factory", key="dev.fac.mac", words="the MAC"),
    ConfigKey(group="factory", key="dev.fac.mode", words="1 = factory mode"),
    *_plain("factory", "dev.fac.testStep", "dev.cfg.traceInfo"),
)

GROUPS = tuple(dict.fromkeys(row.group for row in CONFIG_KEYS))
SECRET_KEYS = frozenset(row.key for row in CONFIG_KEYS if row.secret)
RELAY_KEY = "dev.ctl.switchStatus.00"
_SLOT = re.compile(r"dev\.(?P<list>tim|tmr|atf)\.Rule\.(?P<slot>\d{2})|dev\.(?P<days>enr)\.data(?P<day>\d{2})")


def is_secret(key: str) -> bool:
    """Whether the value of a key is never shown; in any group, as a key may be read without one."""
    return key in SECRET_KEYS


class RuleSlot(msgspec.Struct, frozen=True):
    """A used slot of a list of rules. ``rule``: its fields, None where the text is not a JSON object."""

    list: str
    slot: int
    text: str
    rule: Mapping[str, Any] | None = None  # Any: JSON


class DaySlot(msgspec.Struct, frozen=True):
    """A used slot of the ring of days. ``date`` "" and ``energy_Wh`` None: its text has another form."""

    slot: int
    text: str
    date: str = ""
    energy_Wh: int | None = None


def slot_of(key: str, text: str) -> RuleSlot | DaySlot | None:
    """What is in a used slot; None where the key is not a slot, or it is empty."""
    found = _SLOT.fullmatch(key)
    if found is None or not text.strip():
        return None
    fields = _object(text)
    if found["list"]:
        return RuleSlot(found["list"], int(found["slot"]), text, fields)
    date, value = (fields or {}).get("date"), (fields or {}).get("value")
    if isinstance(date, str) and isinstance(value, int) and not isinstance(value, bool):
        return DaySlot(int(found["day"]), text, date, value)
    return DaySlot(int(found["day"]), text)


def list_of(key: str) -> str:
    """The list that a slot belongs to: tim, tmr, atf or enr; "" where the key is not a slot."""
    found = _SLOT.fullmatch(key)
    return "" if found is None else found["list"] or found["days"]


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
