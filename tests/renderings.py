"""Frames written down as people and programs write them: for each format what makes a text of it."""

import base64
import json
import struct
from collections.abc import Callable, Sequence

Frames = Sequence[bytes]
ESCAPES = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
ROW = 16


def rows(data: bytes, size: int = ROW) -> list[tuple[int, bytes]]:
    return [(at, data[at : at + size]) for at in range(0, len(data), size)]


def letters(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def joined(separator: str, form: str) -> Callable[[Frames], str]:
    """Every byte in ``form``, all frames in one line."""
    return lambda frames: separator.join(form.format(byte) for frame in frames for byte in frame)


def on_lines(begin: str, form: Callable[[bytes], str]) -> Callable[[Frames], str]:
    """A line for each frame; ``begin`` may hold the number of seconds."""
    return lambda frames: "\n".join(begin.format(at=at) + form(frame) for at, frame in enumerate(frames))


def xxd(frames: Frames) -> str:
    return "\n".join(f"{at:08x}: {row.hex(' ', -2):39}  {letters(row)}" for at, row in rows(b"".join(frames)))


def xxd_bits(frames: Frames) -> str:
    data = rows(b"".join(frames), 6)
    return "\n".join(f"{at:08x}: {' '.join(f'{byte:08b}' for byte in row):53}  {letters(row)}" for at, row in data)


def hexdump_c(frames: Frames) -> str:
    data = b"".join(frames)
    lines = [f"{at:08x}  {row[:8].hex(' '):23}  {row[8:].hex(' '):23}  |{letters(row)}|" for at, row in rows(data)]
    return "\n".join([*lines, f"{len(data):08x}"])


def xxd_words(size: int) -> Callable[[Frames], str]:
    """Little-endian words of xxd -e; the last one may be short, and stands at the right."""

    def render(frames: Frames) -> str:
        lines = []
        for at, row in rows(b"".join(frames)):
            cells = [row[i : i + size][::-1].hex().rjust(2 * size) for i in range(0, len(row), size)]
            lines.append(f"{at:08x}: {' '.join(cells):{16 // size * (2 * size + 1) - 1}}  {letters(row)}")
        return "\n".join(lines)

    return render


def words(base: str, offset: str) -> Callable[[Frames], str]:
    """Little-endian words, as hexdump and od write them; the last offset is the length."""

    def render(frames: Frames) -> str:
        data = b"".join(frames)
        lines = []
        for at, row in rows(data):
            padded = row + b"\0" * (len(row) % 2)
            pairs = [int.from_bytes(padded[i : i + 2], "little") for i in range(0, len(padded), 2)]
            lines.append(f"{at:{offset}} " + " ".join(f"{pair:{base}}" for pair in pairs))
        return "\n".join([*lines, f"{len(data):{offset}}"])

    return render


def od(cell: str, offset: str) -> Callable[[Frames], str]:
    def render(frames: Frames) -> str:
        data = b"".join(frames)
        lines = [f"{at:{offset}}" + "".join(f" {byte:{cell}}" for byte in row) for at, row in rows(data)]
        return "\n".join([*lines, f"{len(data):{offset}}"])

    return render


def od_characters(frames: Frames) -> str:
    def cell(byte: int) -> str:
        return ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"{byte:03o}")

    data = b"".join(frames)
    lines = [f"{at:07o}" + "".join(f" {cell(byte):>3}" for byte in row) for at, row in rows(data)]
    return "\n".join([*lines, f"{len(data):07o}"])


def cat_v(frames: Frames) -> str:
    def shown(byte: int) -> str:
        if byte in (9, 10):
            return chr(byte)
        if byte >= 128:
            low = byte - 128
            return "M-" + (f"^{chr(low + 64)}" if low < 32 else "^?" if low == 127 else chr(low))
        return f"^{chr(byte + 64)}" if byte < 32 else "^?" if byte == 127 else chr(byte)

    return "".join(shown(byte) for frame in frames for byte in frame)


def c_array(frames: Frames) -> str:
    numbers = ", ".join(f"0x{byte:02X}" if at % 3 else str(byte) for at, byte in enumerate(b"".join(frames)))
    return f"const uint8_t bytes[] = {{ /* 0x55 is the header */\n  {numbers},\n}};\nunsigned int bytes_len = 12;\n"


def json_list(frames: Frames) -> str:
    return json.dumps([{"t": at, "dir": "rx", "data": list(frame)} for at, frame in enumerate(frames)])


