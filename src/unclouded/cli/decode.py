"""`decode`: bytes, hex or a capture -> one line for each frame and each stretch of noise."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO, Literal

import click
import msgspec

from unclouded import capture, families
from unclouded.cli.output import json_option, print_json
from unclouded.errors import CommandError
from unclouded.family import Decoder, Family, Piece, Sender, Tally, Totals

Input = Literal["auto", "raw", "hex", "capture"]

CHUNK = 65_536  # bytes read at once
HEX = re.compile(rb"[0-9a-fA-F\s]*")
GAP = 0.3  # s of silence in a capture that end a frame
SHOWN = 24  # bytes of a frame that a line of words shows

Timed = tuple[float | None, Piece]


@click.command("decode")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--family", required=True, type=click.Choice(families.NAMES), help="Which protocol it is.")
@click.option(
    "--sender", type=click.Choice(["controller", "device"]), help="Who said it, where the input does not tell."
)
@click.option(
    "--input", "kind", type=click.Choice(["auto", "raw", "hex", "capture"]), default="auto", show_default=True
)
@click.option("--summary", is_flag=True, help="Only totals: frames, noise by reason, frames by command.")
@json_option
def command(file: IO[bytes], family: str, sender: Sender | None, kind: Input, summary: bool, as_json: bool) -> None:
    """Decode FILE (or standard input) and name what is in it.

    Lengths add up to the input: what is no frame is noise, with a reason.
    """
    found = families.family(family)
    if summary:
        totals = totals_of(found, file, sender, kind)
        if as_json:
            print_json(totals)
        else:
            _print_summary(totals)
        return
    for t, piece in decoded(found, file, sender, kind):
        t, piece = _without_secrets(found, t, piece)
        if as_json:
            print_json(as_line(piece, t, family))
        else:
            click.echo(_words(piece, t))


def decoded(family: Family, file: IO[bytes], sender: Sender | None, kind: Input) -> Iterator[Timed]:
    """Every piece of the input, with its time where it is a capture. Raises CommandError and WireError."""
    return _pieces(family, sender, *_opened(file, kind))


def totals_of(family: Family, file: IO[bytes], sender: Sender | None, kind: Input) -> Totals:
    """What the input holds; what is longer than one read goes the fast way, where the family has one."""
    kind, chunks = _opened(file, kind)
    head = next(chunks)
    if family.tally is None or len(head) < CHUNK:
        return summarise(_pieces(family, sender, kind, chain([head], chunks)))
    return _tallied(family.tally, kind, chain([head], chunks))


def _opened(file: IO[bytes], kind: Input) -> tuple[Input, Iterator[bytes]]:
    """What the input is, and its bytes: one chunk at least."""
    head = file.read(CHUNK)
    if kind == "auto":
        kind = "capture" if capture.sniff(head) else "hex" if HEX.fullmatch(head) else "raw"
    return kind, chain([head], iter(lambda: file.read(CHUNK), b""))


def _pieces(family: Family, sender: Sender | None, kind: Input, chunks: Iterable[bytes]) -> Iterator[Timed]:
    match kind:
        case "capture":
            return _of_capture(family, chunks)
        case "hex":
            return _of_stream(family.decoder(sender), [_unhex(b"".join(chunks))])
    return _of_stream(family.decoder(sender), chunks)


def _of_stream(decoder: Decoder, chunks: Iterable[bytes]) -> Iterator[Timed]:
    for chunk in chunks:
        yield from ((None, piece) for piece in decoder.feed(chunk))
    yield from ((None, piece) for piece in decoder.close())


def _of_capture(family: Family, chunks: Iterable[bytes]) -> Iterator[Timed]:
    """Each direction has a decoder and offsets of its own; a long silence ends a frame."""
    decoders: dict[Sender, Decoder] = {}
    last: dict[Sender, float] = {}
    for line, silent in _heard(chunks):
        decoder = decoders.setdefault(line.sender, family.decoder(line.sender))
        if silent:
            before = last[line.sender]
            yield from ((before, piece) for piece in decoder.close())
        last[line.sender] = line.t
        yield from ((line.t, piece) for piece in decoder.feed(line.data))
    for sender, decoder in decoders.items():
        yield from ((last[sender], piece) for piece in decoder.close())


def _tallied(new: Callable[[], Tally], kind: Input, chunks: Iterable[bytes]) -> Totals:
    """The same, counted by Tallies."""
    tallies: dict[Sender | None, Tally] = {}
    if kind == "capture":
        for line, silent in _heard(chunks):
            tally = tallies.get(line.sender) or tallies.setdefault(line.sender, new())
            if silent:
                tally.pause()
            tally.feed(line.data)
    else:
        tally = tallies.setdefault(None, new())
        for chunk in [_unhex(b"".join(chunks))] if kind == "hex" else chunks:
            tally.feed(chunk)
    found = [tally.totals() for tally in tallies.values()]
    reasons = sum((Counter(one.by_reason) for one in found), Counter[str]())
    commands = sum((Counter(one.by_command) for one in found), Counter[str]())
    return _totals(reasons, commands)


def _heard(chunks: Iterable[bytes]) -> Iterator[tuple[capture.Line, bool]]:
    """Each line of a capture; and whether its sender had been silent for so long that a frame ends."""
    last: dict[Sender, float] = {}
    for line in capture.Reader(_lines(chunks)):
        yield line, line.t - last.get(line.sender, line.t) > GAP
        last[line.sender] = line.t


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _without_secrets(family: Family, t: float | None, piece: Piece) -> Timed:
    """Keys and passwords blanked: what is printed here gets pasted into issues."""
    return t, msgspec.structs.replace(piece, data=family.redact(piece.sender, piece.data))


def _unhex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        raise CommandError("The input is not whole bytes in hex; say --input raw if it is meant as it is.") from None


def as_line(piece: Piece, t: float | None, family: str) -> dict[str, object]:
    """A piece as `decode --json` prints it."""
    line: dict[str, object] = {} if t is None else {"t": t}
    return line | {
        "offset": piece.offset,
        "length": len(piece.data),
        "kind": piece.kind,
        "reason": piece.reason,
        "family": family,
        "sender": piece.sender,
        "command": piece.command,
        "sub": piece.sub,
        "name": piece.name,
        "message": piece.message,
        "hex": piece.data.hex(),
    }


def _words(piece: Piece, t: float | None) -> str:
    when = "" if t is None else f"{t:10.3f}  "
    who = {"controller": "->", "device": "<-", None: "  "}[piece.sender]
    what = f"{piece.name}  {piece.fields}" if piece.kind == "frame" else f"noise: {piece.reason}"
    odd = f"  ({piece.reason})" if piece.kind == "frame" and piece.reason else ""
    return f"{when}{piece.offset:8d} {len(piece.data):5d}  {who} {what.rstrip()}{odd}  [{_short(piece.data)}]"


def _short(data: bytes) -> str:
    shown = data[:SHOWN].hex(" ")
    return shown if len(data) <= SHOWN else f"{shown} … {len(data) - SHOWN} more"


def summarise(lines: Iterable[Timed]) -> Totals:
    """Totals: frames, noise bytes, noise by reason, frames by command."""
    reasons: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for _, piece in lines:
        if piece.kind == "frame":
            commands[piece.name or str(piece.command)] += 1
        else:
            reasons[piece.reason] += len(piece.data)
    return _totals(reasons, commands)


def _totals(reasons: Counter[str], commands: Counter[str]) -> Totals:
    """Most first; of equal ones, by the alphabet."""

    def ordered(counts: Counter[str]) -> dict[str, int]:
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    return Totals(
        frames=commands.total(),
        noise_bytes=reasons.total(),
        by_reason=ordered(reasons),
        by_command=ordered(commands),
    )


def _print_summary(totals: Totals) -> None:
    click.echo(f"{totals.frames} frames, {totals.noise_bytes} bytes of noise")
    for name, count in totals.by_command.items():
        click.echo(f"  {count:8d}  {name}")
    for reason, count in totals.by_reason.items():
        click.echo(f"  {count:8d}  bytes of noise: {reason}")
