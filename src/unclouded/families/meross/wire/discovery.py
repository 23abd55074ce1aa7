"""Discovery by UDP: which plugs are in this network.

    controller ── broadcast, port 9988 ──►                  {"id": "49f33d8a…", "devName": "*"}
    plug       ── to the sender's address, port 9989 ──►    {"devName": "mss310", "devHardWare": "2.0.0", "ip": …, …}

No key is needed, and nothing is signed. Source: docs/protocols/meross.md §1.4.5.
"""

import msgspec

from unclouded.core.errors import WireError

QUESTION_PORT, ANSWER_PORT = 9988, 9989
QUESTION_ID = "49f33d8a2de2f2089ccf45ba8cdd4440"  # the one that other controllers use
ANY = "*"

Number = int | str


class DiscoveryQuestion(msgspec.Struct, frozen=True, rename="camel"):
    """``dev_name``: "*" = every device."""

    id: str = ""
    dev_name: str = ""

    def __bytes__(self) -> bytes:
        return msgspec.json.encode(self)


class DiscoveredPlug(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of a plug. ``ip`` and ``port``: of its HTTP interface."""

    dev_name: str = ""
    dev_soft_ware: str = ""
    dev_hard_ware: str = ""
    device_type: str = ""
    sub_type: str = ""
    ip: str = ""
    port: Number = 80
    mac: str = ""
    uuid: str

    def __bytes__(self) -> bytes:
        return msgspec.json.encode(self)


QUESTION = DiscoveryQuestion(QUESTION_ID, ANY)
_question = msgspec.json.Decoder(DiscoveryQuestion, strict=False)
_answer = msgspec.json.Decoder(DiscoveredPlug, strict=False)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


def read_question(data: bytes) -> DiscoveryQuestion:
    """Raises WireError."""
    try:
        question = _question.decode(data)
    except _UNREADABLE:
        raise WireError("no question of a discovery") from None
    if not question.id or not question.dev_name:
        raise WireError("no question of a discovery")
    return question


def read_answer(data: bytes) -> DiscoveredPlug:
    """Raises WireError."""
    try:
        return _answer.decode(data)
    except _UNREADABLE:
        raise WireError("no answer of a plug to a discovery") from None