def esphome_string(frame: bytes) -> str:
    named = dict(zip(b"\a\b\t\n\v\f\r\x1b\"'\\", "abtnvfre\"'\\", strict=True))
    return "".join(
        f"\\{named[byte]}" if byte in named else chr(byte) if 32 <= byte < 128 else f"\\x{byte:02X}" for byte in frame
    )


def uart_debug(form: Callable[[bytes], str]) -> Callable[[Frames], str]:
    return on_lines("[12:00:{at:02d}.012][D][uart_debug:158]: <<< ", form)


def esphome_bytes(frames: Frames) -> str:
    data = b"".join(frames)
    return "\n".join(f"[12:00:00][VV][uart_esp8266:132]:     Read 0b{byte:08b} (0x{byte:02X})" for byte in data)


def esphome_tuya(frames: Frames) -> str:
    line = "[12:00:{:02d}][V][tuya:120]: Received Tuya: CMD=0x{:02X} VERSION={} DATA=[{}] INIT_STATE=5"
    return "\n".join(line.format(at, one[3], one[2], one[6:-1].hex(".").upper()) for at, one in enumerate(frames))


def tasmota(frames: Frames) -> str:
    line = '12:00:{0:02d}.000 {2}: RESULT = {{"TuyaReceived":{{"Data":"{1}","CmndData":"{3}"}}}}'
    views = ("MQT", "RSL")  # both have every message
    return "\n".join(
        line.format(at, one.hex().upper(), view, one[6:-1].hex()) for at, one in enumerate(frames) for view in views
    )


def spy(frames: Frames) -> str:
    return "\n".join(
        f"{at:06d}.100 RX   {start:04X}  {row[:8].hex(' ').upper():23}  {row[8:].hex(' ').upper():23}  {letters(row)}"
        for at, one in enumerate(frames)
        for start, row in rows(one)
    )


def socat(frames: Frames) -> str:
    def rows_of(frame: bytes) -> str:
        return "\n".join(f" {row.hex(' '):47}  {letters(row)}" for _, row in rows(frame))

    head = "< 2026/11/29 12:00:{at:02d}.000000000  length={size} from=0 to={last}\n"
    return "\n--\n".join(
        head.format(at=at, size=len(one), last=len(one) - 1) + rows_of(one) for at, one in enumerate(frames)
    )


def cut_in_the_middle(frames: Frames) -> str:
    """A terminal that shows the beginning of a line only, with half a byte at its end: all frames but the last cut."""
    *begun, last = (frame.hex() for frame in frames)
    return "\n".join([*(text + text[:3] for text in begun), last])


def markdown(frames: Frames) -> str:
    lines = "\n".join(frame.hex(" ") for frame in frames)
    return f"This is what I see:\n\n```\n{lines}\n```\nIs it the **right** one?\n"


# --- logic analysers and packets ----------------------------------------------------------------------


def bytes_in_time(frames: Frames) -> list[tuple[float, int]]:
    """Each byte with its time: a frame a second, at 9600 baud."""
    return [(at + place * 0.00104166667, byte) for at, frame in enumerate(frames) for place, byte in enumerate(frame)]


def by_byte(header: str, row: Callable[[float, int], str]) -> Callable[[Frames], str]:
    """A row for each byte, below a header."""
    return lambda frames: "\n".join(
        [*([header] if header else []), *(row(t, byte) for t, byte in bytes_in_time(frames))]
    )


def saleae_character(byte: int) -> str:
    return {44: "COMMA", 32: "' '", 10: "\\n", 13: "\\r", 9: "\\t"}.get(byte) or (
        chr(byte) if 33 <= byte < 127 else f"'{byte}'"
    )


def sigrok_character(byte: int) -> str:
    return chr(byte) if 33 <= byte < 127 else f"[{byte:02X}]"


def trace(frames: Frames) -> str:
    rows = [
        f'{{"ph": "{phase}", "ts": {t * 1e6:f}, "pid": "uart-1", "tid": "RX", "name": "{byte:02X}"}}'
        for t, byte in bytes_in_time(frames)
        for phase in "BE"
    ]
    return '{"traceEvents": [\n' + ",\n".join(rows) + "\n]}\n"


