"""Single forms in which people paste two frames: the words, lists, notes and labels around the bytes."""

import io

import pytest

from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import decoding_of

SENT, RECEIVED = "55 AA 00 00 00 00 FF", "55 AA 03 07 00 05 01 01 00 01 01 12"
BOTH = [("controller", SENT), ("device", RECEIVED)]
ONE = [("device", RECEIVED)]


def marked(text: str, mark: str = "0x", between: str = ", ") -> str:
    return between.join(mark + byte for byte in text.split())


def packed(text: str) -> str:
    return text.replace(" ", "")


FORMS = {
    "0x before all digits": (f"0x{packed(SENT)}\n0x{packed(RECEIVED)}", BOTH),
    "lists behind labels": (f"TX: [{marked(SENT)}]\nRX: [{marked(RECEIVED)}]", BOTH),
    "a table": (f"time,dir,data\n0.100,TX,{SENT}\n0.200,RX,{RECEIVED}\n", BOTH),
    "a quoted table": (f'Time;Dir;Data\n"12:00:00.1";"TX";"{SENT}"\n"12:00:00.2";"RX";"{RECEIVED}"\n', BOTH),
    "a log of ESP-IDF": (f"I (1234) uart: TX {SENT}\nI (1300) uart: RX {RECEIVED}\n", BOTH),
    "among words": (f"I sent {SENT} and got {RECEIVED} back.", BOTH),
    "entities": (f"[12:00:00] -&gt; {SENT}<br>\n[12:00:01] &lt;- {RECEIVED}<br>", BOTH),
    "headings": (f"TX pin:\n{SENT}\n\nRX pin:\n{RECEIVED}\n", BOTH),
    "names of the chips": (f"module: {SENT}\nmcu: {RECEIVED}\n", BOTH),
    "arrows": (f"=> {SENT}\n<= {RECEIVED}\n", BOTH),
    "lengths": (f"[12:00:00] Send 7 bytes: {SENT}\n[12:00:01] Recv 12 bytes: {RECEIVED}\n", BOTH),
    "a length in brackets": (f"TX(7): {SENT}\nRX(12): {RECEIVED}\n", BOTH),
    "two strings": (f'"{packed(SENT)}","{packed(RECEIVED)}"', BOTH),
    "literals of Python": (
        f"12:00:00,123 sent: {bytes.fromhex(SENT)!r}\n12:00:01,123 received: {bytes.fromhex(RECEIVED)!r}",
        BOTH,
    ),
    "comments": ("55 AA 03 07 // report\n00 05 // length 5\n01 01 00 01 01 // dp 1\n12 // sum 0x12\n", ONE),
    "an address before": (f"48:E1:E9:00:00:01 RX {RECEIVED}", ONE),
    "a length before": (f"len=12 data={RECEIVED}", ONE),
    "semicolons": (RECEIVED.replace(" ", ";"), ONE),
    "a byte a line with commas": (marked(RECEIVED, between=",\n"), ONE),
    "Unicode escapes": (marked(RECEIVED, "\\u00", ""), ONE),
    "16#": (marked(RECEIVED, "16#", " "), ONE),
    "&H": (marked(RECEIVED, "&H", " "), ONE),
    "a list of YAML": ("data:\n" + "\n".join(f"  - 0x{byte}" for byte in RECEIVED.split()), ONE),
    "a list of JavaScript": (f"new Uint8Array([{','.join(str(int(byte, 16)) for byte in RECEIVED.split())}])", ONE),
    "an object of bytes": (
        "{" + ",".join(f'"{at}":{int(byte, 16)}' for at, byte in enumerate(RECEIVED.split())) + "}",
        ONE,
    ),
    "half a byte at the end": (f"{packed(RECEIVED)}5", ONE),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_and_sides_are_found(form: str) -> None:
    text, expected = FORMS[form]
    decoding = decoding_of(None, one_file(io.BytesIO(text.encode())))
    frames = [one.piece for one in decoding.pieces() if one.piece.kind == "frame"]
    assert [(one.sender, one.data.hex(" ").upper()) for one in frames] == expected
