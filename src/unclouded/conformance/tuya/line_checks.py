"""Checks of how one end of a Tuya line takes a bad line: the same for each dialect and both ends.

Each asks a question that is known to be answered (the preparation "question"), with something bad before it, inside
it or behind it. Source: docs/protocols/tuya_wifi.md §2.1, §2.6, §4, §6.
"""

from collections.abc import Callable, Collection, Mapping

import msgspec

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import Line, damaged, frames, is_command, send_frame
from unclouded.families.tuya.line.framing import Frame

ANSWERS = "answers"  # a fact: the command of the question
QUESTION = "question"  # a preparation: Line.end.question is set
PAGE = "docs/protocols/tuya_wifi.md"
NOISE = bytes((0x12, 0xFF, 0x00, 0xA5, 0x5A, 0xAA, 0x31, 0x0D, 0x0A, 0x7E))
UNUSED = 0x7D  # a command of no dialect
TRIES = 3  # of a question after something bad: the end may lose one frame
RESULT_S = 1.0
BYTE_S = 0.003  # from byte to byte, slower than at 9600 baud
LONG, LONGEST = 250, 1000  # bytes of payload


class TuyaQuestion(msgspec.Struct, frozen=True):
    """A frame that the end under test answers, and by which command. ``seconds``: how long that may take."""

    command: int
    payload: bytes = b""
    answer: int | None = None
    sub: int | None = None
    seconds: float = RESULT_S

    def is_answer(self, entry: LineEntry) -> bool:
        """Does this entry answer the question?"""
        return is_command(self.command if self.answer is None else self.answer, self.sub)(entry)


def frame_of_question(line: Line, version: int | None = None) -> Frame:
    """The frame of the question that every other end of this role answers. ``version`` None: the usual one."""
    question: TuyaQuestion = line.end.question
    return Frame(line.end.version if version is None else version, question.command, question.payload)


def find_question(*candidates: TuyaQuestion) -> Callable[[Line], Script[None]]:
    """A preparation: the first of these that is answered."""

    def script(line: Line) -> Script[None]:
        for candidate in candidates:
            for _ in range(TRIES):
                line.end.question = candidate
                if (yield from ask(line)) is not None:
                    line.facts[ANSWERS] = f"{candidate.command:02x}"
                    return
        line.skip("It answers none of the questions that are asked for this.")

    return script


def ask(line: Line, data: bytes | None = None) -> Script[LineEntry | None]:
    """Send the question, or these bytes; the answer."""
    frame = frame_of_question(line)
    line.send(bytes(frame) if data is None else data, frame if data is None else None)
    answer = yield from line.wait_for(line.end.question.is_answer, line.end.question.seconds)
    yield from line.pause(0.15)
    return answer


def ask_again(line: Line, otherwise: str) -> Script[None]:
    """The question must be answered, at the latest the third time."""
    line.require((yield from answers(line)), otherwise)


def answers(line: Line) -> Script[bool]:
    """Is the question answered, at the latest the third time?"""
    for _ in range(TRIES):
        if (yield from ask(line)) is not None:
            return True
    return False


def answers_within(line: Line, seconds: float) -> Script[bool]:
    """The same, asked again and again for so long."""
    until = line.now + seconds
    while line.now < until:
        if (yield from answers(line)):
            return True
        yield from line.pause(2.0)
    return False


# --- scripts -----------------------------------------------------------------------------------------


def after(what: str, bad: bytes, pause_s: float = 0.0) -> Callable[[Line], Script[None]]:
    """These bytes, and then the question, up to three times."""

    def script(line: Line) -> Script[None]:
        line.send(bad)
        if pause_s:
            yield from line.pause(pause_s)
        yield from ask_again(line, f"It no longer answers after {what}.")

    return script


def in_one_piece(what: str, before: bytes, behind: bytes = b"") -> Callable[[Line], Script[None]]:
    """These bytes around the question, in one piece; the question is answered at once."""

    def script(line: Line) -> Script[None]:
        answer = yield from ask(line, before + bytes(frame_of_question(line)) + behind)
        line.require(answer, f"A frame with {what} is not answered.")

    return script


def bad_checksum(line: Line) -> Script[None]:
    """Fails where a frame with a wrong checksum is answered, or where no question is answered after it."""
    answer = yield from ask(line, damaged(frame_of_question(line)))
    line.require(answer is None, "It answers a frame with a wrong checksum.")
    yield from ask_again(line, "It no longer answers after a frame with a wrong checksum.")


