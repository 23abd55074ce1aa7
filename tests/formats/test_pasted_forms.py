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
    "quoted twice": (f">> 12:00:01 TX: {SENT}\n>> 12:00:02 RX: {RECEIVED}", BOTH),
    "quoted with a name": (f"> john wrote:\n> [12:00:01] TX: {SENT}\n> [12:00:02] RX: {RECEIVED}\n\nIt is fine", BOTH),
    "in marks of code": (f"I sent `{SENT}` and got `{RECEIVED}`.", BOTH),
    "bold": (f"TX: **{SENT}**\nRX: **{RECEIVED}**", BOTH),
    "dots": (f"TX: {SENT}\n[...]\nRX: {RECEIVED}\u2026", BOTH),
    "numbers of lines": (f"  1: TX {SENT}\n  2: RX {RECEIVED}\n", BOTH),
    "numbers and bars": (f"1 | TX: {SENT}\n2 | RX: {RECEIVED}\n", BOTH),
    "numbers and tabs": (f"     1\tTX: {SENT}\n     2\tRX: {RECEIVED}\n", BOTH),
    "found by grep": (f"log.txt:12:TX: {SENT}\nlog.txt:14:RX: {RECEIVED}\n", BOTH),
    "a scan": (f"TX: {SENT.replace('0', 'O')}\nRX: {RECEIVED.replace('1', 'l').replace('5', 'S')}", BOTH),
    "long dashes": (f"TX: {SENT.replace(' ', chr(0x2013))}\nRX: {RECEIVED.replace(' ', chr(0x2011))}", BOTH),
    "wide letters": ("".join(chr(ord(one) + 0xFEE0) if one > " " else one for one in RECEIVED), ONE),
    "a soft hyphen": (RECEIVED.replace("07", "\u00ad07"), ONE),
    "syslog": (f"Nov 29 12:00:01 host app[123]: TX: {SENT}\nNov 29 12:00:01 host app[123]: RX: {RECEIVED}", BOTH),
    "Python's logging": (
        f"2026-11-29 12:00:00,123 - serial - DEBUG - Sent: {packed(SENT)}\n"
        f"2026-11-29 12:00:00,150 - serial - DEBUG - Received: {packed(RECEIVED)}",
        BOTH,
    ),
    "Arduino's monitor": (f"12:00:00.123 -> TX: {SENT}\n12:00:00.150 -> RX: {RECEIVED}", BOTH),
    "German": (f"29.11.2026, 12:00:00 gesendet: {SENT}\n29.11.2026, 12:00:00 empfangen: {RECEIVED}", BOTH),
    "Russian": (f"12:00:00 Отправлено: {SENT}\n12:00:00 Получено: {RECEIVED}", BOTH),
    "a chat": (f"user \u2014 Today at 12:00\nTX: {SENT}\nRX: {RECEIVED}", BOTH),
    "a table of markdown": (
        f"| time | dir | data |\n|---|---|---|\n| 12:00:00 | TX | {SENT} |\n| 12:00:01 | RX | {RECEIVED} |",
        BOTH,
    ),
    "a table of HTML": (
        f"<table><tr><td>TX</td><td>{SENT}</td></tr>\n<tr><td>RX</td><td>{RECEIVED}</td></tr></table>",
        BOTH,
    ),
    "columns": (f'"12:00:00"\t"TX"\t"{SENT}"\r\n"12:00:01"\t"RX"\t"{RECEIVED}"', BOTH),
    "notes": (f"TX {SENT} (heartbeat) [checksum OK]\nRX {RECEIVED} (switch on)", BOTH),
    "two blanks": (f"TX:  {SENT.replace(' ', '  ')}\nRX:  {RECEIVED.replace(' ', '  ')}", BOTH),
    "four digits": ("TX: 55AA 0000 0000 FF\nRX: 55AA 0307 0005 0101 0001 0112", BOTH),
    "fields": ("55 AA | 00 | 00 | 00 00 | FF\n55 AA | 03 | 07 | 00 05 | 01 01 00 01 01 | 12", BOTH),
    "brackets around bytes": (f"[{SENT.replace(' ', '][')}]\n[{RECEIVED.replace(' ', '][')}]", BOTH),
    "angles around bytes": (f"<{RECEIVED.replace(' ', '><')}>", ONE),
    "x": (marked(RECEIVED, "x", " "), ONE),
    "calls": ("\n".join(f"Serial.write(0x{byte});" for byte in RECEIVED.split()), ONE),
    "signed bytes": (str([int(byte, 16) - (256 if byte > "7F" else 0) for byte in RECEIVED.split()]), ONE),
    "bits": (" ".join(f"{int(byte, 16):08b}" for byte in RECEIVED.split()), ONE),
    "a wrapped mail": (f"RX: {RECEIVED[:23]}\n{RECEIVED[24:]}", ONE),
    "HxD": (f"Offset(h) 00 01 02 03 04 05 06 07\n\n00000000  {RECEIVED}     U...", ONE),
    "gdb": (f"0x20000100:\t{marked(RECEIVED.lower(), between=chr(9))}", ONE),
    "hexdump of ESP-IDF": (f"I (1234) uart: 0x3ffb0000   {RECEIVED.lower()}     |U...........|", ONE),
    "both on a line": (f"TX: {SENT} RX: {RECEIVED}", BOTH),
    "the end cut off": (f"TX: {SENT}\nRX: {RECEIVED[:-4]}", [("controller", SENT)]),
    "old line ends": (f"TX: {SENT}\rRX: {RECEIVED}\r", BOTH),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_and_sides_are_found(form: str) -> None:
    text, expected = FORMS[form]
    decoding = decoding_of(None, one_file(io.BytesIO(text.encode())))
    frames = [one.piece for one in decoding.pieces() if one.piece.kind == "frame"]
    assert [(one.sender, one.data.hex(" ").upper()) for one in frames] == expected
