"""Keeping secrets out of captures and of what is shown: Wi-Fi passwords, WEP keys, the plug's key. Lengths stay.

    [STA]WpaPsk: 12345678     ──►  [STA]WpaPsk: ********
    config read STA WpaPsk    the lines that follow are the value
    54d9f1c2                  a line of one word that is of no known form: it may be the rest of a secret

A line that a log line interrupted is judged as a whole. Source: docs/protocols/meross_console.md §6.
"""

import re
from collections.abc import Iterable, Sequence

from unclouded.core.family import Sender
from unclouded.families.meross.console.wire.answers import FORMS, LIST, USAGE
from unclouded.families.meross.console.wire.commands import NAMES
from unclouded.families.meross.console.wire.config_keys import SECRET_KEYS
from unclouded.families.meross.console.wire.known_lines import known_line
from unclouded.families.meross.console.wire.lines import BINARY, ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.secret_words import may_hold_secret

_KEYS = b"|".join(re.escape(key.encode()) for key in sorted(SECRET_KEYS))
_SECRETS = (
    re.compile(rb"(?:" + _KEYS + rb")(?:[ \t]{0,8}[:=]|[ \t])[ \t]{0,8}([^\s][^\r\n]*)", re.IGNORECASE),
    re.compile(rb"user key[ \t]{0,16}:[ \t]{0,8}([^\s][^\r\n]*)", re.IGNORECASE),
    re.compile(
        rb"\"(?:sign|password|passwd|key|ssid|psk|pmk|token)\"[ \t]{0,8}:[ \t]{0,8}\"((?:[^\"\\]|\\.)*)", re.IGNORECASE
    ),
    re.compile(rb"\b(?:psk|passw(?:or)?d|pwd|key)[ \t]?[:=][ \t]{0,8}([^\s,;\"][^\s,;]*)", re.IGNORECASE),
)
_SECRET_READ = re.compile(
    rb"config[ \t]{1,8}read[ \t]{1,8}\S{1,20}[ \t]{1,8}(?:" + _KEYS + rb")(?:\s.*)?\Z", re.IGNORECASE | re.DOTALL
)
_LOG = b"[T: "
_BLANKED = bytes(0x2A if 0x21 <= byte < 0x7F else byte for byte in range(256))


def redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with secrets blanked."""
    if data.startswith(_LOG) and data.count(_LOG) == data.count(b"\n" + _LOG) + 1 and not _may_hold_secret(data):
        return data  # whole lines of the log
    lines = ConsoleLines()
    return b"".join(_redacted([*lines.feed(data), *lines.close()]))


def reads_secret(text: str) -> bool:
    """Whether a command asks for a secret setting."""
    return _SECRET_READ.search(text.encode("utf-8", "replace")) is not None


def masked_line(data: bytes) -> bytes:
    """A line with what its form shows to be secret blanked."""
    if not _may_hold_secret(data):
        return data
    for pattern in _SECRETS:
        data = pattern.sub(_without_value, data)
    return data


# --- inside ---------------------------------------------------------------------------------------


def _may_hold_secret(data: bytes) -> bool:
    return may_hold_secret(data.decode("latin-1"))


def _redacted(lines: Sequence[ConsoleLine]) -> Iterable[bytes]:
    is_value = False  # a secret setting was read: what follows is its value
    for group in _groups(lines):
        parts = [line for line in group if line.kind is LineKind.TEXT or (line.kind is LineKind.LOG and line.cut)]
        whole = "".join(line.text for line in parts).encode()
        is_unknown = _is_unknown_word(whole)
        hide = is_value or is_unknown or masked_line(whole) != whole
        is_value |= _SECRET_READ.search(whole) is not None
        for line in group:
            yield _line(line, hide, alone=len(group) == 1 and not is_value and not is_unknown)


def _groups(lines: Sequence[ConsoleLine]) -> Iterable[list[ConsoleLine]]:
    """Each line; one that is interrupted together with what interrupts it and with its rest."""
    group: list[ConsoleLine] = []
    for line in lines:
        if group and line.kind in (LineKind.PROMPT, LineKind.NOISE):
            yield group
            group = []
        group.append(line)
        is_open = line.cut or (line.kind is LineKind.LOG and len(group) > 1)
        if not is_open:
            yield group
            group = []
    if group:
        yield group


def _line(line: ConsoleLine, hide: bool, alone: bool) -> bytes:
    """``alone``: the line is whole, so that what stands before its secret can be seen."""
    match line.kind:
        case LineKind.LOG:
            return line.data.translate(_BLANKED) if hide and line.cut else _masked(line)
        case LineKind.TEXT if hide:
            return _masked(line) if alone else line.data.translate(_BLANKED)
        case LineKind.NOISE if line.reason != BINARY:
            return line.data.translate(_BLANKED)
    return line.data


def _masked(line: ConsoleLine) -> bytes:
    """A whole line without its secrets; all of it where control characters stand in or before one."""
    text = line.text.encode()
    if line.data.rstrip(b"\r\n") == text or masked_line(text) == text:
        return masked_line(line.data)
    return line.data.translate(_BLANKED)


def _is_unknown_word(data: bytes) -> bool:
    """Whether a line is one word of which nothing is known; a bare UUID may be the plug's key as well."""
    text = data.decode("utf-8", "replace").strip()
    if not text or " " in text or "\t" in text:
        return False
    if text in NAMES or known_line(text) is not None:
        return False
    return not any(form.fits(text) for form in _ALL_FORMS)


def _without_value(found: re.Match[bytes]) -> bytes:
    start = found.start(1) - found.start()
    return found[0][:start] + b"*" * len(found[1])


_ALL_FORMS = (*(form for name, form in FORMS.items() if name != "meross e2p uuid"), LIST, USAGE)
