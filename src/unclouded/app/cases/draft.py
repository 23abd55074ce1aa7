"""A draft of a test case: a recording as a capture without secrets, and its entry for a person to correct."""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import msgspec

from unclouded.app.cases.case_reading import capture_bytes, read_case, with_senders
from unclouded.app.cases.recorded_case import RecordedCase, case_text
from unclouded.app.decoding.line_decoding import LineDecoding
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.core.errors import CommandError

NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")
MOST_PIECES = 10_000  # frames and stretches of noise of a case
TO_FILL_IN = "…"  # what only a person can say
NOTES = "A draft: compare what is expected with the device, then say in `verified` how you did."


class CaseDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Two files to keep: NAME.jsonl with ``capture``, and NAME.toml with ``entry``, which goes into the index."""

    case: RecordedCase
    capture: bytes
    entry: str


def draft_case(decoding: LineDecoding, pieces: Iterable[TimedPiece], name: str, profile: str = "") -> CaseDraft:
    """``pieces``: those of the decoding. What is expected is what is found in the capture; it is not verified.

    ``profile``: of the values, one that comes with this program. Raises CommandError.
    """
    if not NAME.fullmatch(name):
        raise CommandError(f"{name!r} is not a name for a case: lower-case letters, digits and _, at most 60.")
    if profile.endswith(".toml"):
        raise CommandError("A case names a profile that comes with this program: add yours first, or leave it out.")
    pieces = list(islice(pieces, MOST_PIECES + 1))
    if len(pieces) > MOST_PIECES:
        raise CommandError(f"A case has at most {MOST_PIECES:,} frames: cut the recording to what it is to show.")
    if not any(one.piece.kind == "frame" and not one.family for one in pieces):
        raise CommandError("The input holds no frame, so there is nothing to keep as a test case.")
    capture = capture_bytes(decoding, with_senders(pieces, decoding.reader(profile or None)))
    found = read_case(capture, profile)
    case = RecordedCase(
        id=name,
        file=f"{found.family.partition('_')[0]}/{name}.jsonl",
        shows=TO_FILL_IN,
        source=TO_FILL_IN,
        verified="",
        device=TO_FILL_IN,
        firmware=TO_FILL_IN,
        format=found.format,
        family=found.family,
        dialect=found.dialect,
        profile=profile,
        notes=NOTES,
        expected=found.result,
    )
    return CaseDraft(case=case, capture=capture, entry=case_text(case))


def save_draft(draft: CaseDraft, folder: Path) -> list[Path]:
    """Write both files into a folder. Raises CommandError; a file that is there is never replaced."""
    contents = {f"{draft.case.id}.jsonl": draft.capture, f"{draft.case.id}.toml": draft.entry.encode()}
    paths = [folder / name for name in contents]
    for path in paths:
        if path.exists():
            raise CommandError(f"{path} exists already. Choose another name for the case.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in zip(paths, contents.values(), strict=True):
            path.write_bytes(data)
    except OSError as error:
        raise CommandError(f"The case cannot be written to {folder}: {error.strerror}.") from None
    return paths
