"""`decode`: anything that people record or paste -> each frame, each stretch of noise, and remarks."""

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import click

from unclouded.app.cases.draft import draft_case, save_draft
from unclouded.app.decoding.conversation_reader import ConversationReader, DecodedPiece
from unclouded.app.decoding.input_chunks import FORMS, Input, one_file, two_taps
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.dump.opening import captures_in, is_bundle
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.app.protocols import NAMES
from unclouded.cli.options import json_option
from unclouded.cli.output.bytes.conversation_text import ConversationText, counted, counts_text
from unclouded.cli.output.bytes.explained_views import VIEWS, ViewName
from unclouded.cli.output.bytes.input_text import content_text, found_text, unread_text
from unclouded.cli.output.hub.report_text import report_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.family import Sender, Totals

file_option = click.File("rb")


@click.command("decode")
@click.argument("words", metavar="[FILE|-|TEXT…]", nargs=-1)
@click.option("--family", type=click.Choice(NAMES), help="Protocol family of the bytes; found by its frames.")
@click.option("--module", "--controller", "module", type=file_option, help="Two taps: the bytes that the module sent.")
@click.option("--mcu", "--device", "mcu", type=file_option, help="Two taps: the bytes that the MCU sent.")
@click.option("--mixed", is_flag=True, help="FILE holds both directions of one line; senders are found out.")
@click.option(
    "--sender", type=click.Choice(["controller", "device"]), help="Sender of the bytes, where FILE does not name it."
)
@click.option(
    "--input",
    "kind",
    default="auto",
    show_default=True,
    metavar="FORMAT",
    help=f"Format of the input: one that `decode` names, or a kind of them: {', '.join(FORMS)}.",
)
@click.option(
    "--dialect",
    type=click.Choice(["auto", "normal", "low_power", "gateway", "zigbee_module"]),
    help="Dialect of the Tuya families; auto detects it and prints why.",
)
@click.option("--profile", metavar="NAME|FILE", help="Profile that names the values: a name or a TOML file.")
@click.option("--remarks", is_flag=True, help="Print only noise and frames with remarks.")
@click.option("--bytes", "with_bytes", is_flag=True, help="Print the bytes of each frame too.")
@click.option(
    "--explain", "view", flag_value="explain", help="Draw the bytes of each frame with what they are and what is odd."
)
@click.option("--diff", "view", flag_value="diff", help="Print what changes between frames of one kind.")
@click.option("--unknown", "view", flag_value="unknown", help="Print what no profile names, and what it may be.")
@click.option("--summary", is_flag=True, help="Print only totals: frames, noise by reason, frames by command.")
@click.option(
    "--save-case",
    "case",
    metavar="DIR/NAME",
    type=click.Path(path_type=Path),
    help="Write a draft of a test case for tests/captures: NAME.jsonl and NAME.toml.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    family: str | None,
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    mixed: bool,
    sender: Sender | None,
    kind: str,
    dialect: str | None,
    profile: str | None,
    remarks: bool,
    with_bytes: bool,
    view: ViewName | None,
    summary: bool,
    case: Path | None,
    as_json: bool,
) -> None:
    """Decode FILE, standard input, TEXT or two taps of one line into frames and noise.

    The format, the family, the dialect and the sides are found: raw bytes, hex in any form, dumps, logs of firmware
    and of serial programs, captures. Lines that are not understood are counted and never printed.

    The lengths add up to the input: bytes that form no frame are noise, with a reason. → is sent to the device, ← by
    the device. The exit code is 1 where the input held nothing.
    """
    if summary and view is not None:
        raise click.UsageError(f"--summary prints totals only; leave it out, or --{view}.")
    if case is not None and (summary or view is not None or remarks):
        raise click.UsageError("--save-case writes a draft and prints no frames; leave out the other views.")
    source = _input(words, module, mcu, kind, sender, mixed, family or "")
    decoding = decoding_of(family, source, dialect)
    _print_found(decoding, family, kind)
    if case is not None:
        _save_case(decoding, case, profile, as_json)
        return
    if summary:
        totals = decoding.totals()
        _print_totals(totals, as_json)
        is_empty = not totals.frames
    else:
        reader = decoding.reader(profile, only_remarks=remarks)
        if view is not None:
            _print_view(decoding, reader, view, as_json=as_json)
        else:
            _print_pieces(decoding, reader, as_json=as_json, with_bytes=with_bytes)
        _print_report(reader, as_json)
        if not as_json:
            _print_end(decoding, reader, is_one_line=module is None)
        is_empty = not reader.counts.frames
    if is_empty and not source.contents and not (family and kind != "auto"):
        hint = source.found.refused or source.found.hint or "The input holds no frame of a known protocol."
        print_text(hint, err=True)
        context.exit(1)


def _input(
    words: Sequence[str],
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    kind: str,
    sender: Sender | None,
    mixed: bool,
    family: str,
) -> Input:
    """Raises UsageError."""
    if module is None and mcu is None:
        if mixed and sender:
            raise click.UsageError("--mixed is for two senders, --sender for one; give only one of them.")
        return one_file(_opened(words), kind, sender, mixed, family)
    if words or sender or mixed or module is None or mcu is None:
        raise click.UsageError("Two taps are given by --module FILE and --mcu FILE, without other input.")
    return two_taps(module, mcu, kind, family)


