"""The action "update" of a plug, step by step: it is confirmed only when the plug reports another version."""

from hashlib import md5

import pytest

from families.meross.firmware.firmware_examples import fota, uimage
from families.meross.meross_pair import controller, hub, over_http
from families.meross.meross_pair import plug as plug_end
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Answer,
    AskBlock,
    AskDownload,
    Asked,
    AskFile,
    Event,
    Question,
    Refusal,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.meross.controller.commands.firmware_update import (
    FETCH_TIMEOUT_S,
    HUB_TIMEOUT_S,
    PROOF_TIMEOUT_S,
    STALL_TIMEOUT_S,
    FirmwareUpdate,
)
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Firmware, Hardware, System

URL = "http://192.168.1.2:4711/a/plug.bin"
FILE = fota(b"program" * 100)


def plug(version: str = "2.1.4", address: str = "192.168.1.40") -> System:
    return System(
        hardware=Hardware(type="mss310", version="2.0.0"), firmware=Firmware(version=version, inner_ip=address)
    )


class Story:
    """One update, and the hub that answers its questions. ``sent``, ``whole``: what the plug has fetched."""

    def __init__(self, file: bytes = FILE, **args: str) -> None:
        self.now = 100.0
        self.file = file
        self.sent = self.whole = 0
        self.requests: list[WindowRequest] = []
        self.progress: list[str] = []
        self.settled: list[Settled] = []
        self.update = FirmwareUpdate(Ids(), self.requests.append)
        command = WireAction("update", {"file": "plug.bin", **args})
        self.ticket, events = self.update.submit(command, plug(), self.now)
        self.take(events)

    def take(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Asked(id=id, question=question):
                    self.take(self.update.answer(id, self.answer(question), self.now))
                case Advanced(done=done, total=total, words=words):
                    self.progress.append(f"{done}/{total} {words}")
                case Settled():
                    self.settled.append(event)

    def answer(self, question: object) -> Answer | Refusal:
        facts: dict[str, int | str] = {"size": len(self.file), "md5": "5f1d"}
        match question:
            case AskFile():
                return facts
            case AskBlock(offset=offset, size=size):
                return self.file[offset : offset + size]
            case AskDownload(peer="192.168.1.40"):
                return {**facts, "url": URL, "sent": self.sent, "whole": self.whole}
        return Refusal("no answer")

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.update.deadline()) is not None and deadline <= end:
            self.now = deadline
            self.take(self.update.tick(self.now))
        self.now = end

    def acknowledge(self) -> None:
        self.update.acknowledged(self.now)

    def fetch(self, sent: int) -> None:
        self.sent, self.whole = sent, int(sent == len(self.file))
        self.run(1)

    @property
    def outcome(self) -> tuple[str, str]:
        (settled,) = self.settled
        assert settled.ticket == self.ticket and not self.update.is_running and self.update.deadline() is None
        return settled.result, settled.reason


def test_a_plug_that_reports_another_version_after_the_download_is_updated() -> None:
    story = Story()
    (request,) = story.requests
    assert (request.method, request.namespace) == ("SET", namespaces.UPGRADE)
    assert request.payload == b'{"upgrade":{"md5":"5f1d","url":"%b"}}' % URL.encode()
    story.acknowledge()
    story.fetch(300)
    story.fetch(len(FILE))
    assert story.progress == [f"300/{len(FILE)} the plug fetches the file",
                              f"{len(FILE)}/{len(FILE)} the plug installs it and restarts"]  # fmt: skip
    story.run(20)
    assert namespaces.ALL in {one.namespace for one in story.requests[1:]}
    story.take(story.update.identified(plug("2.1.4"), story.now))
    assert not story.settled
    story.take(story.update.identified(plug("2.1.17"), story.now))
    assert story.outcome == ("confirmed", "version 2.1.17")


def test_the_version_that_was_asked_for_must_be_reported() -> None:
    story = Story(version="2.1.17")
    story.acknowledge()
    story.fetch(len(FILE))
    story.take(story.update.identified(plug("2.1.16"), story.now))
    assert story.outcome == ("refused", "The plug reports version 2.1.16, not 2.1.17.")


def test_another_version_before_the_download_proves_nothing() -> None:
    story = Story()
    story.acknowledge()
    story.take(story.update.identified(plug("2.1.17"), story.now))
    assert not story.settled


def test_a_wrong_file_is_not_sent_unless_it_is_forced() -> None:
    for file, reason in ((uimage(b"old"), "The file is for hardware 1;"), (b"picture", "It is not known what")):
        story = Story(file)
        result, given = story.outcome
        assert result == "refused" and given.startswith(reason) and not story.requests
        assert given.endswith("Write force=yes to send it all the same.")
        assert Story(file, force="yes").requests


def test_a_damaged_file_is_never_sent() -> None:
    story = Story(FILE[:-1], force="yes")
    assert story.outcome[1].startswith("The file is damaged: image 1 is cut off") and not story.requests


