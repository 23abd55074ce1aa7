"""Set-up at its limits: which names, keys and passwords are sent, how often it asks, what each failure is called."""

from base64 import b64encode
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from families.meross.meross_pair import HTTP, UUID
from families.meross.setup.setup_stories import HOME, SERVER, Plug, do, in_set_up_mode, network, over_http, steps
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Asked,
    Failure,
    LinkPath,
    LocalTime,
    Noticed,
    Rejected,
    Settled,
    WireAction,
)
from unclouded.families.meross.setup import problems, requests, scripts
from unclouded.families.meross.setup.networks import check_password, check_ssid, encryption_of, name_of, unseen
from unclouded.families.meross.setup.scripts import ScriptEnd, SetupPlug, SetupSettings, SetupState
from unclouded.families.meross.setup.session import ACTION_TIMEOUT_S, ANSWER_TIMEOUT_S, PlugSetup
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import parse, reply
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.lan_encryption import KeyExchange
from unclouded.families.meross.wire.messages import (
    Abilities,
    All,
    Failed,
    Firmware,
    Hardware,
    PublicKey,
    Trace,
    WifiNetwork,
    payload_of,
)

# --- what a plug is sent ----------------------------------------------------------------------------


def payload(request: requests.SetupRequest) -> Any:  # Any: JSON
    return msgspec.json.decode(request.payload)


@pytest.mark.parametrize("host", ["", "a b", "a/b", 'a"b', "a'b", "a\tb", "a\nb"])
def test_a_host_with_such_a_character_is_none(host: str) -> None:
    with pytest.raises(CommandError, match="Name the server"):
        requests.set_key({**SERVER, "host": host})
    with pytest.raises(CommandError, match="Name the server"):
        requests.set_key({**SERVER, "second_host": host or " "})


@pytest.mark.parametrize(("port", "fits"), [("0", False), ("1", True), ("65535", True), ("65536", False), ("x", False)])
def test_a_port_is_a_number_from_1_to_65535(port: str, fits: bool) -> None:
    for name in ("port", "second_port"):
        if fits:
            assert str(port) in str(payload(requests.set_key({**SERVER, name: port})))
            continue
        with pytest.raises(CommandError, match="a number from 1 to 65535"):
            requests.set_key({**SERVER, name: port})


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, ("10.0.0.2", 8883, "10.0.0.2", 8883, "0", "")),
        ({"second_host": "b", "user_id": "7"}, ("10.0.0.2", 8883, "b", 8883, "7", "")),
        ({"second_port": "9", "key": "k" * 32}, ("10.0.0.2", 8883, "10.0.0.2", 9, "0", "k" * 32)),
    ],
)
def test_the_second_server_and_the_user_are_the_usual_ones_unless_named(
    args: Mapping[str, str], expected: tuple[object, ...]
) -> None:
    request = requests.set_key({"host": "10.0.0.2", "port": "8883", **args})
    key = payload(request)["key"]
    gateway = key["gateway"]
    found = (gateway["host"], gateway["port"], gateway["secondHost"], gateway["secondPort"], key["userId"], key["key"])
    assert found == expected and gateway["redirect"] == 1
    assert request.words == "sets its server 10.0.0.2:8883 and its key"
    assert repr(request) == "SetupRequest(SET Appliance.Config.Key)"


@pytest.mark.parametrize("user", ["x", "-1", "٣", "1.5"])
def test_a_user_id_is_a_number_in_ascii(user: str) -> None:
    with pytest.raises(CommandError, match="is a number"):
        requests.set_key({**SERVER, "user_id": user})


def test_a_key_of_more_than_32_bytes_is_refused() -> None:
    with pytest.raises(CommandError, match="at most 32 characters"):
        requests.set_key({**SERVER, "key": "ü" * 17})


