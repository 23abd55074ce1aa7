"""Levels of two lines, as logic analysers save them, are decoded as the bytes of a UART at the baud rate they show."""

import io
import itertools
import zipfile

import pytest

from unclouded.app.decoding.input_chunks import Input, one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.families.tuya.line.framing import Frame

REQUEST, ANSWER = bytes(Frame(0, 0)), bytes(Frame(3, 7, bytes([18, 2, 0, 4, 0, 0, 9, 0xF8])))
RATE = 1_000_000  # samples a second
Line = list[tuple[float, int]]  # seconds and levels of changes


def levels(frames: list[tuple[float, bytes]], baud: float, idle: int = 1) -> Line:
    """8N1: a start bit, eight bits with the lowest first, a stop bit; one change where the level changes."""
    found: Line = [(0.0, idle)]
    for t, frame in frames:
        for place, byte in enumerate(frame):
            bits = [0, *(byte >> bit & 1 for bit in range(8)), 1]
            found += [(t + (10 * place + at) / baud, bit if idle else 1 - bit) for at, bit in enumerate(bits)]
    return [(t, one) for (_, before), (t, one) in itertools.pairwise([(0.0, 2), *found]) if one != before]


def capture(baud: float = 9_600, idle: int = 1) -> dict[str, Line]:
    starts = range(1, 6)
    return {
        "TX": levels([(at, REQUEST) for at in starts], baud, idle),
        "RX": levels([(at + 0.05, ANSWER) for at in starts], baud, idle),
    }


def sigrok(lines: dict[str, Line], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    samples = bytearray(round(RATE * 6))
    for bit, line in enumerate(lines.values()):
        for (t, level), (end, _) in itertools.pairwise([*line, (6.0, 0)]):
            if level:
                begin, stop = round(t * RATE), round(end * RATE)
                ones = int.from_bytes(samples[begin:stop]) | int.from_bytes(bytes([1 << bit]) * (stop - begin))
                samples[begin:stop] = ones.to_bytes(stop - begin)
    probes = "".join(f"probe{at}={name}\n" for at, name in enumerate(lines, 1))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("version", "2")
        archive.writestr("metadata", f"[device 1]\ncapturefile=logic-1\nsamplerate=1 MHz\n{probes}unitsize=1\n")
        half = len(samples) // 2
        archive.writestr("logic-1-1", bytes(samples[:half]))
        archive.writestr("logic-1-2", bytes(samples[half:]))
    return file.getvalue()


def changes(lines: dict[str, Line]) -> list[tuple[float, str, int]]:
    return sorted((t, name, level) for name, line in lines.items() for t, level in line)


def vcd(lines: dict[str, Line]) -> bytes:
    head = "".join(f"$var wire 1 {sign} {name} $end\n" for sign, name in zip('!"', lines, strict=True))
    signs = dict(zip(lines, '!"', strict=True))
    body = "".join(f"#{round(t * 1e6)} {level}{signs[name]}\n" for t, name, level in changes(lines))
    scope = f"$scope module libsigrok $end\n{head}$upscope $end\n"
    return f"$timescale 1 us $end\n{scope}$enddefinitions $end\n{body}".encode()


def saleae(lines: dict[str, Line]) -> bytes:
    now = dict.fromkeys(lines, 1)
    rows = ["Time [s]," + ",".join(lines)]
    for t, name, level in changes(lines):
        now[name] = level
        rows.append(f"{t:.9f}," + ",".join(map(str, now.values())))
    return "\n".join(rows).encode()


def found(data: bytes) -> tuple[Input, list[tuple[float | None, str | None, bytes]]]:
    decoding = decoding_of(None, one_file(io.BytesIO(data)))
    pieces = [one for one in decoding.pieces() if one.piece.kind == "frame"]
    return decoding.source, [(one.t, one.piece.sender, one.piece.data) for one in pieces]


@pytest.mark.parametrize("form", [sigrok, vcd, saleae])
@pytest.mark.parametrize(("baud", "idle"), [(9_600, 1), (115_200, 1), (9_600, 0), (10_500, 1)])
def test_levels_are_decoded_with_times_and_sides(form: object, baud: float, idle: int) -> None:
    assert callable(form)
    source, frames = found(form(capture(baud, idle)))
    assert frames[:2] == [(0.0, "controller", REQUEST), (pytest.approx(0.05, abs=1e-5), "device", ANSWER)]
    assert [data for _, _, data in frames] == [REQUEST, ANSWER] * 5
    assert source.found.sure == "certain"
    assert f"{baud} baud" in " ".join(source.found.notes) or baud == 10_500


def test_stored_members_are_read_too() -> None:
    assert len(found(sigrok(capture(), zipfile.ZIP_STORED))[1]) == 10


@pytest.mark.parametrize("form", [sigrok, vcd, saleae])
def test_levels_that_are_no_uart_are_refused_with_what_to_export(form: object) -> None:
    assert callable(form)
    clock: Line = [(at / 1_000, at % 2) for at in range(500)]
    source, frames = found(form({"CLK": clock, "CS": [(0.0, 1)]}))
    assert not frames
    assert "UART decoder" in source.found.refused


def test_a_damaged_session_is_refused() -> None:
    whole = sigrok(capture())
    for at in (60, 200, len(whole) // 2, len(whole) - 10):
        source, frames = found(whole[:at])
        assert not frames
        assert source.found.refused


def test_a_byte_without_its_stop_bit_is_left_out_and_counted() -> None:
    line = levels([(at, ANSWER) for at in range(1, 30)], 9_600)
    broken = [(t, level) for t, level in line if not 5.0101 < t < 5.0128]
    source, frames = found(vcd({"RX": broken, "TX": [(0.0, 1)]}))
    assert len(frames) == 28
    assert "left out" in " ".join(source.found.notes)