def packets(frames: Frames) -> list[bytes]:
    """Each frame in a packet of TCP, on Ethernet."""
    sequence, found = 5_000, []
    for frame in frames:
        tcp = struct.pack(">HHIIBBHHH", 2000, 53_000, sequence, 1, 0x50, 0x18, 65_535, 0, 0) + frame
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + bytes([192, 0, 2, 7, 192, 0, 2, 9])
        found.append(bytes.fromhex("0200000000010200000000020800") + ip + tcp)
        sequence += len(frame)
    return found


def tshark(frames: Frames) -> str:
    def rows_of(packet: bytes) -> str:
        return "\n".join(f"{at:04x}  {row.hex(' '):47}   {letters(row)}" for at, row in rows(packet))

    return "\n\n".join(rows_of(packet) for packet in packets(frames)) + "\n"


def tcpdump(frames: Frames) -> str:
    def rows_of(packet: bytes) -> str:
        return "\n".join(f"\t0x{at:04x}:  {row.hex(' ', -2):39}  {letters(row)}" for at, row in rows(packet[14:]))

    head = "12:00:{:02d}.000000 IP 192.0.2.7.2000 > 192.0.2.9.53000: Flags [P.], length 8\n"
    return "\n".join(head.format(at) + rows_of(packet) for at, packet in enumerate(packets(frames)))


def followed(kind: str, form: Callable[[int, bytes], str]) -> Callable[[Frames], str]:
    """The second end's bytes; ``form`` has where the frame begins."""

    def render(frames: Frames) -> str:
        rule = "=" * 67
        head = (
            f"\n{rule}\nFollow: tcp,{kind}\nFilter: tcp.stream eq 0\nNode 0: 192.0.2.9:53000\nNode 1: 192.0.2.7:2000\n"
        )
        begins = [sum(len(frame) for frame in frames[:at]) for at in range(len(frames))]
        return head + "".join(form(at, frame) for at, frame in zip(begins, frames, strict=True)) + f"{rule}\n"

    return render


def followed_hex(at: int, frame: bytes) -> str:
    return "".join(
        f"\t{at + begin:08X}  {row[:8].hex(' '):23}  {row[8:].hex(' '):23}  {letters(row[:8])} {letters(row[8:])}\n"
        for begin, row in rows(frame)
    )


def tshark_json(frames: Frames) -> str:
    layers = [
        {
            "frame": {"frame.time_epoch": f"{at}.5"},
            "tcp": {"tcp.payload": frame.hex(":")},
            "data": {"data.data": frame.hex(":")},
        }
        for at, frame in enumerate(frames, 1_795_953_600)
    ]
    return json.dumps([{"_source": {"layers": one}} for one in layers])