def test_a_network_that_was_not_seen_is_sent_without_a_place_and_no_password_as_it_is() -> None:
    hardware = Hardware(type="mss310", uuid=UUID, mac_address="34:29:8f:00:00:01")
    seen = WifiNetwork(ssid="TXk=", bssid="aa", channel=3, encryption=6, cipher=3)
    plain = requests.set_wifi(seen, "secret", hardware, False)
    assert (plain.namespace, payload(plain)["wifi"]) == (
        namespaces.WIFI,
        {"ssid": "TXk=", "password": "c2VjcmV0", "bssid": "aa", "channel": 3, "encryption": 6, "cipher": 3},
    )
    hidden = requests.set_wifi(unseen("My", ""), "", hardware, True)
    wifi = {"ssid": b64encode(b"My").decode(), "password": "", "encryption": 0, "cipher": 0}
    assert (hidden.namespace, payload(hidden)["wifi"]) == (namespaces.WIFIX, wifi)
    encrypted = requests.set_wifi(seen, "secret", hardware, True)
    assert payload(encrypted)["wifi"]["password"] not in ("", "c2VjcmV0")
    bytes_of_no_text = requests.set_wifi(seen, "\udcff", hardware, False)
    assert payload(bytes_of_no_text)["wifi"]["password"] == b64encode(b"\xff").decode()


def test_a_time_without_a_zone_has_no_rules() -> None:
    bare = requests.set_time(LocalTime(1_800_000_000.9, 3600))
    assert payload(bare)["time"] == {"timestamp": 1_800_000_000, "timezone": "", "timeRule": []}
    zoned = requests.set_time(LocalTime(1_800_000_000.0, 3600, changes=((0.0, 3600),), zone="Europe/Madrid"))
    assert (bare.words, zoned.words) == ("sets its clock", "sets its clock and the zone Europe/Madrid")
    assert payload(zoned)["time"]["timeRule"] == [[0, 3600, 0]]


# --- networks ---------------------------------------------------------------------------------------


def test_each_encryption_has_a_name() -> None:
    names = [encryption_of(WifiNetwork(ssid="", encryption=number)) for number in range(-1, 10)]
    assert names == [
        "encryption -1", "open", "WEP", "WEP", "WPA", "WPA", "WPA2", "WPA2", "WPA/WPA2", "WPA/WPA2", "encryption 9"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encryption", "fitting"),
    [
        (0, ["", ]),
        (1, ["a" * size for size in (5, 10, 13, 26)]),
        (2, ["a" * size for size in (5, 10, 13, 26)]),
        (3, ["a" * size for size in range(8, 65)]),
        (6, ["a" * size for size in range(8, 65)]),
        (9, ["a" * size for size in range(8, 65)]),
    ],
)  # fmt: skip
def test_the_sizes_of_passwords(encryption: int, fitting: list[str]) -> None:
    """64 characters are a key, in hexadecimal digits."""

    def fits(password: str) -> bool:
        try:
            check_password(password, WifiNetwork(ssid="", encryption=encryption))
        except CommandError:
            return False
        return True

    assert [size for size in range(70) if fits("a" * size)] == [len(one) for one in fitting]
    assert not any(fits(one + "0" * 63) for one in "gG_") and not fits("g" * 64)
    assert fits("0123456789abcdefABCDEF" + "0" * 42) == (encryption > 2)
    assert fits("ü" * 31) == fits("ü" * 4) == (encryption > 2) and not fits("ü" * 32)


def test_the_sizes_of_names() -> None:
    """In bytes; a name may have bytes that are no text."""
    for fitting in ("a", "a" * 32, "ü" * 16, "\udcff" * 32):
        check_ssid(fitting)
    for other in ("", "a" * 33, "ü" * 17, "\udcff" * 33):
        with pytest.raises(CommandError):
            check_ssid(other)
    assert unseen("\udcff", "").ssid == b64encode(b"\xff").decode()
    shown = {b"a_": "a_", b"a\0\0": "a", b"\xff": "\ufffd"}
    assert {name: name_of(WifiNetwork(ssid=b64encode(name).decode())) for name in shown} == shown
    check_password("\udcff" * 8, WifiNetwork(ssid="", encryption=6))


