"""Listening, candidates, ports and proposals by themselves."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app.onboarding.onboarding_story import TIMEOUT_S, simulated
from unclouded.app.doctor.computer import Computer
from unclouded.app.onboarding.candidates import LineSetting, candidates, line_settings, serial_link
from unclouded.app.onboarding.link_test import LONGEST_S, UNWATCHED_S, AnsweringDevice, LinkTestTimes, OfferTest
from unclouded.app.onboarding.listening import MOST_BYTES, LineFindings, listen
from unclouded.app.onboarding.ports import free_ports
from unclouded.app.onboarding.proposal import propose
from unclouded.app.onboarding.serial_offers import SerialOffers
from unclouded.app.onboarding.trial import DeviceTrial
from unclouded.core.errors import ConfigError
from unclouded.core.model import Device, Point
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Out
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer
from unclouded.families.tuya.line.framing import Frame
from unclouded.hub.node import NodeSpec
from unclouded.links.memory import pair
from virtual_loop import story, virtual_run

SLOW, FAST = LineSetting(9600, "none"), LineSetting(115200, "none")
HEARTBEAT = bytes(Frame(3, 0, b"\x01"))


class SendingEnd(Inlet):
    """The other end of a line: sends the same bytes ten times a second."""

    def __init__(self, link: Link, data: bytes) -> None:
        self.link, self.data = link, data
        link.start(self)

    def up(self, path: object) -> None:
        asyncio.get_running_loop().call_later(0.1, self._send)

    def _send(self) -> None:
        self.link.send(Out(self.data))
        asyncio.get_running_loop().call_later(0.1, self._send)

    def down(self, path: str, reason: str) -> None: ...
    def received(self, data: bytes, path: str = "", re: int = 0) -> None: ...
    def failed(self, id: int, why: object) -> None: ...


def listened(sent: dict[LineSetting, bytes], seconds: float = 1.5) -> LineFindings:
    """What is found on a line where another end sends that at each setting."""

    def open_link(setting: LineSetting) -> Link:
        own, other = pair()
        if sent.get(setting):
            SendingEnd(other, sent[setting])
        return own

    async def run() -> LineFindings:
        return await listen(open_link, (SLOW, FAST), seconds)

    return virtual_run(run())


def test_frames_are_recognised_with_the_setting_at_which_they_came() -> None:
    found = listened({SLOW: b"\x80\xf8\x80", FAST: HEARTBEAT})
    assert found.recognised is not None and found.setting == FAST
    assert (found.recognised.speaker, found.recognised.family) == ("tuya_wifi", "tuya_wifi")


def test_bytes_of_no_family_are_counted_and_silence_is_silence() -> None:
    noise = listened({SLOW: b"\x80\xf8\x80"})
    assert noise.recognised is None and noise.setting == SLOW and noise.received > 20
    assert listened({}) == LineFindings(setting=SLOW)


def test_a_flood_is_bounded() -> None:
    assert listened({SLOW: b"\x80" * 60_000}, 0.5).received <= MOST_BYTES


def test_each_setting_of_a_family_is_listened_to_once() -> None:
    settings = line_settings()
    assert settings == sorted(set(settings)) and {SLOW, FAST, LineSetting(4800, "even")} <= set(settings)


@pytest.mark.parametrize(
    ("link", "first", "found"),
    [
        ("serial:///dev/x", "", ("emporia", "serial:///dev/x?baud=115200")),
        ("serial:///dev/x", "tuya_wifi", ("tuya_wifi", "serial:///dev/x?baud=9600")),
        ("serial:///dev/x", "hlw8032", ("hlw8032", "serial:///dev/x?baud=4800&parity=even")),
        ("serial:///dev/x?baud=2400", "tuya_wifi", ("tuya_wifi", "serial:///dev/x?baud=2400")),
        ("tcp://10.0.0.1:23", "tuya_gateway", ("tuya_gateway", "tcp://10.0.0.1:23")),
        ("http://10.0.0.1", "", ("meross", "http://10.0.0.1")),
    ],
)
def test_the_likely_family_is_tried_first(link: str, first: str, found: tuple[str, str]) -> None:
    tried = candidates(link, first)
    assert (tried[0].family, tried[0].link) == found
    assert len(set(tried)) == len(tried) and len({one.family for one in tried}) == (1 if "http" in link else 5)


def test_a_name_that_a_link_cannot_hold_is_quoted() -> None:
    assert serial_link("/dev/serial/by-id/usb-A_B?C#1%") == "serial:///dev/serial/by-id/usb-A_B%3FC%231%25"


def computer(root: Path) -> Computer:
    """Two adapters, one with a name of its own."""
    (root / "dev/serial/by-id").mkdir(parents=True)
    for name in ("ttyUSB0", "ttyUSB1"):
        (root / "dev" / name).touch()
    (root / "dev/serial/by-id/usb-FTDI_A50285BI-if00-port0").symlink_to("../../ttyUSB0")
    folder = root / "sys/class/tty/ttyUSB0/device"
    folder.mkdir(parents=True)
    for key, value in (("idVendor", "0403"), ("idProduct", "6001"), ("manufacturer", "FTDI"), ("product", "FT232R")):
        (folder / key).write_text(value)
    return Computer(root=root)


def test_ports_have_names_that_stay_and_those_in_use_are_left_out(tmp_path: Path) -> None:
    here = computer(tmp_path)
    one, other = free_ports(here, [])
    assert one.name.endswith("/dev/serial/by-id/usb-FTDI_A50285BI-if00-port0") and "FT232R" in one.usb
    assert [port.path for port in free_ports(here, [Path(one.name)])] == [other.path] == ["/dev/ttyUSB1"]


def test_a_port_that_another_program_holds_or_that_is_closed_to_us_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = computer(tmp_path)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/comm").write_text("ModemManager\n")
    (tmp_path / "proc/77/fd/4").symlink_to(tmp_path / "dev/ttyUSB1")
    free, held = free_ports(here, [])
    assert free.problem == "" and held.problem.startswith("ModemManager (process 77) uses it. It takes adapters")
    monkeypatch.setattr("os.access", lambda *args, **more: False)
    closed, _ = free_ports(here, [])
    assert "may not open it" in closed.problem and "its group is" in closed.problem


async def test_a_chip_that_sends_by_itself_is_recognised_by_listening(tmp_path: Path) -> None:
    async with simulated("hlw8032", tmp_path / "dev/ttyUSB0"):
        offers = SerialOffers(Computer(root=tmp_path), list, str, 0.5)
        (found,) = await looked_at(offers)
        assert (found.state, found.family) == ("recognised", "hlw8032") and "4800 baud, parity even" in found.text
    assert await looked_at(offers) == [], "the adapter was unplugged"


async def test_a_silent_port_says_what_to_do_and_can_be_freed(tmp_path: Path) -> None:
    async with simulated("tuya-plug", tmp_path / "dev/ttyUSB0"):
        offers = SerialOffers(Computer(root=tmp_path), list, str, 0.05)
        (found,) = await looked_at(offers)
        assert found.state == "silent" and "test it" in found.text
        slow = SerialOffers(Computer(root=tmp_path), list, str, 60.0)
        await slow.look()
        (listening,) = slow.offers()
        assert listening.state == "listening" and slow.source().state == "looking"
        await slow.leave(listening.id)
        assert slow.offers()[0].state == "found"
        await slow.close()


async def looked_at(offers: SerialOffers) -> list[Offer]:
    await offers.look()
    async with asyncio.timeout(TIMEOUT_S):
        while offers.source().state == "looking":
            await asyncio.sleep(0.02)
    return offers.offers()


# --- proposals ----------------------------------------------------------------------------------------

POWER = (Point(key="power_W"),)


def known(id: str, family: str = "meross", **more: str) -> Device:
    return Device(id=id, identity=id, family=family, link="", profile="", points=POWER, name=id.title(), **more)  # type: ignore[arg-type]  # texts


def test_a_plug_counts_inside_the_only_meter_and_a_meter_inside_nothing() -> None:
    meter = known("meter", "emporia")
    assert propose(known("trial"), "", [meter]).parent == "meter"
    assert propose(known("trial", "emporia"), "", [meter]).parent == ""
    assert propose(known("trial"), "", [meter, known("other", "emporia")]).parent == "", "neither is clear"
    breaker = [meter, known("breaker"), known("lamp", parent="breaker")]
    assert propose(known("trial"), "", breaker).parent == "breaker", "others count inside it already"


def test_a_name_is_new_and_its_id_follows() -> None:
    present = [known("metering_plug", room="Kitchen"), known("b", room="Kitchen")]
    found = propose(known("trial", "tuya_wifi"), "Metering plug (Tuya)", present)
    assert (found.name, found.id, found.names) == ("Metering plug", "metering_plug_2", ("Metering plug", "Appliance"))
    assert found.rooms == ("Kitchen",) and [one.id for one in found.parents] == ["metering_plug", "b"]


@story
async def test_a_link_that_fails_ends_the_listening() -> None:
    class Failing:
        def start(self, inlet: Inlet) -> None:
            inlet.down("", "The adapter is gone.")

        def send(self, out: Out) -> None: ...
        async def close(self) -> None: ...

    found = await listen(lambda setting: Failing(), (SLOW, FAST))
    assert found.problem == "The adapter is gone." and asyncio.get_running_loop().time() == 0


# --- the test of an offer -----------------------------------------------------------------------------


async def ended_test(link: str, make_spec: Callable[..., NodeSpec], times: LinkTestTimes) -> LinkTestView:
    """The view of a test when it goes on no more."""
    offer = Offer(id="a", source="hand", title="", text="", link=link)
    test = OfferTest(offer, 7, make_spec, no_trial, lambda device: "", times=times)
    test.start()
    async with asyncio.timeout(TIMEOUT_S):
        while (view := test.view(no_proposal)).phase in ("listening", "trying"):
            await asyncio.sleep(0.02)
    await test.end()
    assert test.view(no_proposal) == view and view.number == 7, "an end changes nothing that has ended"
    return view


def no_trial(spec: NodeSpec) -> DeviceTrial:
    raise AssertionError("nothing is tried")


def no_proposal(found: AnsweringDevice) -> DeviceProposal:
    raise AssertionError("nothing answered")


async def test_errors_are_states_and_a_crash_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*args: object) -> NodeSpec:
        raise ConfigError("There is no profile.")

    def crash(*args: object) -> NodeSpec:
        raise ZeroDivisionError

    refused = await ended_test("http://127.0.0.1:9", refuse, LinkTestTimes())
    assert (refused.phase, refused.problem) == ("failed", "There is no profile.")
    crashed = await ended_test("http://127.0.0.1:9", crash, LinkTestTimes())
    assert crashed.phase == "failed" and "log of the hub" in crashed.problem and "ZeroDivisionError" in caplog.text


async def test_a_test_that_takes_too_long_frees_its_link(tmp_path: Path) -> None:
    async with simulated("tuya-plug", tmp_path / "plug"):
        times = LinkTestTimes(listen_s=60.0, longest_s=0.2)
        view = await ended_test(f"serial://{tmp_path}/plug", lambda *args: pytest.fail("it listens"), times)
        assert (view.phase, view.problem, view.attempt) == ("ended", "", "")


@story
async def test_a_test_that_no_client_shows_any_more_frees_its_link_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen_for_ever(*args: object) -> LineFindings:
        await asyncio.sleep(1e6)
        raise AssertionError

    monkeypatch.setattr("unclouded.app.onboarding.link_test.listen", listen_for_ever)
    offer = Offer(id="a", source="hand", title="", text="", link="serial:///dev/none")
    test = OfferTest(offer, 1, lambda *args: pytest.fail("it listens"), no_trial, lambda device: "")
    test.start()
    for _ in range(10):  # a page that asks again and again
        await asyncio.sleep(UNWATCHED_S - 1)
        test.watch()
        assert test.view(no_proposal).phase == "listening"
    await asyncio.sleep(UNWATCHED_S + 1)
    assert test.view(no_proposal).phase == "ended"
    test.watch()  # too late, and no error
    test.start()
    for _ in range(int(LONGEST_S / UNWATCHED_S) + 1):
        await asyncio.sleep(UNWATCHED_S - 1)
        test.watch()
    assert test.view(no_proposal).phase == "ended", "a page that stays open does not hold a port for ever"
