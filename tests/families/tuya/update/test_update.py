"""New firmware for an MCU, from a file of the hub to a new version: whole, with its progress, and on a bad line."""

import hashlib
import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import Pair, ambient, flipping, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Answer,
    AskBlock,
    Asked,
    AskFile,
    Identified,
    Offline,
    Question,
    Refusal,
    Rejected,
    Reported,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.update.action import UPDATE_ACTIONS
from unclouded.families.tuya.update.messages import UpdateStart
from unclouded.families.tuya.update.receiver import STOPS
from unclouded.families.tuya.update.sender import PROOF_TIMEOUT_S
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.families.tuya.wifi.update_kinds import FIRMWARE

KB = 1024
FIRMWARE_FILE = random.Random(5).randbytes(12 * KB + 100)


class UpdateHub:
    """Hands out files, and counts how far ahead it is asked."""

    def __init__(self, **files: bytes) -> None:
        self.files = {name.replace("_", "."): data for name, data in files.items()}
        self.md5 = "0123456789abcdef0123456789abcdef"
        self.kind = {"target": "", "damage": ""}
        self.asked: list[Question] = []

    def answer(self, side: str, question: Question) -> Answer | Refusal | None:
        self.asked.append(question)
        match question:
            case AskFile(name=name) | AskBlock(file=name) if name not in self.files:
                return Refusal(f"There is no file {name}.")
            case AskFile(name=name):
                return {"size": len(self.files[name]), "md5": self.md5, **self.kind}
            case AskBlock(offset=offset, size=size, file=name):
                return self.files[name][offset : offset + size]
        return usual_answers(side, question)


class Update:
    """A plug that is online, its MCU, and what came of updates."""

    def __init__(
        self, *faults: str, file: bytes = FIRMWARE_FILE, settings: WifiSettings | None = None, **wire: object
    ) -> None:
        self.mcu = wifi_mcu(McuOptions(faults=frozenset(faults)))
        self.hub = UpdateHub(new_bin=file)
        module = wifi_module(settings or WifiSettings(), ambient())
        self.pair = Pair(module, self.mcu, answers=self.hub.answer, **wire)  # type: ignore[arg-type]  # Pair's own
        self.pair.submit(WireCommand({"1": True, "19": 673}), "device")
        self.pair.run(until=3.0)

    def begin(self, **args: str) -> int:
        return self.pair.submit(WireAction("update", {"file": "new.bin", **args}))

    def run(self, seconds: float = 90.0) -> "Update":
        self.pair.run(until=self.pair.now + seconds)
        return self

    def fate(self, ticket: int) -> Settled:
        (settled,) = [event for event in self.pair.of("controller", Settled) if event.ticket == ticket]
        assert isinstance(settled, Settled)
        return settled

    def sent_by(self, command: int, side: str = "controller") -> list[bytes]:
        return [data for data in self.pair.sent_by(side) if data[3] == command]

    def reported(self) -> list[str]:
        return [event.words for event in self.pair.of("controller", Advanced)]


# --- it goes well -----------------------------------------------------------------------------------


def test_the_firmware_arrives_and_the_mcu_reports_its_new_version() -> None:
    update = Update()
    ticket = update.begin(version="1.0.1")
    update.run()
    assert update.fate(ticket) == Settled(ticket, "confirmed", "version 1.0.1")
    assert update.mcu.role.target.data == FIRMWARE_FILE and update.mcu.role.target.is_whole
    assert update.pair.of("controller", Identified)[-1].info["version"] == "1.0.1"


def test_the_version_that_the_firmware_names_is_the_new_one() -> None:
    update = Update(file=b"x" * 3000 + b"unclouded-sim-version:2.4.11;" + b"y" * 50)
    ticket = update.begin()
    update.run()
    assert update.fate(ticket).reason == "version 2.4.11"


def test_the_packets_are_those_of_the_page() -> None:
    update = Update(file=b"a" * 1500)
    update.begin()
    update.run(1.0)
    assert update.sent_by(0x0A) == [bytes(Frame(0, 0x0A, (1500).to_bytes(4)))]
    assert update.sent_by(0x0A, "device") == [bytes(Frame(3, 0x0A, b"\2"))]
    blocks = [(data[6:10].hex(), len(data) - 11) for data in update.sent_by(0x0B)]
    assert blocks == [("00000000", 1024), ("00000400", 476), ("000005dc", 0)]
    assert update.sent_by(0x0B, "device") == [bytes(Frame(3, 0x0B))] * 3