def test_the_newest_values_of_a_network_count_and_64_are_kept() -> None:
    many = tuple(WifiNetwork(ssid=f"n{number}", bssid="a", signal=1) for number in range(65))
    found = scripts.merged(many, (WifiNetwork(ssid="n5", bssid="a", signal=9), WifiNetwork(ssid="n5", bssid="b")))
    assert len(found) == 64 and [one.ssid for one in found] == [*(f"n{number}" for number in range(2, 65)), "n5"]
    assert [one.signal for one in found if one.ssid == "n5"] == [9, 0]


# --- texts ------------------------------------------------------------------------------------------

CAUSES = {
    problems.WRONG_PASSWORD: ["PSK", "password", "passwd", "4-way", "handshake time", "MIC", "auth"],
    problems.NOT_FOUND: ["ssid", "not found", "no AP", "no network", "beacon", "scan"],
    problems.NO_ADDRESS: ["dhcp", "no ip", "IP address"],
    problems.NO_CERTIFICATE: ["tls", "ssl", "cert", "cipher"],
    problems.NO_CLOCK: ["NTP", "clock", "time sync"],
    problems.NO_SERVER: ["mqtt", "server", "connect", "dns", "host", "refused", "unreachable"],
}


@pytest.mark.parametrize(("cause", "word"), [(cause, word) for cause, words in CAUSES.items() for word in words])
def test_a_word_in_the_record_of_a_plug_is_a_cause(cause: str, word: str) -> None:
    assert problems.explain_trace(Trace(code=1, info=f" a {word} b ")) == f'{cause} (its own record says "a {word} b")'


def test_a_record_is_shown_up_to_80_characters() -> None:
    assert problems.explain_trace(Trace(code=0, info="x" * 99)) == f'its own record says "{"x" * 80}"'
    assert problems.explain_trace(Trace(code=0, info=" No Error ")) == ""
    assert problems.explain_trace(Trace(code=1, info="no error")) != ""
    detailed = problems.refused(Failed(5000, "y" * 99), "joins", "10.0.0.9")
    assert detailed == f"The plug answered error 5000 ({'y' * 80}) where set-up joins."
    assert problems.refused(Failed(5000), "joins", "10.0.0.9") == "The plug answered error 5000 where set-up joins."
    assert problems.refused(Failed(5001), "joins", "10.0.0.9") == problems.wrong_key("10.0.0.9", "")


def test_eight_other_networks_are_named() -> None:
    others = [WifiNetwork(ssid=b64encode(f"n{number}".encode()).decode(), signal=90 - number) for number in range(9)]
    assert "It sees: n0, n1, n2, n3, n4, n5, n6, n7. It uses" in problems.not_seen("home", others)
    assert "It sees: none." in problems.not_seen("home", [])


@pytest.mark.parametrize(
    ("got", "result", "words"),
    [
        (Failure.TIMEOUT, "timeout", "does not answer"),
        (Failure.CLOSED, "unreachable", "closed the connection"),
        (Failure.GARBLED, "unreachable", "is not a Meross plug"),
        (Failure.REFUSED, "unreachable", "refuses the connection"),
        (Failure.FULL, "unreachable", "Too many requests"),
        (Trace(), "refused", "is not a Meross plug"),
        (Failed(5001), "refused", "is not in set-up mode"),
    ],
)
def test_what_comes_in_place_of_an_answer_has_a_result_and_a_text(got: Any, result: str, words: str) -> None:
    end = SetupState(SetupSettings(place="10.0.0.9"), Ambient(float, bytes)).failed(got, requests.GET_ALL)
    assert end.result == result and words in end.reason and "10.0.0.9" in end.reason


