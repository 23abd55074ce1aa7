"""The run itself: silence, what is chosen, what is allowed, time-outs, and other ends that send anything at all.

Checks that are made here name docs/protocols/tuya_wifi.md §1 as their clause.
"""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.conforming import Collector, by_kind, conform
from conformance.low_power_ends import door_mcu
from conformance.wifi_ends import check_mcu, home, mcu, module
from pair import Pair, ambient
from unclouded.conformance import SUITES, suite
from unclouded.conformance.check import CheckSuite, PlayedRole, Preparation, RunOptions, RunReport
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.run import ConformanceRun
from unclouded.conformance.tuya.frames import AnsweringEnd, TuyaReader, is_command
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient, LinkPath, Out
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.commands import WIFI

ROLES: list[tuple[str, Sender]] = [(name, role) for name, one in SUITES.items() for role in one.roles]
WIRES = [(name, role) for name, role in ROLES if not suite(name).roles[role].links]  # a serial line each


class Scripted:
    """Another end that sends these chunks, one after the other, each time something comes."""

    def __init__(self, chunks: Sequence[bytes] = ()) -> None:
        self._chunks = list(chunks)
        self._outs: list[Out] = []
        self._at: float | None = None

    def up(self, path: LinkPath, now: float) -> tuple[()]:
        self._at = now + 1.0
        return ()

    def down(self, path: str, reason: str, now: float) -> tuple[()]:
        self._at = None
        return ()

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> tuple[()]:
        return ()

    def failed(self, id: int, why: object, now: float) -> tuple[()]:
        return ()

    def submit(self, command: object, now: float) -> int:
        return 0

    def answer(self, id: int, value: object, now: float) -> tuple[()]:
        return ()

    def tick(self, now: float) -> tuple[()]:
        if self._at is not None and self._at <= now:
            self._at = now + 0.3
            if self._chunks:
                self._chunks.append(self._chunks.pop(0))
                self._outs.append(Out(self._chunks[-1]))
        return ()

    def deadline(self) -> float | None:
        return self._at

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> Mapping[str, float]:
        return {}


# --- silence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "role"), WIRES)
def test_a_silent_line_is_reported_once_with_what_to_look_for(name: str, role: Sender) -> None:
    report = conform(name, role, Scripted())
    assert report.results == () and not report.passed
    assert report.silence.startswith("Nothing was received within") and "TX to RX" in report.silence


@pytest.mark.parametrize(("name", "role"), WIRES)
def test_bytes_that_are_no_frames_are_reported_as_such(name: str, role: Sender) -> None:
    report = conform(name, role, Scripted([b"\x12\x34\x80\xf0"]))
    assert report.results == () and "none of them is a frame" in report.silence


def test_a_link_that_cannot_be_opened_ends_the_run_with_the_reason() -> None:
    kept = Collector()
    run = ConformanceRun(suite("tuya_wifi"), "controller", RunOptions(silence_s=5.0), ambient(), kept)
    run.down("", "/dev/none does not exist.", 1.0)
    assert [run.deadline(), kept.report] == [6.0, None]
    run.tick(6.0)
    assert kept.report is not None and not kept.report.passed
    assert kept.report.silence == "There is no connection: /dev/none does not exist."
    assert run.deadline() is None


def test_joined_wires_are_named() -> None:
    assert "TX and RX are joined" in check_mcu(mcu("echoes-input")).silence


# --- what runs ---------------------------------------------------------------------------------------


def test_patterns_choose_checks_in_their_order() -> None:
    options = RunOptions(only=("mcu.mode.*", "mcu.product.json"))
    report = conform("tuya_wifi", "controller", mcu(), world=home(), options=options)
    ids = [result.check.id for result in report.results]
    assert ids == ["mcu.mode.answered", "mcu.mode.length", "mcu.product.json", "mcu.mode.asked-only"]


def test_a_pattern_without_a_check_is_an_error() -> None:
    with pytest.raises(CommandError, match="--list shows them"):
        conform("tuya_wifi", "controller", mcu(), options=RunOptions(only=("mcu.nonsense",)))


def test_without_yes_nothing_is_set_and_no_update_begins() -> None:
    report = conform("tuya_wifi", "controller", mcu(), world=home(), options=RunOptions())
    skipped = by_kind(report, "skipped")
    assert {id.split(".")[1] for id in skipped} == {"set", "update"}
    assert all("--yes" in reason for reason in skipped.values())
    wire = [entry for result in report.results for entry in result.entries if entry.sender == "controller"]
    assert not {0x06, 0x0A, 0x0B} & {entry.data[3] for entry in wire if len(entry.data) > 6}


def test_without_a_person_what_needs_one_is_skipped() -> None:
    options = RunOptions(only=("module.set.*", "module.update.*"))
    report = conform("tuya_wifi", "device", module(), options=options)
    assert len(by_kind(report, "skipped")) == len(report.results) == 10
    assert all("--assist" in reason for reason in by_kind(report, "skipped").values())


def test_without_a_file_no_update_is_sent() -> None:
    options = RunOptions(yes=True, only=("mcu.update.*",))
    report = conform("tuya_wifi", "controller", mcu(), world=home(), options=options)
    assert all("--firmware" in reason for reason in by_kind(report, "skipped").values())
    assert len(by_kind(report, "skipped")) == 9


