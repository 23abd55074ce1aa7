"""What is not a frame of one family -> frames of the others that were found in the same input.

A frame of another family may be the cut beginning of one of the first.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from unclouded.app.decoding.pieces import TimedPiece
from unclouded.core.family import Family


def with_other_families(pieces: Iterable[TimedPiece], others: Sequence[Family]) -> Iterator[TimedPiece]:
    """The same bytes; stretches without a frame next to each other are searched together."""
    held: list[TimedPiece] = []
    for one in pieces:
        if one.piece.kind != "frame" and (not held or held[-1].piece.sender == one.piece.sender):
            held.append(one)
            continue
        yield from _searched(held, others)
        held = [one] if one.piece.kind != "frame" else []
        if not held:
            yield one
    yield from _searched(held, others)


def _searched(noise: list[TimedPiece], others: Sequence[Family]) -> Iterator[TimedPiece]:
    for family in others:
        found = list(_frames(noise, family)) if noise else []
        if any(one.family for one in found):
            yield from found
            return
    yield from noise


def _frames(noise: list[TimedPiece], family: Family) -> Iterator[TimedPiece]:
    """The noise as the family reads it; what is not a frame there has the reason that it gives."""
    decoder = family.decoder(noise[0].piece.sender)
    data = b"".join(one.piece.data for one in noise)
    ends: list[int] = []
    for one in noise:
        ends.append((ends[-1] if ends else 0) + len(one.piece.data))
    at = index = 0
    for piece in (*decoder.feed(data), *decoder.close()):
        while ends[index] <= at and index < len(noise) - 1:
            index += 1
        begin = noise[index]
        at += len(piece.data)
        moved = msgspec.structs.replace(piece, offset=noise[0].piece.offset + at - len(piece.data))
        name = family.name if piece.kind == "frame" else ""
        yield msgspec.structs.replace(begin, piece=moved, at=begin.at, family=name)
