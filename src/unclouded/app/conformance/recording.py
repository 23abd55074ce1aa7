"""Judges what one end sent in a recording: a capture, or what `dump` wrote."""

from pathlib import Path

from unclouded.app.dump.opening import captures_in, is_bundle
from unclouded.conformance import suite
from unclouded.conformance.check import CheckSuite, RunOptions, RunReport
from unclouded.conformance.recorded import RecordedChunk, judge_recording
from unclouded.conformance.run import RunObserver
from unclouded.core.errors import CommandError, WireError
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient
from unclouded.links.url import parse
from unclouded.recording.capture import CaptureReader

SCHEME = "replay:"
EXAMPLE = "replay:recording.jsonl"


def is_recording(link: str) -> bool:
    """Whether a link is a recording, and no wire."""
    return link.lower().startswith(SCHEME)


def conform_recording(name: str, role: Sender, link: str, options: RunOptions, observer: RunObserver) -> RunReport:
    """The report on the end that ``role`` would be played against. Raises CommandError, ConfigError."""
    path = parse(link).path(EXAMPLE, Path())
    wanted = suite(name)
    reader = CaptureReader(_lines(path, wanted))
    if reader.header.family != wanted.family:
        raise CommandError(f"{path} is a recording of {reader.header.family or 'bare bytes'}, not of {wanted.family}.")
    began = reader.header.started_at or 0.0
    try:
        chunks = [RecordedChunk(line.t, line.sender, line.data) for line in reader]
    except WireError as error:
        raise CommandError(f"{path}: {error}") from None
    ambient = Ambient(lambda now: began + now, bytes)
    return judge_recording(wanted, role, options, chunks, ambient, observer)


def _lines(path: Path, wanted: CheckSuite) -> list[bytes]:
    """Of a bundle, those of the channel of this family."""
    if is_bundle(path):
        found = captures_in(path)
        fitting = [one for one in found if one.family == wanted.family]
        if not fitting:
            raise CommandError(
                f"{path} has no frames of {wanted.family}, but of {', '.join(one.family for one in found)}."
            )
        return fitting[0].data.splitlines()
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