def test_an_end_that_stops_answering_is_not_failed_for_each_check() -> None:
    report = check_mcu(mcu("stops-after-long-frame"))
    assert set(by_kind(report, "failed", "deviation")) == {"mcu.weather.long"}
    assert set(by_kind(report, "skipped").values()) == {"The MCU has not answered any more since mcu.weather.long."}


@pytest.mark.parametrize("chunk", [1, 7])
def test_the_results_do_not_depend_on_how_the_line_is_cut(chunk: int) -> None:
    options = RunOptions(only=("mcu.heartbeat.*", "mcu.product.*", "mcu.points.*", "mcu.set.*"), yes=True)
    whole = conform("tuya_wifi", "controller", mcu("sends-wrong-lengths"), world=home(), options=options)
    cut = conform("tuya_wifi", "controller", mcu("sends-wrong-lengths"), world=home(), options=options, chunk=chunk)
    assert [result.kind for result in cut.results] == [result.kind for result in whole.results]


# --- checks of a suite made for this ------------------------------------------------------------------


def run_of(*checks: object, preparations: Mapping[str, Preparation] | None = None) -> RunReport:
    """The report of these checks against a silent end."""

    def make(ambient: Ambient, **more: object) -> CheckLine[AnsweringEnd]:
        return CheckLine("device", TuyaReader(WIFI.shapes), lambda line: AnsweringEnd(line, 0), ambient, **more)  # type: ignore[arg-type]

    def reach(line: object, seconds: float) -> Script[str]:
        yield from ()
        return ""

    def alive(line: object) -> Script[bool]:
        yield from ()
        return True

    role = PlayedRole(
        plays="module",
        tests="MCU",
        line=make,
        reach=reach,
        alive=alive,
        silence_s=1.0,
        advice="",
        checks=checks,  # type: ignore[arg-type]
        preparations=preparations or {},
    )
    made = CheckSuite(name="made", title="", page="tuya_wifi", family="tuya_wifi", roles={"controller": role})
    kept = Collector()
    pair = Pair(ConformanceRun(made, "controller", RunOptions(), ambient(), kept), Scripted())
    pair.run(until=1000.0)
    assert kept.report is not None
    return kept.report


def test_a_check_that_does_not_end_fails_after_its_time() -> None:
    def waits(line: CheckLine[AnsweringEnd]) -> Script[None]:
        while True:
            yield from line.wait_for(is_command(0), 5.0)

    report = run_of(row("mcu.waits", "", "§1", waits, timeout_s=12.0))
    [result] = report.results
    assert (result.kind, result.reason, round(result.took_s)) == ("failed", "It was not over after 12 s.", 12)


def reads_too_much(line: object) -> None:
    assert b""[0]


def test_a_payload_that_cannot_be_read_fails_the_check() -> None:
    [result] = run_of(row("mcu.reads", "", "§1", judged(reads_too_much))).results
    assert (result.kind, result.reason) == ("failed", "What it sent has not the shape that it must have.")


def test_a_deviation_is_no_failure() -> None:
    report = run_of(row("mcu.odd", "", "§1", judged(lambda line: line.fail("odd")), "deviation"))
    assert [result.kind for result in report.results] == ["deviation"] and report.passed


def test_a_preparation_that_fails_three_times_is_not_tried_again() -> None:
    tries = []

    def fails(line: CheckLine[AnsweringEnd]) -> Script[None]:
        tries.append(line.now)
        yield from line.pause(1.0)
        line.fail("it does not work")

    rows = [row(f"mcu.{number}", "", "§1", judged(lambda line: None), needs=("it",)) for number in range(6)]
    report = run_of(*rows, preparations={"it": Preparation(text="it works", script=fails)})
    assert len(tries) == 3
    assert set(by_kind(report, "skipped").values()) == {"Not possible before it works: it does not work"}


def test_a_lost_connection_ends_no_run() -> None:
    kept = Collector()
    pair = Pair(ConformanceRun(suite("tuya_wifi"), "controller", RunOptions(), ambient(), kept), mcu())
    pair.run(until=20.0)
    pair.cut()
    pair.run(until=30.0)
    pair.mend()
    pair.run(until=900.0)
    assert kept.report is not None and len(kept.results) == len(suite("tuya_wifi").roles["controller"].checks)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(ROLES),
    st.lists(
        st.builds(
            lambda version, command, payload: bytes(Frame(version, command, payload)),
            st.sampled_from([0, 3]),
            st.sampled_from([*range(0x11), 0x1C, 0x20, 0x21, 0x22, 0x24, 0x2B, 0x2D, 0x34, 0x37]),
            st.binary(max_size=12),
        )
        | st.binary(min_size=1, max_size=20),
        min_size=1,
        max_size=12,
    ),
)
@example(("tuya_gateway", "device"), [bytes(Frame(0, 0x20, b""))])  # a block of an update, without an id
def test_whatever_the_other_end_sends_a_run_comes_to_its_end(named: tuple[str, Sender], chunks: list[bytes]) -> None:
    name, role = named
    report = conform(name, role, Scripted(chunks), options=RunOptions(yes=True, assist=True))
    assert report.silence or len(report.results) == len(suite(name).roles[role].checks)


def test_a_battery_device_that_never_wakes_ends_the_run() -> None:
    report = conform("tuya_low_power", "controller", door_mcu())  # it wakes when it is switched on, and then sleeps
    assert report.results == () and "did not wake within 120 s" in report.silence
