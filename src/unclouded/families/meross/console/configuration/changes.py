"""What is to be written, setting by setting: a server, a Wi-Fi, or what a backup has.

    [meross]dev.cfg.Server: mqtt.example ──► config write meross dev.cfg.Server 192.168.1.2

The console knows no quoting: a value cannot be empty, and has no space. Where no source shows what a plug that is bound
has there (``dev.cfg.State``, ``PMK_INFO``), the choice is marked. Source: docs/protocols/meross_console.md §5, §7.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.wire.answers import HIDDEN
from unclouded.families.meross.console.wire.commands import LONGEST
from unclouded.families.meross.console.wire.config_keys import is_secret

DEFAULT_SSID = "MTK_SOFT_AP"  # of a plug that has no Wi-Fi
LONGEST_KEY, LONGEST_SSID = 32, 32
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 63
PROTECTED, OPEN = (9, 8), (0, 1)  # AuthMode and EncrypType, as a scan shows them for WPA2 and for no password
USER_ID = "0"  # the account of plugs that no account owns, as over Wi-Fi

EMPTY = (
    "this console cannot make a value empty. A plug that is to have no server is reset instead: hold its button for 5"
    " seconds, or meross iot unbind"
)

# What a restore leaves as it is: identity, what the plug writes itself, and what moves the relay.
_LEFT_OUT = re.compile(
    r"STA MacAddr|AP (?:MacAddr|Ssid|SsidLen)|factory .*|meross (?:dev\.cfg\.(?:ResetCount|upgradeFlag|"
    r"networkTrace\d+|bindTime)|dev\.ctl\.(?:timeStamp|switchStatus\.\d+|SwitchLmTime\.\d+)|dev\.enr\.data\d+)"
)

Settings = Mapping[tuple[str, str], str]  # by group and key


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One ``config write``. ``before``: the value now. Its ``repr`` shows no secret."""

    group: str
    key: str
    value: str
    before: str = ""

    @property
    def name(self) -> str:
        return f"{self.group} {self.key}"

    @property
    def shown(self) -> "ShownChange":
        """The same without secrets."""
        if not is_secret(self.key):
            return ShownChange(self.group, self.key, self.value, self.before)
        return ShownChange(self.group, self.key, HIDDEN, HIDDEN if self.before else "")

    @property
    def problem(self) -> str:
        """Why this console cannot take the value, "" = it can."""
        if not self.value:
            return EMPTY
        if not (self.value.isascii() and self.value.isprintable()) or " " in self.value:
            return "it has a space or another character that this console cannot take"
        if len(f"config write {self.name} {self.value}") > LONGEST:
            return f"the command would have more than {LONGEST} characters"
        return ""

    def __repr__(self) -> str:
        return f"SettingChange({self.name!r})"


class ShownChange(msgspec.Struct, frozen=True):
    """A change as it is shown: ``value`` and ``before`` of a secret are hidden."""

    group: str
    key: str
    value: str
    before: str = ""


def changed(wanted: Iterable[tuple[str, str, str]], now: Settings) -> list[SettingChange]:
    """Those of (group, key, value) that differ from what the plug has."""
    changes = [
        SettingChange(group=group, key=key, value=value, before=now.get((group, key), ""))
        for group, key, value in wanted
    ]
    return [one for one in changes if one.value != one.before]


def server_of(now: Settings) -> str:
    """The server that a plug has, host:port; "" = none."""
    host, port = now.get(("meross", "dev.cfg.Server"), ""), now.get(("meross", "dev.cfg.Port"), "")
    return f"{host}:{port}" if host else ""


def has_wifi(now: Settings) -> bool:
    """Whether it has a Wi-Fi to join, and was set up with it."""
    ssid = now.get(("STA", "Ssid"), "")
    return ssid not in ("", DEFAULT_SSID) and now.get(("meross", "dev.cfg.State")) != "0"


def server_settings(host: str, port: int, second_host: str, key: str) -> list[tuple[str, str, str]]:
    """Both servers, the key and the account. Raises CommandError for what this console cannot take."""
    if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", host) or not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", second_host):
        raise CommandError(f"{host!r} is not a server that a plug can have. Write its address: 192.168.1.2.")
    if not key or len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        raise CommandError(
            f"The key of the hub cannot be written on this console: it must have 1 to {LONGEST_KEY} characters without"
            " spaces. A hub makes such a key by itself where [meross] names no key_file."
        )
    return [
        ("meross", "dev.cfg.Server", host),
        ("meross", "dev.cfg.Port", str(port)),
        ("meross", "dev.cfg.BackServer", second_host),
        ("meross", "dev.cfg.BackPort", str(port)),
        ("meross", "dev.cfg.Key", key),
        ("meross", "dev.cfg.userId", USER_ID),
    ]


def wifi_settings(ssid: str, password: str, security: tuple[int, int] | None = None) -> list[tuple[str, str, str]]:
    """The Wi-Fi to join. ``security``: as the scan shows it, None = it is in no scan.

    Made up, since no source shows a plug that is bound: that ``dev.cfg.State`` is 1 then, and that ``PMK_INFO``, which
    belongs to the old password, begins at 0 as in the transcript.
    Raises CommandError for a name or a password that this console cannot take; it shows no password.
    """
    if not 0 < len(ssid) <= LONGEST_SSID or not (ssid.isascii() and ssid.isprintable()) or " " in ssid:
        raise CommandError(
            f"This console cannot take the name {ssid[:80]!r}: it must have 1 to {LONGEST_SSID} ASCII characters"
            " without spaces. Set the plug up by its own Wi-Fi instead: unclouded setup."
        )
    auth, cipher = security or (PROTECTED if password else OPEN)
    is_open = (auth, cipher) == OPEN
    if not is_open:
        _check_password(password)
    secret = [] if is_open else [("STA", "WpaPsk", password), ("STA", "WpaPskLen", str(len(password)))]
    return [
        ("STA", "Ssid", ssid),
        ("STA", "SsidLen", str(len(ssid))),
        ("STA", "AuthMode", str(auth)),
        ("STA", "EncrypType", str(cipher)),
        *secret,
        ("STA", "PMK_INFO", "0"),
        ("meross", "dev.cfg.State", "1"),
    ]


def restored_settings(backup: Settings) -> list[tuple[str, str, str]]:
    """What a backup has of the settings that can be written back."""
    return [(group, key, value) for (group, key), value in backup.items() if not _LEFT_OUT.fullmatch(f"{group} {key}")]


def parted(changes: Sequence[SettingChange]) -> tuple[list[SettingChange], list[SettingChange]]:
    """What can be written on this console, and what cannot."""
    return [one for one in changes if not one.problem], [one for one in changes if one.problem]


def _check_password(password: str) -> None:
    if not password:
        raise CommandError("This Wi-Fi has a password: name a file with it, --wifi-password-file FILE, or - for stdin.")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise CommandError(f"The password of a Wi-Fi has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    if not (password.isascii() and password.isprintable()) or " " in password:
        raise CommandError(
            "This console cannot take a password with spaces or other than ASCII characters. Set the plug up by its own"
            " Wi-Fi instead: unclouded setup."
        )