def _opened(words: Sequence[str]) -> IO[bytes]:
    """The file, standard input, or the text that is given. Raises UsageError where one word is neither."""
    if not words or words == ("-",):
        return sys.stdin.buffer
    if len(words) == 1 and _is_file(words[0]):
        if is_bundle(Path(words[0])):
            return _opened_bundle(Path(words[0]))
        opened: IO[bytes] = click.get_current_context().with_resource(click.open_file(words[0], "rb"))
        return opened
    text = " ".join(words)
    if len(words) == 1 and not any(sign in text for sign in "{[\\ :,") and not _is_hex(text):
        raise click.UsageError(f"There is no file {text!r}, and it is not text with bytes in it.")
    return io.BytesIO(text.encode("utf-8", "surrogateescape"))


def _opened_bundle(path: Path) -> IO[bytes]:
    """The longest capture in what `dump` wrote. Raises CommandError."""
    first, *others = captures_in(path)
    if others:
        names = ", ".join(f"{one.name} ({one.family})" for one in others)
        print_text(f"Note: this is {first.name} ({first.family}); the bundle also has {names}: unzip it.", err=True)
    return io.BytesIO(first.data)


def _is_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # a text may be too long for a name, or hold a zero
        return False


def _is_hex(text: str) -> bool:
    return len(text) > 4 and all(letter in "0123456789abcdefABCDEFxX-.+/=" for letter in text)


def _print_found(decoding: LineDecoding, family: str | None, kind: str) -> None:
    source = decoding.source
    known = [decoding.family, *decoding.others] if source.families or family else []
    if kind == "auto" and (not family or source.found.format not in ("raw", "capture")):
        print_text(found_text(source, known), err=True)
    for note in source.found.notes:
        print_text(f"Note: {note}.", err=True)
    if decoding.detected:
        print_text(decoding.detected, err=True)


def _save_case(decoding: LineDecoding, place: Path, profile: str | None, as_json: bool) -> None:
    """Raises CommandError."""
    draft = draft_case(decoding, decoding.pieces(), place.name, profile or "")
    paths = save_draft(draft, place.parent)
    if as_json:
        print_json({"files": [str(path) for path in paths], "case": draft.case})
        return
    result = draft.case.expected
    found = f"{counted(result.frame_count, 'frame')}, {counted(result.noise_bytes, 'byte')} of noise"
    print_text(f"{found}, {counted(len(result.readings), 'point')}.")
    print_text(f"Written: {' and '.join(str(path) for path in paths)}. Secrets are blanked, identities are not:")
    print_text("see docs/test_cases.md for what to blank, to correct and to fill in.")


def _print_pieces(decoding: LineDecoding, reader: ConversationReader, *, as_json: bool, with_bytes: bool) -> None:
    texts = {
        one.name: ConversationText(one, as_json=as_json, with_bytes=with_bytes)
        for one in (decoding.family, *decoding.others)
    }
    for content in decoding.source.contents:
        points = reader.points_of(content.fields) if content.kind == "values" else None
        print_text(content_text(content, points, as_json=as_json))
    for timed in decoding.pieces():
        decoded = reader.read_timed(timed)
        if decoded is not None:
            _print_piece(texts, decoded, decoding)


def _print_piece(texts: dict[str, ConversationText], decoded: DecodedPiece, decoding: LineDecoding) -> None:
    for line in texts[decoded.family or decoding.family.name].lines(decoded):
        print_text(line)


def _print_view(decoding: LineDecoding, reader: ConversationReader, view: ViewName, *, as_json: bool) -> None:
    """Print the pieces of each family in another way than as lines."""
    dialects = {decoding.family.name: decoding.dialect}
    views = {
        one.name: VIEWS[view](FrameExplainer(one, dialects.get(one.name, "")), as_json)
        for one in (decoding.family, *decoding.others)
    }
    for timed in decoding.pieces():
        decoded = reader.read_timed(timed)
        if decoded is not None:
            _print_lines(views[decoded.family or decoding.family.name].add(decoded, timed.piece))
    for one in views.values():
        _print_lines(one.end())


def _print_lines(lines: Iterator[str]) -> None:
    """Print them at once: each of them is flushed otherwise."""
    text = "\n".join(lines)
    if text:
        click.echo(text)


def _print_report(reader: ConversationReader, as_json: bool) -> None:
    """Print what the stream shows as a whole, where its family has such a report."""
    fields = reader.report.fields() if reader.report is not None else {}
    if fields and as_json:
        print_json({"report": fields})
    elif fields:
        click.echo()
        for line in report_lines(fields):
            print_text(line)


def _print_end(decoding: LineDecoding, reader: ConversationReader, *, is_one_line: bool) -> None:
    """Print the counts."""
    click.echo()
    for line in counts_text(reader.counts, decoding.family.ends):
        print_text(line)
    if decoding.source.found.unread:
        print_text(unread_text(decoding.source.found.unread))
    if not is_one_line and not decoding.source.ordered and decoding.reading.conversation is not None:
        click.echo("The order of the two sides is not known, so answers are not matched.")
    if reader.picked_profile:
        click.echo(f"Values are named by the profile {reader.picked_profile}, which lists the product.")


def _print_totals(totals: Totals, as_json: bool) -> None:
    if as_json:
        print_json(totals)
        return
    click.echo(f"{counted(totals.frames, 'frame')}, {counted(totals.noise_bytes, 'byte')} of noise")
    for name, count in totals.by_command.items():
        print_text(f"  {count:8d}  {name}")
    for reason, count in totals.by_reason.items():
        print_text(f"  {count:8d}  bytes of noise: {reason}")
