"""Judging a recording: what can be found out by looking at what one end sent."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.cli import cli
from unclouded.conformance import SUITES
from unclouded.conformance.check import Check, CheckResult, PersonTask, RunOptions, RunReport
from unclouded.conformance.recorded import NEEDS_THE_END, RecordedChunk, judge_recording
from unclouded.conformance.rows import Judged
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import CaptureReader, header_bytes

CAPTURES = Path(__file__).parents[1] / "captures"
CONFORMING = (
    ("tuya_wifi", "tuya/plug_boot.jsonl"),
    ("emporia", "emporia/sniffed_v7.jsonl"),
    ("hlw8032", "hlw8032/chip.jsonl"),
)


class Seen:
    """Notes the checks that a person is shown."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def begun(self, check: Check) -> None:
        """Nothing is noted before there is a result."""

    def finished(self, result: CheckResult) -> None:
        self.ids.append(result.check.id)

    def advised(self, task: PersonTask) -> None:
        raise AssertionError("a recording needs no advice")

    def ended(self, report: RunReport) -> None:
        """The report is returned, too."""


def chunks_of(name: str) -> list[RecordedChunk]:
    return [
        RecordedChunk(line.t, line.sender, line.data)
        for line in CaptureReader((CAPTURES / name).read_bytes().splitlines())
    ]


def judged(suite: str, role: Sender, chunks: list[RecordedChunk], only: tuple[str, ...] = ()) -> RunReport:
    ambient = Ambient(lambda now: 1.8e9 + now, bytes)
    return judge_recording(SUITES[suite], role, RunOptions(only=only), chunks, ambient, Seen())


def kinds(report: RunReport) -> dict[str, str]:
    return {one.check.id: one.kind for one in report.results if one.reason != NEEDS_THE_END}


