"""What is typed on the console: characters become lines; each is echoed.

    "hw", BS, "w", CR   ─►  echo "hw", BS SP BS, "w", CR LF    the line "hw"
    CR, LF, CR LF       end a line      BS, DEL   erase a character      Ctrl-C   gives the line up
    ESC [ A             keys of terminals, which the shell does not know: ignored, as other control characters are

No source shows how the shell edits a line; this is made up. The length of a line is bounded: what is longer is lost.
"""

import re
from collections.abc import Iterator

import msgspec

LONGEST_TYPED = 512  # characters of a line; made up
_TOKEN = re.compile(rb"[\x20-\x7e\x80-\xff]+|[\x00-\x02\x04-\x07\x09\x0b\x0c\x0e-\x1a\x1c-\x1f]+|[\x00-\x1f\x7f]")
_END_OF_KEY = re.compile(rb"[@-~]")
CR, LF, ESC, ERASES, CTRL_C = b"\r", b"\n", b"\x1b", (b"\x08", b"\x7f"), b"\x03"


class Typed(msgspec.Struct, frozen=True, gc=False):
    """``echo``: what the terminal gets to see. ``line``: a line that is complete. ``gave_up``: by Ctrl-C.

    ``used``: bytes of complete lines; ``lost``: bytes that mean nothing, because of ``reason``.
    """

    echo: bytes = b""
    line: str | None = None
    gave_up: bool = False
    used: int = 0
    lost: int = 0
    reason: str = ""


class LineEditor:
    """``held``: the characters of the line that is being typed."""

    def __init__(self) -> None:
        self.held = bytearray()
        self._is_after_cr = False
        self._key = 0  # 1 = behind ESC, 2 = behind ESC [ or ESC O

    def clear(self) -> int:
        """Forget the line; how many characters it had."""
        self._is_after_cr, self._key = False, 0
        return self._take_line()

    def feed(self, data: bytes) -> Iterator[Typed]:
        """To be read to its end; what a line does may happen in between."""
        for found in _TOKEN.finditer(data):
            token = found[0]
            if self._key:
                ignored = self._of_key(token)
                if ignored:
                    yield Typed(lost=ignored, reason="a key that the shell does not know")
                token = token[ignored:]
            if token[:1] >= b" " and token != b"\x7f":
                yield from self._characters(token)
            elif token:
                yield self._control(token)

    def _of_key(self, token: bytes) -> int:
        """How many bytes at the beginning of a token belong to a key that has begun with ESC."""
        if token < b" ":
            self._key = 0
            return 0
        size = 0
        if self._key == 1:
            size, self._key = 1, 2 if token[:1] in (b"[", b"O") else 0
        if self._key == 2:
            end = _END_OF_KEY.search(token, size)
            self._key, size = (0, end.end()) if end else (2, len(token))
        return size

    def _characters(self, token: bytes) -> Iterator[Typed]:
        self._is_after_cr = False
        room = LONGEST_TYPED - len(self.held)
        kept, over = token[:room], token[room:]
        self.held += kept
        if kept:
            yield Typed(echo=kept)
        if over:
            yield Typed(lost=len(over), reason="a line that is too long")

    def _control(self, token: bytes) -> Typed:
        was_after_cr, self._is_after_cr = self._is_after_cr, token == CR
        if token == LF and was_after_cr:
            return Typed(used=1)
        if token in (CR, LF):
            line = self.held.decode("latin-1")
            return Typed(echo=b"\r\n", line=line, used=self._take_line() + 1)
        if token == CTRL_C:
            return Typed(echo=b"^C\r\n", gave_up=True, lost=self._take_line() + 1, reason="given up")
        if token in ERASES and self.held:
            self.held.pop()
            return Typed(echo=b"\b \b", lost=2, reason="erased")
        self._key = int(token == ESC)
        return Typed(lost=len(token), reason="a control character")

    def _take_line(self) -> int:
        """Its characters have been used; how many there were."""
        size = len(self.held)
        self.held.clear()
        return size