RENDERINGS: dict[str, Callable[[Frames], str]] = {
    "hex": lambda frames: b"".join(frames).hex(),
    "hex wrapped inside of bytes": lambda frames: "\n".join(
        b"".join(frames).hex()[at : at + 25] for at in range(0, len(b"".join(frames)) * 2, 25)
    ),
    "hex, a byte a line": joined("\r\n", "{:02X}"),
    "blanks": joined(" ", "{:02x}"),
    "colons": joined(":", "{:02X}"),
    "dashes": joined("-", "{:02X}"),
    "0x": joined(", ", "0x{:02x}"),
    "0x of one digit": joined(",", "0x{:x}"),
    "suffix": joined(" ", "{:02X}h"),
    "dollar": joined(" ", "${:02X}"),
    "backslash": joined("", "\\x{:02x}"),
    "percent": joined("", "%{:02X}"),
    "one digit": on_lines("", lambda frame: " ".join(f"{byte:X}" for byte in frame)),
    "decimal": joined(" ", "{}"),
    "decimal with commas": joined(", ", "{}"),
    "python": on_lines("", repr),
    "python call": on_lines("got ", lambda frame: f"bytes.fromhex('{frame.hex()}')"),
    "node": on_lines("", lambda frame: f"<Buffer {frame.hex(' ')}>"),
    "C array": c_array,
    "JSON": json_list,
    "JSON lines": on_lines("", lambda frame: json.dumps({"hex": frame.hex()})),
    "base64": lambda frames: base64.b64encode(b"".join(frames)).decode(),
    "base64 lines": on_lines("", lambda frame: base64.b64encode(frame).decode()),
    "xxd": xxd,
    "xxd -b": xxd_bits,
    "xxd -e": xxd_words(4),
    "xxd -e -g2": xxd_words(2),
    "xxd -e -g8": xxd_words(8),
    "hexdump -C": hexdump_c,
    "hexdump": words("04x", "07x"),
    "od": words("06o", "07o"),
    "od -tx1": od("02x", "07o"),
    "od -A d -tx1": od("02x", "07d"),
    "od -tu1": od("3d", "07o"),
    "od -b": od("03o", "07o"),
    "od -c": od_characters,
    "cat -v": cat_v,
    "log": on_lines("12:00:{at:02d}.250 RX: ", lambda frame: frame.hex(" ")),
    "log with dates": on_lines("[2026-11-29 12:00:{at:02d}] Received: ", lambda frame: frame.hex(":")),
    "log with decimal numbers": on_lines("12:00:{at:02d} <<< ", lambda frame: ":".join(map(str, frame))),
    "log of the MCU": on_lines("MCU -> WiFi: ", lambda frame: frame.hex().upper()),
    "rows below their time": on_lines("2026/11/29 12:00:{at:02d}.000100:\n", lambda frame: frame.hex(" ")),
    "markdown": markdown,
    "ESPHome hex": uart_debug(lambda frame: frame.hex(":").upper()),
    "ESPHome decimal": uart_debug(lambda frame: ":".join(map(str, frame))),
    "ESPHome binary": uart_debug(lambda frame: ";".join(f"0b{byte:08b} (0x{byte:02X})" for byte in frame)),
    "ESPHome string": uart_debug(lambda frame: f'"{esphome_string(frame)}"'),
    "ESPHome with a prefix": on_lines("[D][uart_debug:158]: mcu: <<< ", lambda frame: frame.hex(" ").upper()),
    "ESPHome page": on_lines("12:00:{at:02d}\t[D]\t[uart_debug:114]\t\n<<< ", lambda frame: frame.hex(".")),
    "ESPHome before 2021.11": esphome_bytes,
    "ESPHome tuya": esphome_tuya,
    "Tasmota": tasmota,
    "Tasmota 6": on_lines('12:00:{at:02d} TYA: RX Packet: "', lambda frame: f'{frame.hex()}"'),
    "OpenBeken": on_lines("Info:TuyaMCU:Received: ", lambda frame: f"{frame.hex(' ').upper()} "),
    "espurna": on_lines("[3439{at:02d}] [TUYA] <=: ", bytes.hex),
    "RealTerm": lambda frames: "".join(f"{1795953600 + at},{one.hex().upper()}" for at, one in enumerate(frames)),
    "pySerial": spy,
    "TuyaMCUAnalyzer": on_lines(
        "Received by WiFi module:\n", lambda one: f"55 AA\t{one[2:].hex(' ').upper()}\t\nHEADER\tVER=03\tState\n"
    ),
    "SSCOM": on_lines("[12:00:{at:02d}.012]收←◆", lambda frame: f"{frame.hex(' ').upper()} "),
    "NetAssist": on_lines("[2026-11-29 12:00:{at:02d}.012]# RECV HEX>\n", lambda one: f"{one.hex(' ').upper()} \n"),
    "Serial Port Monitor": on_lines(
        "[29/11/2026 12:00:{at:02d}] Read data (COM3)\n",
        lambda one: "\n".join(f"    {row.hex(' '):47}   {letters(row)}" for _, row in rows(one)),
    ),
    "socat -x -v": socat,
    "jpnevulator": on_lines(
        "2026-11-29 12:00:{at:02d}.012000:\n", lambda one: "\n".join(row.hex(" ").upper() for _, row in rows(one))
    ),
    "RSLogger": on_lines("P12:00:{at:02d}.000B ", lambda one: one.hex(" ").upper()),
    "TuyaMCUAnalyzer's source": on_lines(
        "//R 11/29/2026 12:00:{at:02d} PM WiFi received:\n", lambda one: one.hex().upper()
    ),
    "hex, cut lines": cut_in_the_middle,
    "log of one digit": on_lines("12:00:{at:02d} <- ", lambda frame: " ".join(f"{byte:x}" for byte in frame)),
    "log, read off a picture": on_lines("12:00:{at:02d} RX: ", lambda one: one.hex(" ").upper().replace("0", "O")),
    "log, wrapped": on_lines("12:00:{at:02d} RX: ", lambda one: f"{one[:8].hex(' ')}\n{one[8:].hex(' ')}"),
    "in calls": joined("; ", "Serial.write(0x{:02X})"),
    "bits": joined(" ", "{:08b}"),
    "brackets": joined("", "[{:02X}]"),
    "signed": lambda frames: str([byte - 256 if byte > 127 else byte for frame in frames for byte in frame]),
    "groups of four digits": on_lines("RX: ", lambda frame: frame.hex(" ", -2)),
    "strings of C": lambda frames: f'"{"".join(f"{chr(92)}x0{byte:02x}" for frame in frames for byte in frame)}"',
    "Docklight": on_lines("29.11.2026 12:00:{at:02d}.00 [RX] - ", lambda frame: frame.hex(" ").upper()),
    "Saleae table": by_byte(
        "name,type,start_time,duration,data", lambda t, byte: f'"Async Serial","data",{t:.9g},0.000989583,0x{byte:02X}'
    ),
    "Saleae export": by_byte("Time [s],Value,Parity Error,Framing Error", lambda t, byte: f"{t:.15f},0x{byte:02X},,"),
    "Saleae export of decimal numbers": by_byte(
        "Time [s],Value,Parity Error,Framing Error", lambda t, byte: f"{t:.15f},{byte},,"
    ),
    "Saleae export of characters": by_byte(
        "Time [s],Value,Parity Error,Framing Error", lambda t, byte: f"{t:.15f},{saleae_character(byte)},,"
    ),
    "Saleae search results": by_byte(
        "Time [s], Analyzer Name, Decoded Protocol Result",
        lambda t, byte: f"{t:.15f},Async Serial,{saleae_character(byte)} (0x{byte:02X})",
    ),
    "DSView": by_byte("Id,Time[ns],1:UART: RX/TX", lambda t, byte: f"1,{t * 1e9:.2f},{byte:02X}"),
    "PulseView": by_byte("", lambda t, byte: f"{t * 1e6:.0f}-{t * 1e6 + 70:.0f} UART: RX: {byte:02X}"),
    "sigrok-cli": by_byte("", lambda t, byte: f"uart-1: {byte:02X}"),
    "sigrok-cli of binary numbers": by_byte("", lambda t, byte: f"uart-1: {byte:08b}"),
    "sigrok-cli of octal numbers": by_byte("", lambda t, byte: f"uart-1: {byte:03o}"),
    "sigrok-cli of characters": by_byte("", lambda t, byte: f"uart-1: {sigrok_character(byte)}"),
    "sigrok trace": trace,
    "tshark -x": tshark,
    "tcpdump -X": tcpdump,
    "tshark follow raw": followed("raw", lambda at, frame: f"\t{frame.hex()}\n"),
    "tshark follow hex": followed("hex", followed_hex),
    "tshark -T fields": on_lines("179595360{at}.5\t192.0.2.7\t", bytes.hex),
    "tshark -T json": tshark_json,
}


