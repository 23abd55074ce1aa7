"""At which byte each piece of the radio's line is settled, what ends a request, and how pieces are written for logs."""

import pytest

from families.emporia.emporia_examples import CODE, E21
from unclouded.core.family import Sender
from unclouded.families.emporia.frame import GAP, EmporiaFrame, EmporiaFramer, EmporiaNoise, request, response

Pieces = list[EmporiaFrame | EmporiaNoise]


def settled(data: bytes, sender: Sender | None = "device") -> list[tuple[int, str]]:
    """(bytes received, what came out) of a line that brings one byte at a time, and then is silent."""
    framer = EmporiaFramer(sender)
    found: list[tuple[int, str]] = []
    for at in range(len(data)):
        found += [(at + 1, str(piece)) for piece in framer.feed(data[at : at + 1], 0.0)]
    return found + [(-1, str(piece)) for piece in framer.tick(GAP)]


# After so many bytes, -1: after the silence.
RADIO: dict[bytes, list[tuple[int, str]]] = {
    E21: [(13, "mac address [8 bytes]")],
    response("r", b""): [(5, "meter reading [0 bytes]")],
    b"$\x01r\x02ab\n" + E21: [(20, "no carriage return at the end [7 bytes]"), (20, "mac address [8 bytes]")],
    b"$\x01j\x02": [(-1, "length 2 of j [4 bytes]")],
    b"$\x01x\n": [(4, "stray bytes [4 bytes]")],
    b"$\x01\n": [(3, "stray bytes [3 bytes]")],
    b"$\n": [(2, "text [2 bytes]")],
    b"$a\n": [(3, "text [3 bytes]")],
    b"$r\r": [(-1, "text [3 bytes]")],
    b"$$\x01j\x01\0\r": [(7, "text [1 bytes]"), (7, "join [1 bytes]")],
    b"\t\n": [(2, "text [2 bytes]")],
    b" ~\r\n": [(4, "text [4 bytes]")],
    b"\x1f\n": [(2, "stray bytes [2 bytes]")],
    b"\x7f\n": [(2, "stray bytes [2 bytes]")],
    b"$": [(-1, "text [1 bytes]")],
    b"$\x01": [(-1, "stray bytes [2 bytes]")],
    b"$\x01r": [(-1, "stray bytes [3 bytes]")],
    b"$\x01r\x02": [(-1, "cut short [4 bytes]")],
}
CONTROLLER: dict[bytes, list[tuple[int, str]]] = {
    b"$r\r\n": [(3, "meter reading?"), (4, "text [1 bytes]")],
    b"x$r\r": [(4, "text [1 bytes]"), (4, "meter reading?")],
    b"$$r\r": [(4, "text [1 bytes]"), (4, "meter reading?")],
    b"$r\r$m\r": [(3, "meter reading?"), (6, "mac address?")],
    b"$x\n": [(3, "text [3 bytes]")],
    b"$r\n": [(3, "text [3 bytes]")],
    b"$\n": [(2, "text [2 bytes]")],
    b"$r": [(-1, "text [2 bytes]")],
    b"$\x01r\x02": [(-1, "stray bytes [4 bytes]")],
}
# Within text, or as a line of it, no request: neither where more follows nor at the end.
BOTH: dict[bytes, list[tuple[int, str]]] = {
    b"$r\r": [(-1, "meter reading?")],
    b"$r\rx": [(4, "meter reading?"), (-1, "text [1 bytes]")],
    b"$r\r\n": [(4, "text [4 bytes]")],
    b"\n$r\r": [(1, "text [1 bytes]"), (-1, "meter reading?")],
    b"\x1f$r\ra": [(5, "stray bytes [1 bytes]"), (5, "meter reading?"), (-1, "text [1 bytes]")],
    b" $r\ra": [(-1, "text [5 bytes]")],
    b"~$r\ra": [(-1, "text [5 bytes]")],
    b"\x7f$r\ra": [(5, "stray bytes [1 bytes]"), (5, "meter reading?"), (-1, "text [1 bytes]")],
    b"\x1f$r\r": [(-1, "stray bytes [1 bytes]"), (-1, "meter reading?")],
    b" $r\r": [(-1, "text [4 bytes]")],
    b"~$r\r": [(-1, "text [4 bytes]")],
    b"\x7f$r\r": [(-1, "stray bytes [1 bytes]"), (-1, "meter reading?")],
    b"$r\r$m\r": [(4, "meter reading?"), (-1, "mac address?")],
    b"$m\r" + E21: [(4, "mac address?"), (16, "mac address [8 bytes]")],
    b"x$\x01j\x01\0\r": [(7, "text [1 bytes]"), (7, "join [1 bytes]")],
    b"$\x01j\x01\0\r\n": [(6, "join [1 bytes]"), (7, "text [1 bytes]")],
    b"$\n": [(2, "text [2 bytes]")],
    b"$": [(-1, "text [1 bytes]")],
    b"$r": [(-1, "text [2 bytes]")],
    b"$\x01r\x02": [(-1, "cut short [4 bytes]")],
}


@pytest.mark.parametrize(("sender", "lines"), [("device", RADIO), ("controller", CONTROLLER), (None, BOTH)])
def test_each_piece_comes_at_the_byte_that_settles_it(
    sender: Sender | None, lines: dict[bytes, list[tuple[int, str]]]
) -> None:
    assert {data: settled(data, sender) for data in lines} == lines


def test_a_piece_in_the_representation() -> None:
    pieces = (
        EmporiaFrame("controller", "i"),
        EmporiaFrame("device", "r", b"\1\xff"),
        EmporiaFrame("device", "i", CODE),
    )
    assert [repr(piece) for piece in pieces] == [
        "Frame('controller', 'i', )",
        "Frame('device', 'r', 01ff)",
        "Frame('device', 'i', <8 secret bytes>)",
    ]


def test_a_response_of_255_bytes_is_the_longest() -> None:
    longest = EmporiaFrame("device", "r", bytes(255))
    assert EmporiaFramer().feed(response("r", bytes(255))) == [longest] and len(longest) == 260
    assert len(EmporiaFrame("controller", "r")) == len(request("r")) == 3
