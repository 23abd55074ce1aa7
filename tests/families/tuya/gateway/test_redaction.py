"""Keys, passwords and pairing traffic of a gateway's line are never shown, however their text is written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.family import Sender
from unclouded.core.masking import masked
from unclouded.families.tuya.gateway.decoder import gateway_decoder
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import gateway_hidden, gateway_redact
from unclouded.families.tuya.gateway.wire.pairing_messages import SerialCredentials
from unclouded.families.tuya.gateway.wire.sub_device_messages import AddResult, BindingQuery, DeleteSubDevice
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame

SECRET = "hunter22pässwort"
SHOWN_ID = "id1234"

MESSAGES: list[tuple[Sender, Message]] = [
    ("device", SerialCredentials(SECRET, SECRET, SECRET)),
    ("controller", DeleteSubDevice(sub_id=SHOWN_ID, devkey=SECRET, tp=1)),
    ("controller", AddResult((SHOWN_ID,), (0,), (SECRET,), (SECRET,))),
    ("device", BindingQuery(SHOWN_ID, 1, SECRET)),
]
DEFECTS: dict[str, Callable[[str], str]] = {
    "strict": lambda text: text,
    "curly quotes": lambda text: text.replace('":"', '":“').replace('"}', "”}"),
    "all quotes curly": lambda text: text.replace('"', "“"),
    "no quotes": lambda text: text.replace('"', ""),
    "a comma at the end": lambda text: text.replace("}", ",}"),
    "capital names": lambda text: text.replace("devkey", "Devkey").replace('"key"', '"KEY"'),
    "not closed": lambda text: text[:-1],
    "twice": lambda text: text + text,
    "nested": lambda text: f'{{"a":{text}}}',
    "deeply nested": lambda text: f'{{"a":[1,[{text}]],"b":{text}}}',
    "blanks in names": lambda text: (
        text.replace('"devkey"', '" devkey "').replace('"key"', '"key\\n"').replace('"e_val"', '"e_val "')
    ),
    "a name in escapes": lambda text: text.replace('"devkey"', '"dev\\u006bey"').replace('"key"', '"\\u006bey"'),
}


def everything_shown(sender: Sender | None, data: bytes) -> str:
    """A decoded stream, its bytes as they are shown, and what a capture would hold."""
    decoder = gateway_decoder(sender)
    pieces = [*decoder.feed(data), *decoder.close()]
    shown = [f"{piece.message} {piece.reason} {piece.values} {piece.products}" for piece in pieces]
    bytes_shown = [masked(piece.data, gateway_hidden(sender, b"", piece.data)).hex() for piece in pieces]
    return " ".join([*shown, *bytes_shown, gateway_redact(sender, data).decode("latin-1")])


def secret_is_in(text: str) -> bool:
    raw = SECRET.encode()
    return any(one in text for one in (SECRET, raw.decode("latin-1"), raw.hex(), "hunter22"))


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize(("sender", "message"), MESSAGES, ids=lambda one: type(one).__name__)
def test_a_secret_is_not_shown_whatever_is_wrong_with_its_text(sender: Sender, message: Message, defect: str) -> None:
    frame = bytes(Frame(0, message.command, DEFECTS[defect](message.payload().decode()).encode()))
    for end in (sender, None):
        assert not secret_is_in(everything_shown(end, frame))
        assert not secret_is_in(everything_shown(end, frame[:-1] + b"\0"))  # a wrong sum
        assert not secret_is_in(everything_shown(end, frame[: len(frame) - 4]))  # cut off


@given(data=st.binary(min_size=4, max_size=200), code=st.sampled_from((codes.BROADCAST, codes.FROM_APP, codes.TO_APP)))
def test_of_pairing_traffic_only_the_length_is_shown(data: bytes, code: int) -> None:
    for sender in ("controller", "device", None):
        decoder = gateway_decoder(sender)
        for piece in [*decoder.feed(bytes(Frame(0, code, data))), *decoder.close()]:
            assert data.hex() not in str(piece.message)
            assert not piece.values and not piece.products


def test_what_is_no_secret_is_shown_beside_them() -> None:
    frame = bytes(Frame(0, codes.DELETE, MESSAGES[1][1].payload()))
    assert SHOWN_ID in everything_shown(None, frame)
