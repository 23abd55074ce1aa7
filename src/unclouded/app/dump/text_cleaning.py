"""Takes out of a text what may be the owner's; what stays is listed, not what goes.

    heater is offline: 192.168.1.57 refuses port 6638 at 2026-11-30T12:00:00Z
    device_1 is offline: 000.000.0.02 refuses port 6638 at 2026-11-30T12:00:00Z

Read once from left to right. Replaced: what is known to be private; addresses, mail addresses, host names, long
numbers, places on the earth; and every word that is none of the program's. Kept: words of the program, short numbers,
versions, times, names of serial ports.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping

from unclouded.app.dump.pseudonyms import SECRET, Pseudonyms

IPV4 = r"\d{1,3}(?:\.\d{1,3}){3,}"
GROUP = "[0-9A-Fa-f]{1,4}"  # of an IPv6 address
SECRET_NAMES = (
    "pin|pin_?code|pass(?:word|wd|code|phrase|key)?|pwd|psk|ssid|token|secret|key|lat(?:itude)?|lo?ng?(?:itude)?"
)
ASSIGNED = r"(?P<sign>\s?=\s?|:\s?(?=\S{0,64}\d))"  # after a colon words go on with the sentence
CONTINENTS = (
    "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Europe|Indian|Mexico|Pacific|US"
)
# Alternatives in the order in which they are tried at a place.
PATTERNS = (
    ("time", r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?"),
    ("login", r"(?<=://)[^\s/]{1,200}@"),  # user:password@ of a URL
    ("assigned", rf"(?P<name>(?:\w{{1,30}}[_-])?(?:{SECRET_NAMES})){ASSIGNED}(?P<value>[^\s,;&]{{1,200}})"),
    ("mail", r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}"),
    ("mac", r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,7}(?![\w:-])|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?![\w.])"),
    ("bytes", r"[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){5,63}(?!\w)"),
    ("ipv6", rf"(?:(?:{GROUP}:){{1,7}}:|::|(?:{GROUP}:){{3,7}})(?:{GROUP}:){{0,6}}(?:{IPV4}|{GROUP})?(?:%\w+)?"),
    ("uuid", r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    ("ipv4", rf"(?:[^\W\d]{{1,20}})?{IPV4}"),
    ("phone", r"\+\d{1,3}(?:[ /-]?\(?\d{1,6}\)?){2,6}|\d{4}(?:[ -]\d{4}){2,7}(?:[ -]\d{1,4})?"),
    ("place", r"[-+]?\d{1,3}[.,]\d{4,}"),
    ("zone", rf"(?:{CONTINENTS})/[A-Za-z_-]{{2,30}}(?:/[A-Za-z_-]{{2,30}})?"),  # shows where its owner lives
    ("version", r"\d{1,4}(?:\.\d{1,4}){1,2}(?![\w.])"),
    ("port", r"tty(?:USB|ACM|AMA|S)\d{1,3}\b"),
    ("host", r"(?:[A-Za-z0-9][\w-]{0,62}\.){1,6}[A-Za-z][\w-]{1,62}"),
    ("word", r"[^\W_](?:\w*[^\W_])?|_+"),
)
KEPT_ADDRESSES = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})
LONGEST_NUMBER = 6  # digits
UNIT = re.compile(r"\d{1,6}(?:ms|s|m|h|d|W|V|A|Wh|kWh|Hz|kB|MB|GB)")
QUOTED = re.compile(r"'[^'\n]{1,200}'|\"[^\"\n]{1,200}\"")
LEAST_KNOWN = 2  # characters of a word that is known to be private


class TextCleaner:
    """``known``: private words -> their labels, "" = a pseudonym of the same length. ``words``: those that are kept.

    ``public``: further ones that are, in the exact spelling. ``secrets``: are blanked wherever they stand.
    """

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        words: Collection[str],
        known: Mapping[str, str] = {},
        public: Iterable[str] = (),
        secrets: Iterable[str] = (),
    ) -> None:
        self._pseudonyms = pseudonyms
        self._words = words
        self._public = frozenset(public)
        self._known = {composed(word).lower(): label for word, label in known.items() if len(word) >= LEAST_KNOWN}
        self._secrets = sorted({composed(one) for one in secrets if one}, key=len, reverse=True)
        self._pattern = _pattern(self._known)

    def text(self, text: str) -> str:
        """One line or several; of what is quoted only a single word of the program stays."""
        return self.plain(QUOTED.sub(self._quoted, self._without_secrets(text)))

    def plain(self, text: str) -> str:
        """The same without a rule for quotes. Where no word has a label, its length stays."""
        return self._pattern.sub(self._replaced, self._without_secrets(text))

    def is_public(self, word: str) -> bool:
        """Whether a word stays as it is."""
        return word.lower() in self._words or word in self._public

    # --- inside --------------------------------------------------------------------------------

    def _without_secrets(self, text: str) -> str:
        text = composed(text)
        for one in self._secrets:
            if one in text:
                text = text.replace(one, SECRET * len(one))
        return text

    def _quoted(self, found: re.Match[str]) -> str:
        inside = found[0][1:-1]
        if self.is_public(inside) or inside.lower() in self._known or set(inside) == {SECRET}:
            return found[0]
        cleaned = self.plain(inside)
        return found[0] if cleaned == inside and " " not in inside else f"{found[0][0]}…{found[0][0]}"

    def _replaced(self, found: re.Match[str]) -> str:
        kind, word = found.lastgroup, found[0]
        rule = _RULES.get(kind or "", _never)
        if kind == "known":
            return self._known.get(word.lower()) or self._pseudonyms.of(word)
        if kind == "assigned":
            return found["name"] + found["sign"] + self._value(found["value"])
        return word if rule(word) or self._is_kept(kind, word) else self._pseudonyms.of(word)

    def _value(self, value: str) -> str:
        return value if set(value) == {SECRET} else self._pseudonyms.of(value)

    def _is_kept(self, kind: str | None, word: str) -> bool:
        if word in self._public:
            return True
        return kind in ("word", "host") and all(self.is_public(one) for one in word.split("."))


def composed(text: str) -> str:
    """Letters with their accents as one character each: programs write the same name in both ways."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _pattern(known: Collection[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True))
    alternatives = [f"(?P<known>(?<!\\w)(?:{words})(?!\\w))"] if words else []
    alternatives += [f"(?P<{name}>(?<![\\w])(?:{pattern}))" for name, pattern in PATTERNS[:-1]]
    return re.compile("|".join([*alternatives, f"(?P<word>{PATTERNS[-1][1]})"]), re.IGNORECASE)


def _always(word: str) -> bool:
    return True


def _never(word: str) -> bool:
    return False


def _is_plain_word(word: str) -> bool:
    """Single letters, underlines, short numbers, also with a unit."""
    if word.isdecimal():
        return len(word) <= LONGEST_NUMBER
    return len(word) == 1 or set(word) == {"_"} or UNIT.fullmatch(word) is not None


_RULES: Mapping[str, Callable[[str], bool]] = {
    "time": _always,
    "version": _always,
    "port": _always,
    "ipv4": KEPT_ADDRESSES.__contains__,
    "ipv6": KEPT_ADDRESSES.__contains__,
    "word": _is_plain_word,
}
