"""Chunks of a recording -> frames and noise, each with the time of its last byte, in the order of these times.

module  55 aa 00 08 00 00 07 ────────────────────────┐
MCU              55 aa 03 07 00 05 … 55 (held back) ─┴─► (t, Piece), (t, Piece), …
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.app.decoding.input_chunks import Timed
from unclouded.core.family import Decoder, Piece, Sender
from unclouded.recording.line_monitor import GAP_S, DirectionState, MonitoredPiece, TimeOrder

Directions = dict[Sender | None, DirectionState]


def pieces_of(decoder: Callable[[Sender | None], Decoder], chunks: Iterable[InputChunk]) -> Iterator[Timed]:
    """Each side has its own decoder and offsets; a gap of silence ends a frame. In the order of last bytes."""
    directions: Directions = {}
    last: dict[Sender | None, float] = {}
    order = TimeOrder()
    for chunk in chunks:
        direction = directions.get(chunk.sender)
        if direction is None:
            direction = directions[chunk.sender] = DirectionState(decoder(chunk.sender))
        if chunk.t is None:
            yield from ((None, piece) for piece in direction.decoder.feed(chunk.data))
            continue
        settled = [one for sender in _silent(last, chunk.t) for one in _closed(directions[sender], sender)]
        last[chunk.sender] = chunk.t
        settled += [_monitored(direction, chunk.sender, piece) for piece in direction.feed(chunk.t, chunk.data)]
        held = min((at for one in directions.values() if (at := one.held_since) is not None), default=None)
        yield from ((one.at, one.piece) for one in order.put(settled, held))
    yield from _rest(directions, last, order)


def _rest(
    directions: Mapping[Sender | None, DirectionState], last: Mapping[Sender | None, float], order: TimeOrder
) -> Iterator[Timed]:
    for sender, direction in directions.items():
        if sender not in last:
            yield from ((None, piece) for piece in direction.decoder.close())
    settled = [one for sender in last for one in _closed(directions[sender], sender)]
    yield from ((one.at, one.piece) for one in order.put(settled, None))


def _silent(last: dict[Sender | None, float], now: float) -> list[Sender | None]:
    """The senders whose silence has lasted for a gap."""
    silent = [sender for sender, at in last.items() if now - at > GAP_S]
    for sender in silent:
        del last[sender]
    return silent


def _closed(direction: DirectionState, sender: Sender | None) -> list[MonitoredPiece]:
    return [_monitored(direction, sender, piece) for piece in direction.decoder.close()]


def _monitored(direction: DirectionState, sender: Sender | None, piece: Piece) -> MonitoredPiece:
    return MonitoredPiece(direction.settle(piece), sender or "device", piece)
