"""`decode`: bytes, hex, captures or two taps of a line -> each frame, each stretch of noise, and what is to be said."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import click

from unclouded import families
from unclouded.cli.conversation_text import ConversationText, as_line
from unclouded.cli.decode_input import CHUNK, Form, Input, InputChunk, Timed, one_file, two_taps
from unclouded.cli.decode_pieces import pieces_of
from unclouded.cli.decode_totals import summarise, tallied
from unclouded.cli.output import json_option, print_json
from unclouded.core.errors import CommandError
from unclouded.core.family import Conversation, Decoder, Detector, Family, Sender, Tally, Totals
from unclouded.core.profile import Profile
from unclouded.recording.line_monitor import LOOKED_AT

__all__ = ("CHUNK", "as_line", "command", "decoded", "profile_named", "summarise")

ENOUGH = 262_144  # bytes that are looked through for the dialect, where one side says little

file_option = click.File("rb")


@click.command("decode")
@click.argument("file", type=file_option, required=False)
@click.option("--family", required=True, type=click.Choice(families.NAMES), help="Which protocol it is.")
@click.option("--module", "--controller", "module", type=file_option, help="Two taps: what the module said.")
@click.option("--mcu", "--device", "mcu", type=file_option, help="Two taps: what the MCU said.")
@click.option("--mixed", is_flag=True, help="One line carries both sides; who said what is found out.")
@click.option(
    "--sender", type=click.Choice(["controller", "device"]), help="Who said it, where the input does not tell."
)
@click.option(
    "--input", "kind", type=click.Choice(["auto", "raw", "hex", "capture"]), default="auto", show_default=True
)
@click.option("--dialect", type=click.Choice(["auto", "normal", "low_power"]), help="Of tuya_wifi; auto says why.")
@click.option("--profile", metavar="NAME|FILE", help="Names values by it: tuya/plug_metering, or a TOML file.")
@click.option("--remarks", is_flag=True, help="Only frames that there is something to say of, and noise.")
@click.option("--bytes", "with_bytes", is_flag=True, help="The bytes of each frame as well.")
@click.option("--summary", is_flag=True, help="Only totals: frames, noise by reason, frames by command.")
@json_option
def command(
    file: IO[bytes] | None,
    family: str,
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    mixed: bool,
    sender: Sender | None,
    kind: Form,
    dialect: str | None,
    profile: str | None,
    remarks: bool,
    with_bytes: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """Decode FILE (or standard input), or two taps of one line, and name what is in it.

    Lengths add up to the input: what is no frame is noise, with a reason. → is said to the device, ← by it.
    """
    found = families.family(family)
    heard, how = in_dialect(found, _input(file, module, mcu, kind, sender, mixed), dialect)
    if summary:
        _print_summary(_totals_of(how, heard), as_json)
        return
    commentary = ConversationText(
        found,
        how.conversation() if how.conversation is not None and heard.ordered else None,
        profile=profile_named(found, profile) if profile else None,
        profile_of=lambda product: profile_of(found, product),
        as_json=as_json,
        only_remarks=remarks,
        with_bytes=with_bytes,
    )
    for t, piece in pieces_of(how.decoder, heard.chunks):
        for line in commentary.lines(t, piece):
            click.echo(line)
    if not as_json:
        _print_end(found, commentary, module is None or heard.ordered)


# --- what is read, and how --------------------------------------------------------------------------


class How:
    """How the bytes of a line are read: in one of the family's dialects, or as the family does."""

    def __init__(self, family: Family, dialect: str = "") -> None:
        one = family.dialects.get(dialect)
        self.decoder: Callable[[Sender | None], Decoder] = one.decoder if one else family.decoder
        self.tally: Callable[[], Tally] | None = one.tally if one else family.tally
        self.conversation: Callable[[], Conversation] | None = one.conversation if one else family.conversation