def test_what_a_plug_reports_of_itself_is_shown_without_what_is_not_known() -> None:
    hardware = Hardware(type="mss310", uuid=UUID.upper(), version="2.0.0", chip_type="mt7682")
    plug = SetupPlug(hardware, Firmware(version="2.1.17", inner_ip="10.0.0.9", server="hub", port=8883))
    assert plug.info == {
        "uuid": UUID,
        "product": "mss310",
        "mac": plug.mac,
        "hardware": "2.0.0",
        "chip": "mt7682",
        "version": "2.1.17",
        "address": "10.0.0.9",
        "server": "hub:8883",
    }
    assert plug.mac == ":".join(UUID[20 + 2 * at : 22 + 2 * at] for at in range(6))
    bare = SetupPlug(msgspec.structs.replace(hardware, mac_address="AA:BB"), Firmware())
    assert (bare.mac, bare.server, bare.online) == ("aa:bb", "", -1) and "server" not in bare.info
    assert ScriptEnd() == ScriptEnd("confirmed", "")
    assert "key" not in repr(SetupSettings(key="the key")).replace("SetupSettings", "")


# --- how often and how long it asks -----------------------------------------------------------------


def test_a_scan_waits_four_seconds_and_ends_with_the_first_that_has_the_network_or_an_error() -> None:
    plug = Plug(in_set_up_mode([network("Other")], [network("Other")], [network("My home")]))
    pair, _ = over_http(plug)
    assert do(pair, "scan", ssid="My home").result == "confirmed"
    times = [at for at, _ in plug.asked]
    assert len(times) == 3 and all(later - one == pytest.approx(4.0, abs=0.5) for one, later in pairwise(times))
    plain = Plug(in_set_up_mode([network("Other")], [network("My home")]))
    pair, _ = over_http(plain)
    assert do(pair, "scan").result == "confirmed" and len(plain.asked) == 1


def test_a_reset_is_looked_for_six_times_every_two_seconds() -> None:
    answers = in_set_up_mode()
    answers[namespaces.ALL]["all"]["system"]["firmware"] = {"version": "2.1.17", "server": "hub", "port": 1}
    plug = Plug(answers)
    pair, _ = over_http(plug)
    settled = do(pair, "unbind")
    after = [at for at, what in plug.asked if what == "GET System.All"][1:]
    assert settled.result == "timeout" and len(after) == 6 and settled.reason.endswith("between amber and green.")
    assert all(later - one == pytest.approx(2.0, abs=0.5) for one, later in pairwise(after))
    free = Plug()
    pair, _ = over_http(free)
    assert do(pair, "unbind").result == "confirmed"
    assert sum(what == "GET System.All" for _, what in free.asked) == 2, "it is bound to no server any more"


def test_each_request_is_a_step_with_its_number() -> None:
    pair, session = over_http(Plug())
    do(pair, "look")
    do(pair, "join", **SERVER, **HOME)
    counts = [(event.done, event.total) for event in pair.of("controller", Advanced)]
    assert counts == [(1, 0), (2, 0), (1, 0), (2, 0), (3, 0)]
    assert steps(pair) == [
        "asks what it is",
        "asks what it can do",
        "sets its clock and the zone Europe/Madrid",
        "sets its server 192.168.1.2:8883 and its key",
        "sets its Wi-Fi",
    ]
    assert (session.stats()["frames_out"], session.stats()["frames_in"], session.stats()["under_way"]) == (5, 5, 0)


def test_a_plug_that_is_events_no_time_still_gets_its_server() -> None:
    untrusted = LocalTime(5.0, 0, trusted=False)
    pair, _ = over_http(Plug(), answers=lambda side, question: untrusted)
    assert do(pair, "rehost", **SERVER).result == "confirmed"
    assert pair.of("controller", Noticed) == [Noticed("setup", problems.CLOCK_UNKNOWN)]