@pytest.mark.parametrize(
    ("faults", "buffer", "step"),
    [((), 0, 1024), (("takes-small-blocks",), 0, 256), ((), 2048, 1024), ((), 512, 496), ((), 256, 240)],
)
def test_blocks_are_as_long_as_the_mcu_asks_for_and_can_take(faults: Sequence[str], buffer: int, step: int) -> None:
    update = Update(*faults, settings=WifiSettings(mcu_buffer=buffer))
    ticket = update.begin()
    update.run()
    assert update.fate(ticket).result == "confirmed" and update.mcu.role.target.data == FIRMWARE_FILE
    assert len(update.sent_by(0x0B)[0]) - 11 == step
    assert not buffer or max(map(len, update.sent_by(0x0B))) <= buffer


def test_progress_is_reported_first_last_and_four_times_a_second() -> None:
    update = Update(file=bytes(96 * KB), latency=0.05)
    ticket = update.begin()
    update.run()
    reported = update.pair.of("controller", Advanced)
    assert (reported[0].done, reported[0].total, reported[0].words) == (0, 96 * KB, "0 kB of 98 kB")
    assert (reported[-2].done, reported[-2].words) == (96 * KB, "98 kB of 98 kB, 10.2 kB/s")
    assert reported[-1] == Advanced(ticket, 96 * KB, 96 * KB, "waiting for the MCU to restart")
    times = update.pair.when("controller", Advanced)
    assert all(later - earlier >= 0.25 for earlier, later in itertools.pairwise(times[:-2]))
    assert len(times) > 30


def test_a_file_of_the_old_kind_goes_by_31_and_32_and_needs_no_restart() -> None:
    update = Update()
    ticket = update.begin(kind="file")
    update.run(1.0)
    assert update.fate(ticket) == Settled(ticket, "confirmed", "12 kB sent")
    assert update.mcu.role.target.data == FIRMWARE_FILE and update.mcu.role.target.version == "1.0.0"
    assert update.sent_by(0x31) and update.sent_by(0x32) and not update.sent_by(0x0A) + update.sent_by(0x0B)


@pytest.mark.parametrize(("promised", "result"), [(b"abc" * 100, "confirmed"), (b"another file", "refused")])
def test_one_of_several_mcus_is_named_in_each_packet_and_checks_the_md5(promised: bytes, result: str) -> None:
    update = Update(file=b"abc" * 100)
    update.hub.md5 = hashlib.md5(promised).hexdigest()
    update.mcu.role.target.sub_versions[10] = "1.0.0"
    ticket = update.begin(channel="10", version="1.0.2")
    update.run()
    assert update.fate(ticket).result == result
    assert update.sent_by(0x0A) == [bytes(frame_of(UpdateStart(0x0A, 300, update.hub.md5, 10, (1, 0, 2)), 1))]
    assert all(data[2] == 1 and data[6] == 10 for data in update.sent_by(0x0B))
    assert update.mcu.role.target.version == "1.0.0"
    reported = update.pair.of("controller", Identified)[-1].info.get("version_10")
    assert (reported == "1.0.2") == (result == "confirmed")


def test_frames_inside_the_firmware_are_firmware() -> None:
    inside = bytes(Frame(3, 0, b"\0")) + bytes(Frame(0, 6, bytes.fromhex("0101000100"))) + bytes(Frame(3, 0x0B))
    update = Update(file=inside * 150, chunk=7)
    ticket = update.begin()
    update.run()
    assert update.fate(ticket).result == "confirmed"
    assert update.mcu.role.target.data == inside * 150


def test_the_next_block_is_here_before_it_is_needed() -> None:
    update = Update()
    update.begin()
    update.pair.run(until=update.pair.now + 0.003)  # the MCU has just said how long blocks shall be
    assert [question for question in update.hub.asked if isinstance(question, AskBlock)] == []
    update.pair.run(until=update.pair.now + 0.002)
    blocks = [question.offset for question in update.hub.asked if isinstance(question, AskBlock)]
    assert blocks == [0, 1024] and len(update.sent_by(0x0B)) == 1


# --- while it runs ----------------------------------------------------------------------------------


def slow_update(**settings: float) -> tuple[Update, int]:
    """One that takes a minute."""
    update = Update(file=bytes(100 * KB), latency=0.3, settings=WifiSettings(**settings))  # type: ignore[arg-type]
    return update, update.begin()