def in_dialect(family: Family, heard: Input, dialect: str | None) -> tuple[Input, How]:
    """The input again, and the way to read it; what was found out is said on stderr. Raises CommandError."""
    if dialect not in (None, "auto") and dialect not in family.dialects:
        raise CommandError(f"{family.name} has no dialect {dialect}.")
    if family.detector is None or (dialect and dialect != "auto"):
        return heard, How(family, dialect or "")
    detector = family.detector()
    seen = _looked_at(detector, heard.chunks)
    name, why = detector.verdict()
    if dialect == "auto" or name != next(iter(family.dialects)):
        click.echo(why, err=True)
    again = Input(chunks=chain(seen, heard.chunks), ordered=heard.ordered, is_long=heard.is_long)
    return again, How(family, name)


def _looked_at(detector: Detector, chunks: Iterator[InputChunk]) -> list[InputChunk]:
    """What was taken from the chunks until each side had said enough, but not for ever: one may be silent."""
    seen: list[InputChunk] = []
    size: Counter[Sender | None] = Counter()
    for chunk in chunks:
        seen.append(chunk)
        detector.feed(chunk.sender, chunk.data[: max(LOOKED_AT - size[chunk.sender], 0)])
        size[chunk.sender] += len(chunk.data)
        if size.total() >= ENOUGH or (len(size) > 1 and min(size.values()) >= LOOKED_AT):
            break
    return seen


def decoded(family: Family, file: IO[bytes], sender: Sender | None, kind: Form) -> Iterator[Timed]:
    """Every piece of the input, with its time where it is a capture. Raises CommandError and WireError."""
    return pieces_of(family.decoder, one_file(file, kind, sender).chunks)


def _input(
    file: IO[bytes] | None,
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    kind: Form,
    sender: Sender | None,
    mixed: bool,
) -> Input:
    """Raises UsageError."""
    if module is None and mcu is None:
        if mixed and sender:
            raise click.UsageError("--mixed says that both sides are in it; --sender that one is.")
        return one_file(file or sys.stdin.buffer, kind, sender, mixed)
    if file or sender or mixed or module is None or mcu is None:
        raise click.UsageError("Two taps are --module FILE and --mcu FILE, and nothing else to read.")
    return two_taps(module, mcu, kind)


def profile_named(family: Family, name: str) -> Profile:
    """The profile that --profile means, by name or by file. Raises CommandError and ConfigError."""
    from unclouded.app.device_factory import settings_of  # here, because counting needs none of the hub
    from unclouded.core.profile import load_profile
    from unclouded.profiles import ProfileLibrary

    path = Path(name)
    if name.endswith(".toml"):
        profile = load_profile(_text_of(path), name, settings_of)
    else:
        profile = ProfileLibrary(settings_of).get(name)
    if profile.family != family.name:
        raise CommandError(f"The profile {name} is one of {profile.family}, not of {family.name}.")
    return profile


def _text_of(path: Path) -> str:
    """Raises CommandError."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no profile: it is not text in UTF-8.") from error


def profile_of(family: Family, product: str) -> Profile | None:
    """The profile that lists the product, if any."""
    from unclouded.app.device_factory import settings_of
    from unclouded.profiles import ProfileLibrary

    return ProfileLibrary(settings_of).for_product(family.name, product)


def _print_end(family: Family, commentary: ConversationText, ordered: bool) -> None:
    """What there was, in words."""
    click.echo()
    for line in commentary.counts.words(family.ends):
        click.echo(line)
    if not ordered and family.conversation is not None:
        click.echo("Which side spoke first is not known, so nothing is said of answers.")
    if commentary.profile_told:
        click.echo(f"Values are named by the profile {commentary.profile_told}, which lists the product.")


# --- totals -----------------------------------------------------------------------------------------


def _totals_of(how: How, heard: Input) -> Totals:
    """What the input holds; what is longer than one read goes the fast way, where the family has one."""
    if how.tally is None or not heard.is_long:
        return summarise(pieces_of(how.decoder, heard.chunks))
    return tallied(how.tally, heard.chunks)


def _print_summary(totals: Totals, as_json: bool) -> None:
    if as_json:
        print_json(totals)
        return
    click.echo(f"{totals.frames} frames, {totals.noise_bytes} bytes of noise")
    for name, count in totals.by_command.items():
        click.echo(f"  {count:8d}  {name}")
    for reason, count in totals.by_reason.items():
        click.echo(f"  {count:8d}  bytes of noise: {reason}")