def test_what_set_up_cannot_do_is_named() -> None:
    pair, _ = over_http(Plug())
    with pytest.raises(CommandError, match=r"no action 'fly'; it has look, scan, join, rehost, trace, unbind\."):
        pair.submit(WireAction("fly"))
    for action, args in (("rehost", {}), ("join", SERVER)):
        with pytest.raises(CommandError, match="Name the"):
            pair.submit(WireAction(action, args))
    assert do(pair, "scan", host="").result == "confirmed", "the others need nothing"


# --- the session by itself --------------------------------------------------------------------------


def begun(message: int = 0) -> tuple[PlugSetup, int, bytes]:
    """A session that has sent its first request, the ticket, and the request."""
    session = PlugSetup(SetupSettings(), Ambient(wall=float, token=lambda size: message.to_bytes(size, "big")))
    session.up(HTTP, 0.0)
    ticket = session.submit(WireAction("look"), 0.0)
    (out,) = session.outgoing(0.0)
    assert session.outgoing(0.0) == [] and out.path == HTTP.name
    return session, ticket, out.data


def answer_to(data: bytes, namespace: str = "") -> bytes:
    header = parse(data).header
    if namespace:
        header = msgspec.structs.replace(header, namespace=namespace)
    return bytes(reply(header, payload_of(all={}), key="", timestamp=1, from_=publish_topic(UUID)))


def test_requests_count_on_from_a_random_number_and_wrap() -> None:
    for first, expected in ((4, 5), (5, 6), (2**127, 2**127 + 1), (2**128 - 1, 0)):
        _, _, data = begun(first)
        header = parse(data).header
        assert (header.message_id, header.method) == (f"{expected:032x}", "GET")
        assert header.from_ == "http://10.10.10.1/config"


def test_what_nothing_waits_for_is_rejected() -> None:
    session, _, data = begun()
    whole = answer_to(data)
    events = [
        *session.receive(whole, 1.0, "other", 1),
        *session.receive(whole, 1.0, HTTP.name, 2),
        *session.receive(whole, 1.0, HTTP.name),
    ]
    assert [event.reason for event in events if isinstance(event, Rejected)] == [
        "received on a path that is not up",
        "an answer that nothing waits for",
        "an answer that nothing waits for",
    ]
    assert session.failed(2, Failure.CLOSED, 1.0) == () and session.answer(1, LocalTime(1.0, 0), 1.0) == ()
    assert session.down("other", "gone", 1.0) == () and session.stats()["under_way"] == 1
    (rejected, *rest) = session.receive(answer_to(data, namespaces.TRACE), 1.0, HTTP.name, 1)
    assert isinstance(rejected, Rejected) and rejected.reason == "an answer to another request" and rest


def test_an_action_that_waits_too_long_for_another_ends_alone() -> None:
    session, first, _ = begun()
    second = session.submit(WireAction("scan"), 5.0)
    assert session.deadline() is not None
    ended = [event for event in session.tick(ACTION_TIMEOUT_S - 0.1) if isinstance(event, Settled)]
    assert ended == []
    ended = [event for event in session.tick(ACTION_TIMEOUT_S) if isinstance(event, Settled)]
    assert ended == [Settled(first, "timeout", problems.TOO_LONG)]
    assert len(session.outgoing(ACTION_TIMEOUT_S)) == 1, "the next one begins"
    ended = [event for event in session.tick(ACTION_TIMEOUT_S + 5) if isinstance(event, Settled)]
    assert ended == [Settled(second, "timeout", problems.TOO_LONG)]
    assert (ACTION_TIMEOUT_S, ANSWER_TIMEOUT_S) == (300.0, 45.0)