def half_frame(line: Line) -> Script[None]:
    """Fails where a question is not answered one second after half a frame."""
    data = bytes(frame_of_question(line))
    line.send(data[: len(data) // 2])
    yield from line.pause(1.0)
    yield from ask_again(line, "It no longer answers after half a frame.")


def cut_frame(line: Line) -> Script[None]:
    """Fails where a whole frame is not answered that comes right after the beginning of another one."""
    data = bytes(frame_of_question(line))
    answer = yield from ask(line, data[:-2] + data)
    line.require(answer, "A whole frame right after the beginning of another one is not answered.")


def byte_by_byte(line: Line) -> Script[None]:
    """Fails where a frame is not answered whose bytes come BYTE_S apart."""
    data = bytes(frame_of_question(line))
    for number, byte in enumerate(data):
        line.send(bytes((byte,)), after=number * BYTE_S)
    answer = yield from line.wait_for(line.end.question.is_answer, line.end.question.seconds + 0.2)
    line.require(answer, f"A frame whose bytes come {BYTE_S * 1000:.0f} ms apart is not answered.")


def with_pause(line: Line) -> Script[None]:
    """Fails where a frame is not answered that has a pause of 50 ms inside."""
    data = bytes(frame_of_question(line))
    line.send(data[:4])
    line.send(data[4:], after=0.05)
    answer = yield from line.wait_for(line.end.question.is_answer, line.end.question.seconds + 0.2)
    line.require(answer, "A frame with a pause of 50 ms inside is not answered.")


def two_at_once(line: Line) -> Script[None]:
    """Fails where not both of two frames in one piece are answered."""
    mark = line.log.mark()
    yield from ask(line, bytes(frame_of_question(line)) * 2)
    yield from line.pause(line.end.question.seconds)
    count = sum(line.end.question.is_answer(one) for one in line.received(mark))
    line.require(count >= 2, f"Of two frames in one piece {count} are answered.")


def burst(line: Line) -> Script[None]:
    """Fails where a question is not answered a second after five frames within 50 ms."""
    for _ in range(5):
        send_frame(line, line.end.question.command, line.end.question.payload, version=line.end.version)
        yield from line.pause(0.01)
    yield from line.pause(1.0)
    line.require((yield from ask(line)), "A second after five frames within 50 ms it does not answer.")


def unknown_command(line: Line) -> Script[None]:
    """Fails where an unknown command is answered, or where no question is answered after it."""
    send_frame(line, UNUSED, b"\x01\x02", version=line.end.version)
    yield from line.expect_none(is_command(UNUSED), RESULT_S, f"It answers the unknown command {UNUSED:02x}.")
    yield from ask_again(line, "It no longer answers after an unknown command.")


def of_version(version: int) -> Callable[[Line], Script[None]]:
    """A script: a question in a frame of this version is answered."""

    def script(line: Line) -> Script[None]:
        frame = frame_of_question(line, version)
        line.send(bytes(frame), frame)
        answer = yield from line.wait_for(line.end.question.is_answer, line.end.question.seconds)
        line.require(answer, f"A frame of version {version} is not answered.")

    return script


def long_frame(size: int) -> Callable[[Line], Script[None]]:
    """A script: the other end still answers after a frame with ``size`` bytes of payload."""

    def script(line: Line) -> Script[None]:
        send_frame(line, UNUSED, bytes(index & 0x3F for index in range(size)), version=line.end.version)
        yield from line.pause(size / 500)  # as long as it takes at 9600 baud, and more
        yield from ask_again(line, f"It no longer answers after a frame with {size} bytes of payload.")

    return script


def no_noise(line: Line) -> None:
    """Fails where bytes of the other end are not frames, or no frame was received."""
    bad = [entry for entry in line.received() if entry.frame is None and entry.data]
    if bad:
        line.fail(
            f"{sum(len(one.data) for one in bad)} bytes are not frames: {bad[0].reason} ({bad[0].data[:12].hex(' ')})."
        )
    line.require(frames(line.received()), "No frame was received.")


def one_version(line: Line) -> None:
    """Fails where the frames of the other end have different versions."""
    versions = sorted({entry.frame.version for entry in frames(line.received())})
    line.require(len(versions) < 2, f"Its frames have the versions {', '.join(map(str, versions))}.")


def usual_version(*usual: int) -> Callable[[Line], None]:
    """A judge: all frames of the other end have one of these versions."""

    def judge(line: Line) -> None:
        versions = {entry.frame.version for entry in frames(line.received())}
        odd = sorted(versions - set(usual))
        line.require(not odd, f"It sends frames of version {', '.join(map(str, odd))}.")

    return judge


def no_echo(line: Line) -> None:
    """A frame that comes back within 50 ms, byte for byte, three times or more."""
    sent: dict[bytes, float] = {}
    count = 0
    for entry in line.log.since():
        if entry.sender == line.own:
            sent[entry.data] = entry.at
        elif len(entry.data) > 7 and entry.at - sent.get(entry.data, -1.0) < 0.05:
            count += 1
    line.require(count < 3, f"{count} frames came back as they were sent: is there an echo on the line?")


# --- the table ---------------------------------------------------------------------------------------

NAMES: Mapping[str, tuple[str, str, Callable[[Line], Script[None]]]] = {
    "noise-before": ("A frame after noise is received", "§6", after("noise", NOISE)),
    "zeros-before": ("It goes on after 100 zero bytes", "§6", after("100 zero bytes", bytes(100))),
    "ones-before": ("It goes on after 100 bytes ff", "§6", after("100 bytes ff", b"\xff" * 100)),
    "stray-55": ("A frame after a stray 55 is received", "§4", in_one_piece("a stray 55 before it", b"\x55")),
    "stray-header": ("A frame after a stray 55 aa is received", "§6", after("a stray 55 aa", b"\x55\xaa", 1.0)),
    "swapped-header": ("It goes on after aa 55", "§6", after("aa 55", b"\xaa\x55\x00\x00\x00\x00\xff")),
    "noise-behind": ("A frame with noise after it is received", "§6", in_one_piece("noise after it", b"", NOISE)),
    "half-frame": ("It goes on after half a frame and silence", "§2.3.2", half_frame),
    "cut-frame": ("A frame right after one that was cut is received", "§4", cut_frame),
    "huge-length": (
        "It goes on after a header that claims 65,535 bytes",
        "§6 rule 1",
        after("a header that claims 65,535 bytes", b"\x55\xaa\x00\x7d\xff\xff", 1.0),
    ),
    "header-inside": (
        "It goes on after a frame with 55 aa in its payload",
        "§2.6 item 14",
        after("a frame with 55 aa in its payload", bytes(Frame(0, UNUSED, b"\x00\x55\xaa\x00"))),
    ),
    "bad-checksum": ("A frame with a wrong checksum is not answered", "§2.1", bad_checksum),
    "byte-by-byte": ("A frame is received byte by byte", "§2.6 item 3", byte_by_byte),
    "pause-inside": ("A frame with a pause of 50 ms inside is received", "§2.3.2", with_pause),
    "two-at-once": ("Two frames in one piece are both answered", "§2.1", two_at_once),
    "unknown-command": ("An unknown command is not answered", "§2.4.26", unknown_command),
    "burst": ("It answers a second after five frames at once", "§2.6 item 8", burst),
    "long": (f"It goes on after a frame of {LONG} bytes", "§2.6 item 12", long_frame(LONG)),
    "longest": (f"It goes on after a frame of {LONGEST} bytes", "§2.6 item 12", long_frame(LONGEST)),
}


def alone(script: Callable[[Line], Script[None]]) -> Callable[[Line], Script[None]]:
    """The script, while our own end begins nothing and the line is free."""

    def guarded(line: Line) -> Script[None]:
        line.end.is_quiet = True
        yield from line.pause(0.2)
        if not (yield from answers(line)):
            line.skip("It did not answer its question before this check either.")
        yield from script(line)

    return guarded


LONG_FRAMES = ("long", "longest")  # some ends take nothing more after one
SHORT_FRAMES = tuple(name for name in NAMES if name not in LONG_FRAMES)


def line_checks(
    end: str,
    deviations: Collection[str] = (),
    only: Collection[str] = tuple(NAMES),
    needs: tuple[str, ...] = (QUESTION,),
) -> tuple[Check, ...]:
    """The rows for one end. ``deviations``: those of them that many of its kind do not keep."""
    return tuple(
        row(
            f"{end}.line.{name}",
            title,
            f"{PAGE} {clause}",
            alone(script),
            "deviation" if name in deviations else "must",
            needs=needs,
        )
        for name, (title, clause, script) in NAMES.items()
        if name in only
    )


def version_checks(
    end: str, versions: Collection[int], grade: Grade, clause: str = f"{PAGE} §2.1"
) -> tuple[Check, ...]:
    """Frames of these versions are answered."""
    return tuple(
        row(
            f"{end}.line.version-{version}",
            f"A frame of version {version} is answered",
            clause,
            alone(of_version(version)),
            grade,
            needs=(QUESTION,),
        )
        for version in versions
    )


def sent_frames_checks(
    end: str, usual: tuple[int, ...], grade: Grade, needs: tuple[str, ...], clause: str
) -> tuple[Check, ...]:
    """What the end sends by itself: whole frames of one version. To be judged before something bad was sent."""
    return (
        row(f"{end}.frames.whole", "It sends whole frames only", f"{PAGE} §2.1", judged(no_noise), needs=needs),
        row(
            f"{end}.frames.one-version",
            "All its frames have one version",
            clause,
            judged(one_version),
            "deviation",
            needs=needs,
        ),
        row(
            f"{end}.frames.usual-version",
            f"Its frames have version {' or '.join(map(str, usual))}",
            clause,
            judged(usual_version(*usual)),
            grade,
            needs=needs,
        ),
        row(
            f"{end}.frames.no-echo", "It does not echo what it receives", f"{PAGE} §2.4.2", judged(no_echo), needs=needs
        ),
    )
