"""A System.All that ends where the buffer of the plug ends: what comes before its rules is read all the same.

    …"control":{"toggle":{"onoff":1},"trigger":[{"id":"a"},{"id":   ──►   …"control":{"toggle":{"onoff":1}}}}}

A member of ``digest`` or ``control`` that was cut is left out: a part of a list is no list. A plug of hardware 1 with
ten rules sends such an answer over HTTP. Source: docs/protocols/meross.md §1.4.4.
"""

import re

from unclouded.core.errors import WireError
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import Envelope, parse
from unclouded.families.meross.wire.messages import All

LONGEST = 8_192  # bytes; buffers of plugs have 2,000 to 4,045
DEEPEST = 4  # message, payload, all, digest or control: what is inside is kept only where it is whole

# A string, whose end may be missing, or what JSON is structured by. It matches from each quote, so that no text is read
# twice.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?P<end>")?|[{}\[\],]', re.DOTALL)
_ENDS = {b"{": b"}", b"[": b"]"}


def parse_answer(data: bytes) -> Envelope:
    """Read a message; a System.All also where it was cut off behind its relays. Raises WireError."""
    try:
        return parse(data)
    except WireError:
        closed = _closed(data) if len(data) <= LONGEST else b""
        if not closed:
            raise
        envelope = parse(closed)
        if envelope.header.namespace != namespaces.ALL:
            raise
        message = namespaces.read_envelope(envelope)
        if not isinstance(message, All) or not message.toggles:
            raise
        return envelope


def _closed(data: bytes) -> bytes:
    """The message up to the last whole member that counts, with the ends that are missing; empty if there is none."""
    open_: list[bytes] = []
    kept = b""
    for token in _TOKEN.finditer(data):
        sign = token.group()
        if sign.startswith(b'"') and token["end"] is None:
            break
        if sign in _ENDS:
            open_.append(_ENDS[sign])
        elif sign in (b"}", b"]"):
            if not open_ or open_.pop() != sign:
                return b""
            end = token.end()
        elif sign == b",":
            end = token.start()
        else:
            continue
        if sign not in _ENDS and len(open_) <= DEEPEST:
            kept = data[:end] + b"".join(reversed(open_))
    return kept