def test_actions_that_are_submitted_together_run_one_after_the_other() -> None:
    plug = Plug()
    pair, _ = over_http(plug)
    tickets = [pair.submit(WireAction(name, SERVER)) for name in ("look", "scan", "rehost")]
    pair.run(until=pair.now + 60.0)
    assert [(one.ticket, one.result) for one in pair.of("controller", Settled)] == [
        (ticket, "confirmed") for ticket in tickets
    ]
    assert len(plug.asked) == 5


def test_a_pause_of_an_action_that_was_lost_disturbs_no_other() -> None:
    session, _, _ = begun()
    session.down(HTTP.name, "gone", 1.0)
    session.up(HTTP, 1.0)
    session.submit(WireAction("scan"), 1.0)
    (out,) = session.outgoing(1.0)
    found = reply(parse(out.data).header, payload_of(wifiList=[]), key="", timestamp=1, from_=publish_topic(UUID))
    assert session.receive(bytes(found), 1.5, HTTP.name, out.id) == []
    session.tick(1.5)
    assert session.deadline() == 5.5
    session.down(HTTP.name, "gone", 2.0)
    session.up(HTTP, 2.0)
    session.submit(WireAction("look"), 2.0)
    assert len(session.outgoing(2.0)) == 1
    session.tick(2.0)
    assert [event for event in session.tick(5.5) if not isinstance(event, Advanced)] == []
    assert session.stats()["under_way"] == 1 and session.outgoing(5.5) == []


def test_what_was_not_sent_yet_of_an_action_that_ended_is_never_sent() -> None:
    session = PlugSetup(SetupSettings(), Ambient(wall=float, token=bytes))
    session.up(HTTP, 0.0)
    session.submit(WireAction("look"), 0.0)
    session.submit(WireAction("scan"), 5.0)
    session.tick(ACTION_TIMEOUT_S)
    (out,) = session.outgoing(ACTION_TIMEOUT_S)
    assert parse(out.data).header.namespace == namespaces.WIFI_LIST
    session.down(HTTP.name, "gone", ACTION_TIMEOUT_S)
    session.up(HTTP, ACTION_TIMEOUT_S)
    session.submit(WireAction("look"), ACTION_TIMEOUT_S)
    session.down(HTTP.name, "gone", ACTION_TIMEOUT_S)
    assert session.outgoing(ACTION_TIMEOUT_S) == []


def test_a_pause_of_an_action_that_took_too_long_disturbs_no_other() -> None:
    session = PlugSetup(SetupSettings(), Ambient(wall=float, token=bytes))
    session.up(HTTP, 0.0)
    session.submit(WireAction("scan"), 0.0)
    (out,) = session.outgoing(0.0)
    late = ACTION_TIMEOUT_S - 1.0
    found = reply(parse(out.data).header, payload_of(wifiList=[]), key="", timestamp=1, from_=publish_topic(UUID))
    session.receive(bytes(found), late, HTTP.name, out.id)
    second = session.submit(WireAction("look"), late)
    session.tick(ACTION_TIMEOUT_S)
    assert session.deadline() == late + ACTION_TIMEOUT_S, "its pause ended with it"
    assert session.tick(late + 4.0) == [] and len(session.outgoing(late + 4.0)) == 1
    assert [one for one in session.failed(2, Failure.CLOSED, late + 5.0) if isinstance(one, Settled)] == []
    assert Settled(second, "unreachable", problems.failure(Failure.CLOSED, "10.10.10.1")) in [
        *session.failed(3, Failure.CLOSED, late + 6.0)
    ]


def test_a_request_that_has_its_answer_or_has_failed_is_waited_for_no_more() -> None:
    slow = LinkPath(name="slow")
    session = PlugSetup(SetupSettings(), Ambient(wall=float, token=bytes))
    session.up(slow, 0.0)
    for answered in (True, False):
        session.submit(WireAction("trace"), 0.0)
        session.tick(0.0)
        (out,) = session.outgoing(0.0)
        assert session.deadline() == ANSWER_TIMEOUT_S
        if answered:
            answer = reply(parse(out.data).header, payload_of(trace={}), key="", timestamp=1, from_=publish_topic(UUID))
            session.receive(bytes(answer), 1.0, slow.name)
        else:
            session.failed(out.id, Failure.CLOSED, 1.0)
        assert session.deadline() is None
    assert session.stats() == {
        "bytes_in": len(bytes(answer)),
        "frames_in": 1,
        "frames_out": 2,
        "noise_bytes": 0,
        "closed": 1,
        "under_way": 0,
    }