def test_nothing_else_is_asked_of_the_mcu_while_it_runs() -> None:
    update, _ = slow_update(poll_s=2.0, heartbeat_s=5.0)
    start = update.pair.now + 1.0
    update.run(40.0)
    commands = {data[3] for t, side, data in update.pair.sent if side == "controller" and t > start}
    assert commands == {0x0B}
    update.run(60.0)
    assert update.pair.of("controller", Offline) == []
    late = [data[3] for t, side, data in update.pair.sent if side == "controller" and t > start + 90]
    assert 0x00 in late and 0x08 in late


def test_what_the_mcu_sends_is_received_and_answered_while_it_runs() -> None:
    update, ticket = slow_update()
    update.run(10.0)
    update.pair.submit(WireCommand({"19": 700}), "device")
    update.pair.send("device", bytes(Frame(3, 0x1C)))
    update.run(10.0)
    assert Reported({"19": 700}) in update.pair.of("controller", Reported)
    assert len(update.sent_by(0x1C)) == 1
    update.run(120.0)
    assert update.fate(ticket).result == "confirmed" and update.mcu.role.target.data == bytes(100 * KB)


def test_sets_and_a_second_update_are_refused_while_it_runs() -> None:
    update, ticket = slow_update()
    update.run(5.0)
    others = [update.pair.submit(WireCommand({"1": False})), update.begin()]
    update.run(1.0)
    for other in others:
        assert update.fate(other) == Settled(other, "refused", "an update is running")
    update.run(120.0)
    assert update.fate(ticket).result == "confirmed"
    again = update.pair.submit(WireCommand({"1": False}))
    update.run(5.0)
    assert update.fate(again).result == "confirmed"


def test_a_cut_line_reports_how_far_it_came() -> None:
    update, ticket = slow_update()
    update.run(6.5)
    update.pair.cut("the adapter was pulled out")
    fate = update.fate(ticket)
    assert fate.result == "unreachable"
    assert fate.reason == "the adapter was pulled out: the update came to 8.2 kB of 102 kB"
    update.pair.mend()
    ticket = update.begin()
    update.run(1.0)
    assert (
        update.fate(ticket).reason == "the MCU has not reported yet what it is"
    )  # its start takes a while on this line
    update.run(10.0)
    ticket = update.begin(version="1.0.1")
    update.run(150.0)
    assert update.fate(ticket).result == "confirmed" and update.mcu.role.target.data == bytes(100 * KB)


def test_a_new_connection_without_an_end_of_the_old_one_ends_it_too() -> None:
    update, ticket = slow_update()
    update.run(5.0)
    update.pair.mend()
    assert update.fate(ticket).result == "unreachable"


# --- it goes wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "result", "reason"),
    [
        ("ignores-update", "timeout", "the MCU does not answer the start of the update"),
        ("loses-update-blocks", "confirmed", "version 1.0.1"),
        ("restarts-during-update", "refused", "the MCU restarted in the middle of the update at 7.2 kB of 12 kB"),
        ("keeps-old-version", "refused", "the MCU still reports version 1.0.0 a minute after the update"),
        ("takes-small-blocks", "confirmed", "version 1.0.1"),
        ("stops-during-update", "timeout", "the MCU does not answer the block of the update at 10 kB of 12 kB"),
    ],
)
def test_each_way_in_which_an_mcu_fails_is_reported_as_text(fault: str, result: str, reason: str) -> None:
    update = Update(fault)
    ticket = update.begin()
    update.run(120.0)
    assert (update.fate(ticket).result, update.fate(ticket).reason) == (result, reason)


def test_a_packet_is_sent_four_times_and_in_between_the_mcu_is_asked_whether_it_lives() -> None:
    update = Update("stops-during-update")
    update.begin()
    start = update.pair.now
    update.run(60.0)
    last = [data for data in update.sent_by(0x0B) if data[6:10] == (STOPS * KB).to_bytes(4)]
    assert len(last) == 4
    beats = [t for t, side, data in update.pair.sent if side == "controller" and data[3] == 0 and t > start]
    assert len([t for t in beats if t < start + 23.0]) == 3


def test_another_version_than_the_one_that_was_promised_is_no_success() -> None:
    update = Update()
    ticket = update.begin(version="2.0.0")
    update.run()
    assert update.fate(ticket) == Settled(ticket, "refused", "the MCU reports version 1.0.1 now, not 2.0.0")


