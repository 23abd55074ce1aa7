"""Takes out of JSON text on a wire what may be the owner's; it stays JSON, of the same length.

    {"header":{"method":"PUSH","from":"/appliance/1901…/publish"},"payload":{"devName":"Kettle","onoff":1}}
    {"header":{"method":"PUSH","from":"/appliance/0000…/publish"},"payload":{"devName":"xxxxx1","onoff":1}}

Values of members whose names say that they are private go, whatever they are; so do all inside of them. Of other
texts, and of names, only words of the protocols stay. Numbers stay.
"""

import re

from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import is_field
from unclouded.core.views.json_parts import TOKEN

PRIVATE = re.compile(
    r"(?!namespace$)(?:.*name|nick.*|alias|title|label|remark|text|message|note|.*ssid|pass.*|pwd|.*key|.*token|secret"
    r"|psk|pmk|sign|user.*|uid|account.*|mail|e_?mail|phone.*|mobile|lat|lon|lng|latitude|longitude|address|city|home.*"
    r"|room.*|.*serial.*|imei|imsi|iccid|avatar|gps|.*pin|pin_?code|zip.*|post_?code|street|district|province|tele?.*"
    r"|owner.*|family_?id|cookie|auth.*|credential.*|time_?zone)",
    re.IGNORECASE,
)
QUOTE = b'"'
LITERALS = (b"true", b"false", b"null")


class JsonCleaner:
    """``cleaner``: for texts; its words must have no labels, so that lengths stay."""

    def __init__(self, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner

    def clean(self, data: bytes) -> bytes:
        """The same with what is private replaced."""
        return _JsonPass(self._cleaner).run(data)


class _JsonPass:
    """One pass over one text: token after token."""

    def __init__(self, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        self._parts: list[bytes] = []
        self._depth = 0
        self._private_from: int | None = None  # the depth from which all is private
        self._is_private = False  # the next value is
        self._pending: bytes | None = None  # a string or word: a name, if a colon follows

    def run(self, data: bytes) -> bytes:
        at = 0
        for found in TOKEN.finditer(data):
            self._between(data[at : found.start()], found[0])
            self._token(found[0])
            at = found.end()
        self._flush()
        self._parts.append(data[at:])
        return b"".join(self._parts)

    # --- inside --------------------------------------------------------------------------------

    def _between(self, blanks: bytes, token: bytes) -> None:
        if blanks and token != b":":
            self._flush()
        if blanks and self._pending is not None:  # blanks between a name and its colon
            self._name()
        self._parts.append(blanks)

    def _token(self, token: bytes) -> None:
        if token == b":":
            self._name()
            self._parts.append(token)
            return
        self._flush()
        match token:
            case b"{" | b"[":
                self._depth += 1
                if self._is_private and self._private_from is None:
                    self._private_from = self._depth
                self._is_private = False
            case b"}" | b"]":
                if self._depth == self._private_from:
                    self._private_from = None
                self._depth -= 1
            case b",":
                pass
            case _:
                self._pending = token
                return
        self._parts.append(token)

    def _name(self) -> None:
        token, self._pending = self._pending, None
        if token is None:
            return
        name = token.strip(QUOTE).decode("utf-8", "replace").strip()
        self._is_private = PRIVATE.fullmatch(name) is not None or "\\" in name
        self._parts.append(token if is_field(name) else self._text(token, is_private=False))

    def _flush(self) -> None:
        """What is pending is a value."""
        token, self._pending = self._pending, None
        if token is None:
            return
        is_private = self._is_private or self._private_from is not None
        self._is_private = False
        if token.startswith(QUOTE):
            self._parts.append(self._text(token, is_private))
        else:
            self._parts.append(self._bare(token, is_private))

    def _text(self, token: bytes, is_private: bool) -> bytes:
        """A string with or without its quotes."""
        start = 1 if token.startswith(QUOTE) else 0
        end = len(token) - (1 if len(token) > 1 and token.endswith(QUOTE) else 0)
        inside = token[start:end]
        if b"\\" in inside or not inside.isascii() or is_private:
            return token[:start] + filled(inside) + token[end:]
        return token[:start] + cleaned_ascii(self._cleaner, inside) + token[end:]

    def _bare(self, token: bytes, is_private: bool) -> bytes:
        """A number or a word."""
        number = re.fullmatch(rb"-?\d+(\.\d*)?(?:[eE][+-]?\d+)?", token)
        if token in LITERALS:
            return token
        if is_private:
            return zeroed(token) if number else filled(token)
        if number:
            return token
        return cleaned_ascii(self._cleaner, token) if token.isascii() else filled(token)


def cleaned_ascii(cleaner: TextCleaner, data: bytes) -> bytes:
    """ASCII text, cleaned; of the same length."""
    cleaned = cleaner.plain(data.decode("ascii")).encode()
    return cleaned if len(cleaned) == len(data) else filled(data)


def filled(data: bytes) -> bytes:
    """As many bytes that say nothing; an empty text and stars stay."""
    return data if not data.strip(b"*") else b"x" * len(data)


def zeroed(number: bytes) -> bytes:
    """A number that says nothing: 1000.00, -1.000; zero stays."""
    if not number.strip(b"-0."):
        return number
    digits, is_first = bytearray(), True
    for byte in number:
        is_digit = 0x30 <= byte <= 0x39
        digits.append(0x31 if is_digit and is_first else 0x30 if is_digit else byte)
        is_first = is_first and not is_digit
    return bytes(digits)