def test_a_question_is_answered_once() -> None:
    pair, session = over_http(Plug(), answers=lambda side, question: None)
    pair.submit(WireAction("rehost", SERVER), "controller")
    pair.run(until=1.0)
    (question,) = [one.id for one in pair.of("controller", Asked)]
    assert session.answer(0, LocalTime(1.0, 0), 1.0) == () and session.answer(question, LocalTime(1.0, 0), 1.0)
    for id in (0, 1, question):
        assert session.answer(id, LocalTime(1.0, 0), 1.0) == ()


# --- scripts, answered by hand ------------------------------------------------------------------------


def ended(script: scripts.Script, *answers: scripts.Got) -> ScriptEnd | scripts.Need:
    """What a script needs after these answers, or its end."""
    try:
        need = next(script)
        for got in answers:
            need = script.send(got)
    except StopIteration as end:
        outcome: ScriptEnd = end.value
        return outcome
    return need


def known(*networks: WifiNetwork, **settings: Any) -> SetupState:
    state = SetupState(SetupSettings(**settings), Ambient(float, bytes))
    abilities = frozenset((namespaces.KEY, namespaces.WIFI))
    state.plug = SetupPlug(Hardware(uuid=UUID), Firmware(), abilities=abilities)
    state.networks = networks
    return state


def test_an_error_of_the_plug_ends_its_action_at_once() -> None:
    for script, words in ((scripts.scan, "has the plug scan"), (scripts.unbind, "resets the plug")):
        end = ended(script(known(), {}), Failed(5000))
        assert isinstance(end, ScriptEnd) and end.result == "refused" and words in end.reason


@pytest.mark.parametrize("failed", [Failed(5000), Failure.CLOSED, Failure.TIMEOUT])
def test_what_comes_in_place_of_an_answer_ends_the_action(failed: scripts.Got) -> None:
    """Whichever of its requests it is; what was known before is not enough."""
    everything = parsed_all()
    abilities = Abilities({namespaces.KEY: {}})
    blank = SetupState(SetupSettings(place="10.0.0.9"), Ambient(float, bytes))
    cases = [
        (ended(scripts.look(blank, {}), everything, failed), "asks what it can do"),
        (ended(scripts.rehost(blank, SERVER), everything, failed), "asks what it can do"),
        (ended(scripts.unbind(blank, {}), everything, failed), "asks what it can do"),
        (ended(scripts.rehost(known(), SERVER), LocalTime(1.0, 0), None, failed), "sets its server 192.168.1.2:8883"),
        (ended(scripts.join(known(), {**SERVER, **HOME}), LocalTime(1.0, 0), None, failed), "sets its server"),
        (ended(scripts.read_trace(known(), {}), failed), "asks how its last attempt ended"),
    ]
    assert blank.plug is None, "the next action asks again"
    for end, words in cases:
        assert isinstance(end, ScriptEnd) and end.result == result_of(failed)
        assert not isinstance(failed, Failed) or words in end.reason
    exchanging = SetupState(SetupSettings(exchanges_key=True), Ambient(float, bytes))
    end = ended(scripts.look(exchanging, {}), everything, abilities, failed)
    assert isinstance(end, ScriptEnd) and end.result == result_of(failed)
    end = ended(scripts.rehost(exchanging, SERVER), everything, abilities, failed)
    assert isinstance(end, ScriptEnd) and end.result == result_of(failed)
    assert ended(scripts.look(known(), {}), Failure.CLOSED, Failed(5000)) == ScriptEnd(
        "refused", problems.refused(Failed(5000), "asks what it is", "10.10.10.1")
    )