class SilentFor:
    """Nothing comes through for some seconds after the third block's answer, which is the end's."""

    def __init__(self, pair: Pair, seconds: float) -> None:
        self._pair, self._seconds, self._answers, self._since = pair, seconds, 0, 0.0

    def __call__(self, data: bytes, rng: random.Random) -> bytes:
        if self._answers == 3 and self._pair.now < self._since + self._seconds:
            return b""
        if data[3] == FIRMWARE.block and data[2]:
            self._answers, self._since = self._answers + 1, self._pair.now
        return data


@pytest.mark.parametrize(
    ("seconds", "result"), [(2.0, "confirmed"), (10.0, "confirmed"), (PROOF_TIMEOUT_S + 5, "timeout")]
)
def test_an_mcu_that_restarts_is_waited_for_a_minute(seconds: float, result: str) -> None:
    update = Update(file=bytes(2000))
    update.pair._damage = SilentFor(update.pair, seconds)
    ticket = update.begin()
    update.run(1.0)
    assert update.reported()[-1] == "waiting for the MCU to restart"
    update.run()
    assert update.fate(ticket).result == result
    assert update.pair.of("controller", Offline) == [Offline("no heartbeat answer")] * (seconds > 3)


def test_an_end_whose_answer_was_lost_is_sent_twice_and_no_more() -> None:
    update = Update(file=bytes(2000))
    silent = SilentFor(update.pair, 15.0)
    lost: list[bytes] = []

    def damage(data: bytes, rng: random.Random) -> bytes:
        if data[3] == FIRMWARE.block and data[2] and len(update.sent_by(0x0B, "device")) == 3 and not lost:
            lost.append(data)
            return b""
        says_that_it_restarted = data[3] == 0 and data[2] and len(lost) == 1
        return b"" if says_that_it_restarted else silent(data, rng)

    update.pair._damage = damage
    ticket = update.begin()
    update.run(15.0)
    ends = [data for data in update.sent_by(0x0B) if len(data) == 11]
    assert len(lost) == 1 and len(ends) == 2
    lost.append(b"")  # from now on it is received
    update.run()
    assert update.fate(ticket).result == "confirmed" and len(update.sent_by(0x0B)) == 4


def test_a_file_that_the_mcu_restarts_on_before_its_end_is_acknowledged_has_not_arrived() -> None:
    """Firmware is proved by its version; of a file nothing is reported."""
    update = Update(file=bytes(2000))
    update.pair._damage = lambda data, rng: b"" if data[3] == 0x32 and len(data) == 11 else data
    ticket = update.begin(kind="file")
    update.run(1.0)
    update.pair.send("device", bytes(Frame(3, 0, b"\0")))
    update.run(1.0)
    words = "the MCU restarted in the middle of the update at 2.0 kB of 2.0 kB"
    assert update.fate(ticket) == Settled(ticket, "refused", words)


def test_the_time_is_not_sent_while_it_runs_and_no_old_time_afterwards() -> None:
    update, ticket = slow_update(push_time_s=20.0)
    update.run(120.0)
    assert update.fate(ticket).result == "confirmed"
    reported = [round(t) for t, side, data in update.pair.sent if side == "controller" and data[3] == 0x1C]
    assert len(reported) == len(set(reported)) and all(t % 20 == 0 for t in reported)


def test_an_mcu_that_wants_no_heartbeats_is_sent_none_before_a_packet_is_repeated() -> None:
    update = Update(file=bytes(2000))
    update.pair.send("device", bytes(Frame(3, 0x25)))
    update.run(1.0)
    start = update.pair.now
    lost = [3]

    def damage(data: bytes, rng: random.Random) -> bytes:
        if data[2:4] == b"\3\x0b" and lost[0]:
            lost[0] -= 1
            return b""
        return data

    update.pair._damage = damage
    update.begin()
    update.pair.run(until=start + 18.5)
    blocks = [t for t, side, data in update.pair.sent if side == "controller" and data[3] == 0x0B]
    assert [round(later - earlier) for earlier, later in itertools.pairwise(blocks[:4])] == [6, 6, 6]
    assert not [t for t, side, data in update.pair.sent if side == "controller" and data[3] == 0 and t > start]


@pytest.mark.parametrize(("fault", "beats"), [("ignores-update", False), ("answers-slowly", True)])
def test_an_mcu_that_wants_no_heartbeats_gets_some_only_where_it_starts_again(fault: str, beats: bool) -> None:
    update = Update(fault)
    update.pair.send("device", bytes(Frame(3, 0x25)))
    update.run(1.0)
    if not beats:  # it does not receive them either: it sleeps at any time
        update.pair._damage = lambda data, rng: b"" if data[3] == 0 else data
    update.begin()
    update.run(30.0)  # over, one way or the other
    assert len(update.pair.of("controller", Settled)) == 1
    start = update.pair.now
    update.run(60.0)
    late = [t for t, side, data in update.pair.sent if side == "controller" and data[3] == 0 and t > start]
    assert bool(late) == beats
    assert update.pair.of("controller", Offline) == []