def test_every_silence_ends_with_what_did_not_happen() -> None:
    unacknowledged = Story()
    unacknowledged.run(HUB_TIMEOUT_S)
    assert unacknowledged.outcome == ("timeout", "The plug did not acknowledge the update.")

    unfetched = Story()
    unfetched.acknowledge()
    unfetched.run(FETCH_TIMEOUT_S)
    assert URL in unfetched.outcome[1] and "firewall" in unfetched.outcome[1]

    stopped = Story()
    stopped.acknowledge()
    stopped.fetch(300)
    stopped.run(STALL_TIMEOUT_S)
    reason = f"The download stopped at 300 of {len(FILE)} bytes. It still has version 2.1.4."
    assert stopped.outcome == ("timeout", reason)

    unchanged = Story()
    unchanged.acknowledge()
    unchanged.fetch(len(FILE))
    unchanged.run(PROOF_TIMEOUT_S)
    assert unchanged.outcome[0] == "refused" and "another version than 2.1.4" in unchanged.outcome[1]


def test_the_failures_that_a_plug_reports_end_the_update() -> None:
    story = Story()
    story.acknowledge()
    story.take(story.update.pushed(1))
    story.take(story.update.pushed(2))
    assert not story.settled
    story.take(story.update.pushed(3))
    reason = "The plug reports that it could not download the file. It still has version 2.1.4."
    assert story.outcome == ("refused", reason)
    assert not story.update.pushed(3)


def test_a_path_that_is_lost_ends_the_update_only_before_the_acknowledgement() -> None:
    story = Story()
    story.take(story.update.failed("unreachable", "no path"))
    assert story.outcome == ("unreachable", "no path")
    restarts = Story()
    restarts.acknowledge()
    assert not restarts.update.failed("unreachable", "no path")


def test_a_slow_plug_that_goes_on_is_waited_for() -> None:
    story = Story()
    story.acknowledge()
    for sent in range(10, 200, 10):
        story.run(STALL_TIMEOUT_S - 2)
        story.fetch(sent)
    assert not story.settled


@pytest.mark.parametrize("args", [{}, {"file": ""}, {"file": "a", "channel": "1"}, {"file": "a", "force": "no"}])
def test_arguments_that_are_wrong_are_named(args: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        FirmwareUpdate(Ids(), list[WindowRequest]().append).submit(WireAction("update", args), plug(), 0.0)


def test_a_second_update_is_refused_while_one_runs() -> None:
    story = Story()
    with pytest.raises(CommandError, match="running"):
        story.update.submit(WireAction("update", {"file": "a"}), plug(), story.now)


def test_a_plug_without_an_address_cannot_be_updated() -> None:
    with pytest.raises(CommandError, match="address"):
        FirmwareUpdate(Ids(), list[WindowRequest]().append).submit(
            WireAction("update", {"file": "a"}), plug(address=""), 0.0
        )


class Plug:
    """A hub and a simulated plug on HTTP and broker; ``fetches``: what the plug downloads."""

    def __init__(self, *faults: str, file: bytes = FILE, fetches: bytes | None = None) -> None:
        self.file, self.fetches, self.whole = file, file if fetches is None else fetches, 0
        self.pair = over_http(controller(), plug_end(*faults), answers=self.answer)
        self.pair.run(10.0)
        self.pair.submit(WireAction("update", {"file": "plug.bin"}))
        self.pair.run(400.0)

    def answer(self, side: str, question: Question) -> Answer | Refusal | None:
        facts: dict[str, int | str] = {"size": len(self.file), "md5": md5(self.file).hexdigest()}
        match side, question:
            case "controller", AskFile():
                return facts
            case "controller", AskBlock(offset=offset, size=size):
                return self.file[offset : offset + size]
            case "controller", AskDownload():
                return {**facts, "url": URL, "sent": len(self.file) * self.whole, "whole": self.whole}
            case "device", AskBlock(file=url):
                assert url == URL
                self.whole = 1
                return self.fetches
        return hub(side, question)

    @property
    def outcome(self) -> tuple[str, str]:
        (settled,) = self.pair.of("controller", Settled)
        return settled.result, settled.reason


def test_the_simulated_plug_is_updated_over_http_alone() -> None:
    story = Plug(file=fota(b"version=2.1.20"))
    assert story.outcome == ("confirmed", "version 2.1.20")
    assert [event.words for event in story.pair.of("controller", Advanced)] == ["the plug installs it and restarts"]


@pytest.mark.parametrize(
    ("faults", "fetches"), [(("keeps-old-version",), None), ((), b"half"), (("stops-during-download",), None)]
)
def test_an_update_that_fails_leaves_the_plug_as_it_was_and_says_so(
    faults: tuple[str, ...], fetches: bytes | None
) -> None:
    story = Plug(*faults, fetches=fetches)
    result, reason = story.outcome
    assert result == "refused" and "another version than 2.1." in reason
    story.pair.submit(WireCommand({"onoff": True}))
    story.pair.run(420.0)
    assert story.pair.of("controller", Settled)[-1].result == "confirmed", "it still works"


def test_a_plug_is_not_switched_while_it_is_updated() -> None:
    pair = over_http(controller(), plug_end(), answers=lambda side, question: None)
    pair.run(10.0)
    pair.submit(WireAction("update", {"file": "plug.bin"}))
    with pytest.raises(CommandError, match="update of this plug is running"):
        pair.submit(WireCommand({"onoff": True}))