# --- messages of Meross plugs -------------------------------------------------------------------------


def http(message: bytes) -> str:
    return f"POST /config HTTP/1.1\r\nHost: 192.0.2.7\r\nContent-Length: {len(message)}\r\n\r\n{message.decode()}\n"


def curl_trace(frames: Frames) -> str:
    def rows_of(message: bytes) -> str:
        return "\n".join(f"{at:04x}: {row.hex(' '):47} {letters(row)}" for at, row in rows(message))

    return "\n".join(f"=> Send data, {len(one)} bytes ({len(one):#x})\n{rows_of(one)}" for one in frames) + "\n"


MESSAGE_RENDERINGS: dict[str, Callable[[Frames], str]] = {
    "lines": on_lines("", bytes.decode),
    "indented": on_lines("", lambda one: json.dumps(json.loads(one), indent=2)),
    "Python": on_lines("sent: ", lambda one: repr(json.loads(one))),
    "mosquitto -v": on_lines("/appliance/2101010000000000000048e1e9000001/subscribe ", bytes.decode),
    "mosquitto %j": on_lines(
        "", lambda one: json.dumps({"tst": "2026-11-29T12:00:00.0Z+0000", "topic": "a", "payload": one.decode()})
    ),
    "a log": on_lines("2026-11-29 12:00:{at:02d} DEBUG mqtt: received ", bytes.decode),
    "HTTP": lambda frames: "\n".join(map(http, frames)),
    "curl --trace": curl_trace,
    "a list": lambda frames: json.dumps([json.loads(one) for one in frames]),
    "markdown": lambda frames: "\n".join(f"> ```json\n> {one.decode()}\n> ```" for one in frames),
}