def test_an_mcu_that_asks_for_blocks_of_no_known_size_is_not_updated() -> None:
    update = Update("ignores-update")
    ticket = update.begin()
    update.run(0.5)
    update.pair.send("device", bytes(Frame(3, 0x0A, b"\7")))
    update.run(1.0)
    assert update.fate(ticket).reason == "the MCU asks for blocks of a size that is not known, or too long for it"


def test_an_old_mcu_that_names_no_block_size_gets_short_ones() -> None:
    update = Update("ignores-update")
    update.begin()
    update.run(0.5)
    update.pair.send("device", bytes(Frame(3, 0x0A)))
    update.run(0.5)
    assert len(update.sent_by(0x0B)[0]) - 11 == 256


def test_a_late_answer_to_a_packet_that_was_sent_again_is_not_the_next_ones() -> None:
    """Answers carry no offset: two for one block would hide that the next was lost."""
    update = Update()
    update.begin()
    update.run(0.0021)  # on its way: 0a
    answers: list[bytes] = []

    def holding(data: bytes, rng: random.Random) -> bytes:
        if data[3] == 0x0B and data[2] == 3 and len(answers) < 1:
            answers.append(data)
            return b""
        return data

    update.pair._damage = holding
    update.run(6.1)  # 5 s without an answer, 1 s of doubt; sent again and answered again
    update.pair.send("device", answers[0])
    update.run(60.0)
    assert update.mcu.role.target.data == FIRMWARE_FILE and update.mcu.role.target.is_whole
    assert update.pair.stats("controller")["late_answers"] == 1


@pytest.mark.parametrize("gone", [AskFile, AskBlock])
def test_a_hub_without_the_file_gives_the_reason(gone: type) -> None:
    update = Update()
    update.pair._answers = lambda side, question: (
        Refusal("The file is gone.") if isinstance(question, gone) else update.hub.answer(side, question)
    )
    ticket = update.begin()
    update.run(2.0)
    assert update.fate(ticket) == Settled(ticket, "refused", "The file is gone.")


def test_a_file_that_shrinks_while_it_is_sent_is_not_sent_to_its_end() -> None:
    update, ticket = slow_update()
    update.run(10.0)
    update.hub.files["new.bin"] = bytes(20 * KB)
    update.run(60.0)
    assert update.fate(ticket) == Settled(ticket, "refused", "the file new.bin is not as long as it was")


