"""The session of a set-up with the simulated plug of each dialect, in set-up mode, and with its faults."""

import pytest

from families.meross.meross_pair import HTTP, UUID
from families.meross.plug_in_lan import PlugInLan
from families.meross.setup.setup_stories import SERVER, ZONE
from pair import ambient
from unclouded.core.sessions.session import Asked, Failure, Settled, WireAction
from unclouded.families.meross.setup import problems
from unclouded.families.meross.setup.networks import name_of
from unclouded.families.meross.setup.scripts import SetupSettings
from unclouded.families.meross.setup.session import PlugSetup
from unclouded.families.meross.wire.discovery import read_answer

WIFI = {"ssid": "unclouded", "password": "simulated"}
DIALECTS = ["hw1", "hw2", "hw6", "hw8"]


class Table:
    """A set-up session and a simulated plug, each answer given before the next request; time is the plug's."""

    def __init__(self, plug: PlugInLan, **settings: object) -> None:
        self.plug = plug
        self.session = PlugSetup(SetupSettings(**settings), ambient(1))  # type: ignore[arg-type]  # the tests name fields
        self.session.up(HTTP, plug.now)
        self.settled: dict[int, Settled] = {}

    def do(self, action: str, **args: str) -> Settled:
        ticket = self.session.submit(WireAction(action, args), self.plug.now)
        while ticket not in self.settled:
            self._step()
        return self.settled[ticket]

    def _step(self) -> None:
        now = self.plug.now
        for out in self.session.outgoing(now):
            answer = self.plug.send(out.data, 60.0) if self.plug.device.plug.network.answers else b""
            if answer:
                self._take(self.session.receive(answer, self.plug.now, "http", out.id))
            else:
                self._take(self.session.failed(out.id, Failure.CLOSED, self.plug.now))
            return
        at = self.session.deadline()
        assert at is not None, "nothing is under way"
        if at > now:
            self.plug.run(at - now)
        self._take(self.session.tick(self.plug.now))

    def _take(self, events: object) -> None:
        for event in events:  # type: ignore[attr-defined]  # a sequence of events
            if isinstance(event, Settled):
                self.settled[event.ticket] = event
            elif isinstance(event, Asked):
                self._take(self.session.answer(event.id, ZONE, self.plug.now))


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_plug_of_each_dialect_is_set_up_and_bound(dialect: str, encrypted: bool) -> None:
    plug = PlugInLan(*(["always-encrypts"] if encrypted else ["never-encrypts"]), dialect=dialect)
    table = Table(plug, exchanges_key=encrypted)
    for action, args in (("look", {}), ("scan", {"ssid": "unclouded"}), ("join", {**SERVER, **WIFI})):
        assert table.do(action, **args).reason == ""
    assert {name_of(one) for one in table.session.networks} == {"unclouded", "neighbours", "guests"}
    assert table.session.is_encrypted is encrypted
    plug.run(60.0)
    assert plug.phase == "bound"
    assert (plug.servers[-1].host, plug.servers[-1].port, plug.servers[-1].key) == (
        SERVER["host"],
        int(SERVER["port"]),
        SERVER["key"],
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wrong_password_is_read_from_the_record_of_the_plug(dialect: str) -> None:
    plug = PlugInLan("never-encrypts", dialect=dialect)
    table = Table(plug)
    table.do("look")
    table.do("scan")
    table.do("join", **SERVER, ssid="unclouded", password="a wrong password")
    plug.run(60.0)
    assert plug.phase == "in set-up mode"
    assert table.do("trace").result == "confirmed" and table.session.trace is not None
    assert problems.explain_trace(table.session.trace).startswith(problems.WRONG_PASSWORD)


@pytest.mark.parametrize(
    ("unreachable", "cause"),
    [("refused", problems.NO_SERVER), ("The TLS handshake failed", problems.NO_CERTIFICATE)],
)
def test_a_broker_that_is_not_reached_is_read_from_the_record_of_the_plug(unreachable: str, cause: str) -> None:
    plug = PlugInLan("never-encrypts")
    plug.unreachable = unreachable
    table = Table(plug)
    table.do("look")
    table.do("scan")
    assert table.do("join", **SERVER, **WIFI).result == "confirmed"
    plug.run(120.0)
    assert plug.phase == "in set-up mode" and table.do("trace").result == "confirmed"
    assert table.session.trace is not None and problems.explain_trace(table.session.trace).startswith(cause)


def test_a_network_of_5_ghz_is_not_seen() -> None:
    table = Table(PlugInLan("never-encrypts"))
    assert "2.4 GHz" in table.do("scan", ssid="unclouded-5G").reason


@pytest.mark.parametrize(
    "fault", ["misses-first-scan", "scans-slowly", "needs-all-wifi-fields", "needs-from", "answers-slowly"]
)
def test_deviations_of_real_plugs_do_not_stop_a_set_up(fault: str) -> None:
    plug = PlugInLan(fault, "never-encrypts")
    table = Table(plug)
    for action, args in (("look", {}), ("scan", {"ssid": "unclouded"}), ("join", {**SERVER, **WIFI})):
        assert table.do(action, **args).reason == ""
    plug.run(60.0)
    assert plug.phase == "bound"


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_bound_plug_is_moved_with_its_key_and_not_with_another(encrypted: bool) -> None:
    fault = "always-encrypts" if encrypted else "never-encrypts"
    plug = PlugInLan(fault, unconfigured=False, key="0123456789abcdef0123456789abcdef", host="old.example", port=8883)
    plug.run(10.0)
    other = Table(plug, key="another key of the same length..")
    assert "bound to a server with another key" in other.do("look").reason
    table = Table(plug, key="0123456789abcdef0123456789abcdef")
    assert table.do("rehost", **SERVER).reason == ""
    plug.run(60.0)
    assert plug.servers[-1].host == SERVER["host"] and plug.servers[-1].key == SERVER["key"]


def test_a_plug_that_is_reset_is_in_set_up_mode() -> None:
    plug = PlugInLan("never-encrypts", unconfigured=False, key="k", host="old.example", port=8883)
    plug.run(10.0)
    assert Table(plug, key="k").do("unbind").reason == ""
    plug.run(10.0)
    assert plug.phase == "in set-up mode"


def test_the_plug_is_found_by_its_answer_to_a_broadcast() -> None:
    plug = PlugInLan("never-encrypts", unconfigured=False, key="k", host="old.example", port=8883)
    assert read_answer(plug.discover()).uuid == UUID
