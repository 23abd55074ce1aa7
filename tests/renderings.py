"""Frames written down as people and programs write them: for each format what makes a text of it."""

import base64
import json
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


def markdown(frames: Frames) -> str:
    lines = "\n".join(frame.hex(" ") for frame in frames)
    return f"This is what I see:\n\n```\n{lines}\n```\nIs it the **right** one?\n"


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
}