@pytest.mark.parametrize(("suite", "name"), CONFORMING)
def test_wherever_a_recording_of_conforming_ends_is_cut_nothing_has_failed(suite: str, name: str) -> None:
    chunks = chunks_of(name)
    for start in (0, 1, 2, 5, len(chunks) // 3, len(chunks) - 3):
        for role in SUITES[suite].roles:
            report = judged(suite, role, chunks[start:])
            bad = [(one.check.id, one.reason) for one in report.results if one.kind in ("failed", "deviation")]
            assert bad == []


def test_a_whole_recording_shows_much_of_an_end() -> None:
    report = judged("tuya_wifi", "controller", chunks_of("tuya/plug_boot.jsonl"))
    passed = {id for id, kind in kinds(report).items() if kind == "passed"}
    assert passed >= {"mcu.frames.whole", "mcu.points.type", "mcu.product.json", "mcu.product.version"}
    assert report.passed and report.counts()["skipped"] > 50 and report.facts == {"recording": True}
    assert judged("hlw8032", "controller", chunks_of("hlw8032/chip.jsonl")).counts()["passed"] > 15
    assert judged("emporia", "controller", chunks_of("emporia/sniffed_v7.jsonl")).counts()["passed"] > 15


WRONG: tuple[tuple[str, bytes], ...] = (
    ("mcu.frames.whole", b"\x55\xaa\x03\x07\x00\x05\x01"),
    ("mcu.frames.whole", bytes(Frame(3, 7, b"\1\1\0\1\1"))[:-1] + b"\0"),
    ("mcu.frames.one-version", bytes(Frame(0, 7, b"\1\1\0\1\1"))),
    ("mcu.points.bool-length", bytes(Frame(3, 7, b"\1\1\0\2\1\1"))),
    ("mcu.points.bool-value", bytes(Frame(3, 7, b"\1\1\0\1\7"))),
    ("mcu.points.value-length", bytes(Frame(3, 7, b"\x13\2\0\2\0\1"))),
    ("mcu.points.type", bytes(Frame(3, 7, b"\1\4\0\1\1"))),
    ("mcu.heartbeat.payload", bytes(Frame(3, 0, b"\5"))),
)


@pytest.mark.parametrize(("id", "wrong"), WRONG)
def test_what_is_wrong_in_a_recording_makes_its_check_fail(id: str, wrong: bytes) -> None:
    chunks = chunks_of("tuya/plug_boot.jsonl")
    chunks.append(RecordedChunk(chunks[-1].t + 5.0, "device", wrong))
    (result,) = judged("tuya_wifi", "controller", chunks, (id,)).results
    is_deviation = result.check.grade == "deviation"
    assert result.kind == ("deviation" if is_deviation else "failed") and result.reason and result.entries


def test_a_wrong_product_fails_and_one_that_is_missing_is_no_failure() -> None:
    question = RecordedChunk(0.0, "controller", bytes(Frame(0, 1)))
    bad = RecordedChunk(0.1, "device", bytes(Frame(3, 1, b'{"p":"keyproduct123456","v":"1.x"}')))
    assert kinds(judged("tuya_wifi", "controller", [question, bad]))["mcu.product.version"] == "failed"
    other = RecordedChunk(0.0, "device", bytes(Frame(3, 0, b"\0")))
    assert kinds(judged("tuya_wifi", "controller", [other]))["mcu.product.version"] == "skipped"


def test_checks_that_send_wait_or_need_a_person_are_left_to_the_end_itself() -> None:
    report = judged("tuya_wifi", "device", chunks_of("tuya/plug_boot.jsonl"))
    for one in report.results:
        script = one.check.script
        looks_only = isinstance(script, Judged) and script.in_recordings != "never"
        if not looks_only or one.check.danger or one.check.person:
            assert (one.kind, one.reason) == ("skipped", NEEDS_THE_END), one.check.id


def test_a_recording_without_this_end_says_so_and_one_of_datagrams_cannot_be_judged() -> None:
    report = judged("tuya_wifi", "controller", [RecordedChunk(0.0, "controller", bytes(Frame(0, 0)))])
    assert report.silence == "The recording holds nothing that the MCU sent." and not report.passed
    with pytest.raises(CommandError, match="without the connections around them"):
        judged("meross", "controller", [RecordedChunk(0.0, "device", b"{}")])
    with pytest.raises(CommandError, match="no checks as device"):
        judged("hlw8032", "device", [])
    with pytest.raises(CommandError, match="There is no check"):
        judged("tuya_wifi", "controller", [], ("mcu.none",))


# --- the command line -----------------------------------------------------------------------------------


def conform(*words: str) -> Result:
    return CliRunner().invoke(cli, ["conform", *words])


def test_conform_judges_a_capture_and_writes_reports(tmp_path: Path) -> None:
    link = f"replay:{CAPTURES / 'tuya' / 'plug_boot.jsonl'}"
    report = tmp_path / "report.json"
    done = conform("tuya_wifi", "--as", "controller", "--link", link, "--report", str(report))
    assert done.exit_code == 0 and "mcu.frames.whole" in done.output, done.output
    assert "needs the end itself" not in done.output and " passed, " in done.output.splitlines()[-1]
    assert json.loads(report.read_text())["counts"]["passed"] > 10


def test_a_failure_in_a_recording_is_exit_code_1_and_keeps_its_frames(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    rows = [json.dumps({"t": 0.1, "from": "device", "hex": bytes(Frame(3, 7, b"\1\1\0\1\7")).hex()}).encode()]
    file.write_bytes(b"\n".join([header_bytes("tuya_wifi", 1.8e9), *rows]))
    words = ("tuya_wifi", "--as", "controller", "--link", f"replay:{file}", "--keep", str(tmp_path / "kept"))
    done = conform(*words)
    assert done.exit_code == 1 and "mcu.points.bool-value" in done.output
    assert (tmp_path / "kept" / "mcu.points.bool-value.jsonl").is_file()


@pytest.mark.parametrize(
    ("name", "match"), [("none.jsonl", "cannot be read"), ("emporia/sniffed_v7.jsonl", "not of tuya_wifi")]
)
def test_a_recording_that_is_missing_or_another_family_is_named(name: str, match: str) -> None:
    error = conform("tuya_wifi", "--as", "controller", "--link", f"replay:{CAPTURES / name}").exception
    assert isinstance(error, CommandError) and match in str(error)