@pytest.mark.parametrize("silent", [AskFile, AskBlock])
def test_a_hub_that_does_not_answer_times_out(silent: type) -> None:
    update = Update()
    update.pair._answers = lambda side, question: (
        None if isinstance(question, silent) else update.hub.answer(side, question)
    )
    ticket = update.begin()
    update.run(20.0)
    assert update.fate(ticket) == Settled(ticket, "timeout", "the hub did not hand out new.bin")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "Write file=NAME"),
        (
            {"file": "new.bin", "speed": "9"},
            "update has no argument speed=; it takes file=, version=, kind=, channel=, force=.",
        ),
        ({"file": "new.bin", "version": "two"}, "write three numbers"),
        ({"file": "new.bin", "kind": "music"}, "write kind=firmware or kind=file"),
        ({"file": "new.bin", "kind": "file", "version": "1.0.1"}, "leave version= out"),
        ({"file": "new.bin", "channel": "3", "version": "1.0.1"}, "write channel=10 to 19"),
        ({"file": "new.bin", "channel": "10"}, "write version= too"),
        ({"file": "new.bin", "kind": "file", "channel": "10"}, "leave channel= out"),
        ({"file": "new.bin", "force": "no"}, "Write force=yes, or leave it out"),
    ],
)
def test_an_invalid_command_is_refused_with_what_to_write(args: dict[str, str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        Update().pair.submit(WireAction("update", args))


PLUG = "a Meross plug of hardware 2"


@pytest.mark.parametrize(
    ("kind", "args", "reason"),
    [
        ({"target": PLUG}, {}, f"the file new.bin is for {PLUG}. Write force=yes to send it all the same"),
        ({"damage": "it is cut off"}, {}, "the file new.bin is damaged: it is cut off. Get it again"),
        ({"target": PLUG, "damage": "it is cut off"}, {"force": "yes"}, "the file new.bin is damaged: it is cut off"),
    ],
)
def test_a_file_for_another_device_or_a_damaged_one_is_refused_before_the_mcu_is_asked(
    kind: dict[str, str], args: dict[str, str], reason: str
) -> None:
    update = Update()
    update.hub.kind = kind
    ticket = update.begin(**args)
    fate = update.run(5.0).fate(ticket)
    assert fate.result == "refused" and fate.reason.startswith(reason)
    assert not update.sent_by(0x0A), "no start of an update"


def test_a_file_for_another_device_is_sent_by_force() -> None:
    update = Update()
    update.hub.kind = {"target": PLUG}
    ticket = update.begin(force="yes")
    assert update.run().fate(ticket).result == "confirmed"


def test_the_action_lists_every_argument_that_it_takes() -> None:
    (action,) = UPDATE_ACTIONS
    assert (action.name, action.files, tuple(action.args)) == (
        "update",
        ("file",),
        ("file", "version", "kind", "channel", "force"),
    )
    assert action.danger


def test_the_automatic_module_passes_it_all_on() -> None:
    mcu, hub = wifi_mcu(McuOptions()), UpdateHub(new_bin=FIRMWARE_FILE)
    pair = Pair(controller(LineSettings(), ambient()), mcu, answers=hub.answer)
    pair.run(until=3.0)
    ticket = pair.submit(WireAction("update", {"file": "new.bin"}))
    pair.run(until=60.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "confirmed", "version 1.0.1")]
    assert {event.ticket for event in pair.of("controller", Advanced)} == {ticket}
    assert mcu.role.target.data == FIRMWARE_FILE
    assert all(event.id < 1 << 32 for event in pair.of("controller", Asked))


# --- any line ---------------------------------------------------------------------------------------


class Losing:
    """Loses packets or their answers, as often as said for each packet in turn."""

    def __init__(self, losses: Sequence[Sequence[str]]) -> None:
        self._losses = [list(one) for one in losses]
        self._packets: dict[bytes, list[str]] = {}
        self._last: list[str] = []

    def __call__(self, data: bytes, rng: random.Random) -> bytes:
        if data[3] not in (FIRMWARE.start, FIRMWARE.block):
            return data
        said = "answer" if data[2] else "packet"
        if said == "packet":
            if data not in self._packets:
                self._packets[data] = self._losses.pop(0) if self._losses else []
            self._last = self._packets[data]
        if self._last and self._last[0] == said:
            self._last.pop(0)
            return b""
        return data


LOSSES = st.lists(st.lists(st.sampled_from(("packet", "answer")), max_size=3), max_size=8)


@given(LOSSES, st.integers(1, 6 * KB), st.sampled_from((0, 1, 5)))
@settings(max_examples=100, deadline=None)
def test_what_arrives_is_the_file_whatever_is_lost(losses: list[list[str]], size: int, chunk: int) -> None:
    file = random.Random(size).randbytes(size)
    update = Update(file=file)
    update.pair._damage = Losing(losses)
    ticket = update.begin()
    update.run(300.0)
    assert update.mcu.role.target.data == file
    assert update.fate(ticket) == Settled(ticket, "confirmed", "version 1.0.1")


@given(st.integers(0, 1000), st.sampled_from((0.0005, 0.002, 0.01)))
@settings(max_examples=30, deadline=None)
def test_on_a_line_that_flips_bits_it_ends_once(seed: int, share: float) -> None:
    """Two flips may make a wrong block with a right sum: that sum is all that the wire has."""
    file = FIRMWARE_FILE[: 4 * KB]
    update = Update("takes-small-blocks", file=file)
    update.pair._damage, update.pair._rng = flipping(share), random.Random(seed)
    ticket = update.begin()
    update.run(1000.0)
    assert update.fate(ticket).result != "confirmed" or len(update.mcu.role.target.data) == len(file)


def test_file_transfer_by_37_is_not_implemented_and_reported_once() -> None:
    update = Update()
    before = len(update.pair.sent_by("controller"))
    for payload in ("010000", "0401", "0700"):
        update.pair.send("device", bytes(Frame(3, 0x37, bytes.fromhex(payload))))
    update.run(0.5)
    assert [event.reason for event in update.pair.of("controller", Rejected)] == [
        "file download start: file transfer by 37 is not implemented, and not answered"
    ]
    assert update.pair.stats("controller")["file_frames"] == 3
    assert len(update.pair.sent_by("controller")) == before
