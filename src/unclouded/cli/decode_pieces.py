"""Chunks of a recording -> frames and noise, each with the time of its last byte, in that order.

module  55 aa 00 08 00 00 07 ────────────────────────┐
MCU              55 aa 03 07 00 05 … 55 (held back) ─┴─► (t, Piece), (t, Piece), …
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from unclouded.cli.decode_input import InputChunk, Timed
from unclouded.core.family import Decoder, Piece, Sender
from unclouded.recording.line_monitor import GAP, DirectionState, MonitoredPiece, TimeOrder

Tracks = dict[Sender | None, DirectionState]


def pieces_of(decoder: Callable[[Sender | None], Decoder], chunks: Iterable[InputChunk]) -> Iterator[Timed]:
    """Each side has a decoder and offsets of its own; a long silence ends a frame. In the order of last bytes."""
    tracks: Tracks = {}
    last: dict[Sender | None, float] = {}
    order = TimeOrder()
    for chunk in chunks:
        track = tracks.get(chunk.sender)
        if track is None:
            track = tracks[chunk.sender] = DirectionState(decoder(chunk.sender))
        if chunk.t is None:
            yield from ((None, piece) for piece in track.decoder.feed(chunk.data))
            continue
        said = [one for sender in _silent(last, chunk.t) for one in _closed(tracks[sender], sender)]
        last[chunk.sender] = chunk.t
        said += [_said(track, chunk.sender, piece) for piece in track.feed(chunk.t, chunk.data)]
        held = min((at for one in tracks.values() if (at := one.held_since) is not None), default=None)
        yield from ((one.at, one.piece) for one in order.put(said, held))
    yield from _rest(tracks, last, order)


def _rest(
    tracks: Mapping[Sender | None, DirectionState], last: Mapping[Sender | None, float], order: TimeOrder
) -> Iterator[Timed]:
    for sender, track in tracks.items():
        if sender not in last:
            yield from ((None, piece) for piece in track.decoder.close())
    said = [one for sender in last for one in _closed(tracks[sender], sender)]
    yield from ((one.at, one.piece) for one in order.put(said, None))


def _silent(last: dict[Sender | None, float], now: float) -> list[Sender | None]:
    """Who has been silent for so long that a frame ends."""
    silent = [sender for sender, at in last.items() if now - at > GAP]
    for sender in silent:
        del last[sender]
    return silent


def _closed(track: DirectionState, sender: Sender | None) -> list[MonitoredPiece]:
    return [_said(track, sender, piece) for piece in track.decoder.close()]


def _said(track: DirectionState, sender: Sender | None, piece: Piece) -> MonitoredPiece:
    return MonitoredPiece(track.settle(piece), sender or "device", piece)