def parsed_all() -> All:
    payload = msgspec.json.encode(in_set_up_mode()[namespaces.ALL]["all"])
    return msgspec.json.decode(payload, type=All)


def result_of(failed: scripts.Got) -> str:
    return "timeout" if failed is Failure.TIMEOUT else "unreachable" if failed is Failure.CLOSED else "refused"


def test_a_key_exchange_has_its_first_step_and_one_that_fails_is_said() -> None:
    assert payload(requests.exchange("a pubkey")) == {"ecdhe": {"step": 1, "pubkey": "a pubkey"}}
    state = SetupState(SetupSettings(exchanges_key=True), Ambient(float, lambda size: bytes(range(1, size + 1))))
    end = ended(scripts.look(state, {}), parsed_all(), Abilities({}), PublicKey(step=2, pubkey="AAAA"))
    assert end == ScriptEnd("refused", problems.BAD_EXCHANGE) and not state.is_encrypted and state.plug is None
    again = SetupState(state.settings, state.ambient)
    other = PublicKey(step=2, pubkey=KeyExchange(bytes(range(40))).pubkey)
    assert ended(scripts.look(again, {}), parsed_all(), Abilities({}), other) == ScriptEnd()
    assert again.is_encrypted and again.plug is not None


def test_what_is_to_be_encrypted_is_not_sent_in_clear_text_after_a_new_connection() -> None:
    assert ended(scripts.rehost(known(exchanges_key=True), SERVER)) == requests.GET_ALL
    end = ended(scripts.rehost(known(exchanges_key=True), SERVER), Failed(5000))
    assert isinstance(end, ScriptEnd) and end.result == "refused" and end.reason.endswith("asks what it is.")
    assert ended(scripts.join(known(exchanges_key=True), {**SERVER, **HOME})) == requests.GET_ALL


def test_a_plug_that_lists_encryption_alone_is_encrypted() -> None:
    state = SetupState(SetupSettings(), Ambient(float, bytes))
    need = ended(scripts.look(state, {}), Failure.CLOSED, Abilities(dict.fromkeys(namespaces.ENCRYPTION)))
    assert isinstance(need, requests.SetupRequest) and need.namespace == namespaces.ECDHE
    end = ended(scripts.look(state, {}), Failure.CLOSED, Abilities(dict.fromkeys(tuple(namespaces.ENCRYPTION)[1:])))
    assert isinstance(end, ScriptEnd) and end.result == "unreachable"


def test_another_network_of_that_name_in_a_later_scan_may_need_another_password() -> None:
    local = LocalTime(1.0, 0)
    free = WifiNetwork(ssid=b64encode(b"My home").decode(), encryption=0)
    end = ended(scripts.join(known(free), {**SERVER, **HOME}), local, None, None)
    assert isinstance(end, ScriptEnd) and end.result == "refused" and "This Wi-Fi is open" in end.reason
    need = ended(scripts.join(known(free), {**SERVER, "ssid": "My home"}), local, None, None)
    assert isinstance(need, requests.SetupRequest) and payload(need)["wifi"]["password"] == ""


def test_what_a_plug_lacks_is_named() -> None:
    state = known()
    assert state.plug is not None
    for names, lacks in (((namespaces.WIFI,), "Config.Key"), ((namespaces.KEY,), "Config.Wifi")):
        state.plug = msgspec.structs.replace(state.plug, abilities=frozenset(names))
        answers = (LocalTime(1.0, 0), None, None) if lacks == "Config.Wifi" else ()
        end = ended(scripts.join(state, {**SERVER, **HOME}), *answers)
        assert isinstance(end, ScriptEnd) and end.result == "refused" and f"no {lacks}:" in end.reason
