"""What logic analysers export: every form of it, long tables, lost bytes, and what holds no bytes."""

import io
import zipfile

import pytest

from renderings import RENDERINGS
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats.analysers import table_blocks
from unclouded.formats.analysers.cell_values import radix_of, value_of

HEADER = "name,type,start_time,duration,data,error"
LONG = [bytes(Frame(3, 7, bytes([1, 2, 0, 4]) + at.to_bytes(4))) for at in range(200)]


def decoded(text: str | bytes) -> tuple[list[TimedPiece], str, list[str]]:
    data = text if isinstance(text, bytes) else text.encode()
    decoding = decoding_of(None, one_file(io.BytesIO(data)))
    pieces = list(decoding.pieces())
    return pieces, decoding.source.found.refused, list(decoding.source.found.notes)


def table(rows: list[tuple[str, float, bytes, str]]) -> str:
    """Rows of a table of Logic 2: of each piece the lane, the time, the bytes, and an error in its last byte."""
    lines = [HEADER]
    for name, at, data, error in rows:
        for place, byte in enumerate(data):
            mark = error if place == len(data) - 1 else ""
            lines.append(f'"{name}","data",{at + place * 0.001:.9f},0.0009,0x{byte:02X},{mark}')
    return "\n".join(lines)


@pytest.mark.parametrize(
    "form", [form for form in RENDERINGS if form.startswith(("Saleae", "DSView", "Pulse", "sigrok"))]
)
def test_a_long_table_is_read_by_columns_as_a_short_one_is_by_rows(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = RENDERINGS[form](LONG)
    by_columns = [(one.t, one.line, one.piece.data) for one in decoded(text)[0]]
    monkeypatch.setattr(table_blocks, "SHORT", len(text))
    by_rows = [(one.t, one.line, one.piece.data) for one in decoded(text)[0]]
    assert by_columns == by_rows
    assert [data for _, _, data in by_rows] == LONG


@pytest.mark.parametrize("short", [0, 1 << 20])
def test_two_lanes_that_send_at_once_keep_apart_and_in_order(short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_blocks, "SHORT", short)
    beat, answer = bytes.fromhex("55aa00000000ff"), bytes.fromhex("55aa030000010104")
    rows = sorted(
        (name, at + place / 1000, data[place : place + 1], "")
        for name, at, data in (("A", 1.0, beat), ("B", 1.0002, answer))
        for place in range(len(data))
    )
    rows.sort(key=lambda row: row[1])
    pieces, _, _ = decoded(table(rows))
    assert [(one.piece.data, one.piece.sender, one.t) for one in pieces] == [
        (beat, "controller", 0.0),
        (answer, "device", pytest.approx(0.0002)),
    ]


@pytest.mark.parametrize("short", [0, 1 << 20])
def test_a_byte_with_an_error_and_a_long_silence_end_a_frame(short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_blocks, "SHORT", short)
    whole = bytes.fromhex("55aa030000010104")
    pieces, _, notes = decoded(
        table([("U", 0.0, whole[:5], "Error"), ("U", 0.1, whole, ""), ("U", 1.0, whole[:6], ""), ("U", 9.0, whole, "")])
    )
    assert [one.piece.data for one in pieces if one.piece.kind == "frame"] == [whole, whole]
    assert [one.t for one in pieces if one.piece.kind == "frame"] == [pytest.approx(0.1), pytest.approx(9.0)]
    assert notes == ["bytes with a framing or parity error, left out: 1"]


def test_an_irregular_row_in_a_long_table_costs_only_itself() -> None:
    lines = RENDERINGS["Saleae table"](LONG).split("\n")
    lines[700:700] = ['"A, B","data",50.2,0.001,0x55', "half a row", '"Async Serial","start",50.3,0.001,']
    pieces, _, _ = decoded("\n".join(lines))
    assert [one.piece.data for one in pieces if one.piece.kind == "frame"][-100:] == LONG[-100:]


def test_bits_of_a_byte_are_no_bytes() -> None:
    text = "\n".join(
        f"uart-1: {value}"
        for byte in LONG[0] * 2
        for value in ("Start bit", *f"{byte:08b}"[::-1], str(byte), "Stop bit")
    )
    assert [one.piece.data for one in decoded(text)[0]] == [LONG[0]] * 2


@pytest.mark.parametrize(
    ("cell", "radix", "value"),
    [
        ("0x55", "ascii", 0x55),
        ("85", "decimal", 85),
        ("256", "decimal", None),
        ("'170'", "ascii", 170),
        ("3", "ascii", 0x33),
        ("COMMA", "ascii", 44),
        ("U (0x55)", "ascii", 0x55),
        ("[AA]", "ascii", 0xAA),
        ("0b0101 0101", "decimal", 0x55),
        ("-1", "decimal", None),
        ("1_0", "decimal", None),
    ],
)
def test_a_cell_has_the_value_of_its_radix(cell: str, radix: str, value: int | None) -> None:
    assert value_of(cell, radix) == value  # type: ignore[arg-type]


def test_the_radix_is_that_of_all_cells() -> None:
    assert radix_of(["55", "AA"], is_padded=True) == "hex"
    assert radix_of(["85", "170", "3"], is_padded=True) == "decimal"
    assert radix_of(["125", "252"], is_padded=True) == "octal"
    assert radix_of(["3", "'170'"], is_padded=False) == "ascii"


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as one:
        for name in names:
            one.writestr(name, b"\x55\xaa\x00\x00\x00\x00\xff")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (archive("version", "metadata", "logic-1-1"), "PulseView"),
        (archive("digital-0.bin", "meta.json"), "Logic 2"),
        (archive("header", "decoders", "L-0/0"), "DSView"),
        (b"\x16\0\0\0\0\0\0\0serialization::archive", "Async Serial"),
        (b"Time [s],Channel 0\n0.0,1\n0.1,0\n", "Async Serial"),
        (b"Time [s],Packet ID,MOSI,MISO\n0.0,0,0x55,0xAA\n", "another analyser"),
        (b"name,type,start_time,duration,miso,mosi\nSPI,result,0.1,0.1,0x55,0xAA\n", "another analyser"),
    ],
)
def test_what_holds_no_decoded_bytes_is_refused_with_what_to_export(data: bytes, text: str) -> None:
    pieces, refused, _ = decoded(data)
    assert text in refused
    assert pieces == []
