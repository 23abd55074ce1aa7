"""A plug is set up, moved and reset over HTTP: what it is sent, in which order, and what is said where it fails."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from families.meross.canned_device import all_of
from families.meross.meross_pair import HTTP, KEY, OTHER, UUID
from families.meross.setup.setup_stories import (
    HOME,
    SERVER,
    SPRING,
    Plug,
    do,
    in_set_up_mode,
    network,
    over_http,
    steps,
)
from pair import START_UNIX
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Failure,
    Identified,
    LinkPath,
    Noticed,
    Out,
    Refusal,
    SessionCommand,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.meross.setup import problems
from unclouded.families.meross.setup.networks import by_name, name_of
from unclouded.families.meross.setup.scripts import SetupSettings
from unclouded.families.meross.setup.session import ANSWER_TIMEOUT_S, PlugSetup
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import ERROR, parse, reply, request
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.lan_encryption import KeyExchange, bound_cipher, session_cipher, wifi_password_in
from unclouded.families.meross.wire.messages import Trace, payload_of
from unclouded.families.meross.wire.redact import redact

# --- a plug from the shop --------------------------------------------------------------------------------


def test_a_plug_gets_its_time_its_server_and_its_wifi_in_this_order() -> None:
    plug = Plug()
    pair, session = over_http(plug)
    for action in ("look", "scan"):
        assert do(pair, action).result == "confirmed"
    assert session.plug is not None and session.plug.info["product"] == "mss310" and not session.plug.server
    assert [name_of(one) for one in session.networks] == ["My home"]
    assert do(pair, "join", **SERVER, **HOME).result == "confirmed"
    asked = [what for _, what in plug.asked]
    assert asked == [
        *("GET System.All", "GET System.Ability", "GET Config.WifiList"),
        *("SET System.Time", "SET Config.Key", "SET Config.Wifi"),
    ]
    key = plug.sent[namespaces.KEY]["key"]
    both = {"host": "192.168.1.2", "port": 8883, "secondHost": "192.168.1.2", "secondPort": 8883, "redirect": 1}
    assert key == {"gateway": both, "key": "the key of this hub", "userId": "0"}
    wifi = plug.sent[namespaces.WIFI]["wifi"]
    assert {name: wifi[name] for name in ("channel", "encryption", "cipher")} == {
        "channel": 3,
        "encryption": 6,
        "cipher": 3,
    }
    assert wifi["bssid"] == "2c:6e:a4:55:c6:50" and b64decode(wifi["ssid"]) == b"My home"
    assert b64decode(wifi["password"]) == b"a good password"
    time = plug.set_time[0]
    assert (time["timestamp"], time["timezone"]) == (int(START_UNIX), "Europe/Madrid")
    assert time["timeRule"] == [[0, 3600, 0], [int(SPRING), 7200, 1]]


def test_a_plug_that_lists_wifix_gets_the_password_encrypted_and_never_in_clear_text() -> None:
    plug = Plug(in_set_up_mode(wifix=True))
    pair, session = over_http(plug)
    do(pair, "look"), do(pair, "scan"), do(pair, "join", **SERVER, **HOME)
    assert namespaces.WIFI not in plug.sent and session.plug is not None
    secret = plug.sent[namespaces.WIFIX]["wifi"]["password"]
    hardware = session.plug.hardware
    assert (
        wifi_password_in(secret, hardware.type, hardware.uuid, hardware.mac_address).rstrip(b"\0") == b"a good password"
    )


def test_the_second_server_may_be_another_one() -> None:
    plug = Plug()
    pair, _ = over_http(plug)
    do(pair, "rehost", **SERVER, second_host="hub.local", second_port="2001", user_id="7")
    key = plug.sent[namespaces.KEY]["key"]
    assert (key["gateway"]["secondHost"], key["gateway"]["secondPort"], key["userId"]) == ("hub.local", 2001, "7")


def test_no_text_of_a_set_up_holds_the_password_or_the_key() -> None:
    plug = Plug()
    pair, session = over_http(plug)
    do(pair, "look"), do(pair, "scan"), do(pair, "join", **SERVER, **HOME)
    shown = [*map(repr, (event for at in pair.events for event in [at.event])), *steps(pair)]
    shown += [repr(session.networks), repr(session.plug)]
    shown += [redact("controller", data).decode() for data in pair.sent_by("controller")]
    for secret in ("a good password", "YSBnb29kIHBhc3N3b3Jk", "the key of this hub"):
        assert not [text for text in shown if secret in text]


def test_a_set_up_goes_on_without_a_time_and_says_so() -> None:
    plug = Plug()
    pair, _ = over_http(plug, answers=lambda side, question: Refusal("The hub does not know the time yet."))
    assert do(pair, "join", **SERVER, **HOME).result == "confirmed"
    assert [one.reason for one in pair.of("controller", Noticed)] == [problems.CLOCK_UNKNOWN]
    assert not plug.set_time and namespaces.WIFI in plug.sent


@pytest.mark.parametrize("otherwise", ["error", "closes"])
def test_a_plug_that_does_not_take_the_time_is_set_up_all_the_same(otherwise: str) -> None:
    plug = Plug(in_set_up_mode(), sets="refuses", otherwise=otherwise)
    pair, _ = over_http(plug)
    assert do(pair, "join", **SERVER, **HOME).result == "confirmed"
    assert [one.reason for one in pair.of("controller", Noticed)] == [problems.CLOCK_REFUSED]


def test_a_plug_that_restarts_before_it_acknowledges_its_wifi_counts_as_set() -> None:
    answers = in_set_up_mode()
    del answers[namespaces.WIFI]
    plug = Plug(answers)
    pair, _ = over_http(plug)
    assert do(pair, "join", **SERVER, **HOME).result == "confirmed"
    assert namespaces.WIFI in plug.sent


def test_a_plug_that_refuses_its_wifi_says_so() -> None:
    class Refuses(Plug):
        def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
            return None if namespace == namespaces.WIFI else super()._answer(method, namespace, payload, now)

    pair, _ = over_http(Refuses(otherwise="error"))
    settled = do(pair, "join", **SERVER, **HOME)
    assert settled.result == "refused" and "error 5000 where set-up sets its Wi-Fi" in settled.reason


# --- the scan -----------------------------------------------------------------------------------------------


def test_a_scan_that_misses_the_network_is_repeated() -> None:
    plug = Plug(in_set_up_mode([network("Other")], [], [network("My home", 40), network("My home", 70)]))
    pair, session = over_http(plug)
    assert do(pair, "scan", ssid="My home").result == "confirmed"
    assert [what for _, what in plug.asked] == ["GET Config.WifiList"] * 3
    assert {name_of(one) for one in session.networks} == {"Other", "My home"}
    do(pair, "join", **SERVER, **HOME)
    assert plug.sent[namespaces.WIFI]["wifi"]["bssid"].endswith(":46"), "the stronger of the two, 70 percent"


def test_a_network_that_no_scan_shows_is_named_with_those_that_it_does_show() -> None:
    pair, _ = over_http(Plug(in_set_up_mode([network("Other"), network("Loud", 99)])))
    settled = do(pair, "scan", ssid="My home")
    assert settled.result == "refused" and "It sees: Loud, Other." in settled.reason and "2.4 GHz" in settled.reason


def test_a_scan_without_any_network_says_so_after_five_tries() -> None:
    plug = Plug(in_set_up_mode([]))
    pair, _ = over_http(plug)
    assert do(pair, "scan").reason == problems.NO_NETWORK
    assert len(plug.asked) == 5


def test_names_of_networks_are_shown_as_they_are_and_sent_back_as_they_came() -> None:
    strange = [
        network("padded\0\0", 50),
        network("\0\0", 90),
        network("\x1b[31m", 30),
        {"ssid": "no base64!", "signal": 20},
    ]
    plug = Plug(in_set_up_mode(*strange))
    pair, session = over_http(plug)
    do(pair, "scan")
    assert [name_of(one) for one in by_name(session.networks)] == ["padded", "\x1b[31m", "no base64!"]
    do(pair, "join", **SERVER, ssid="padded", password="a good password")
    assert plug.sent[namespaces.WIFI]["wifi"]["ssid"] == strange[0]["ssid"]


# --- what is refused before anything is sent ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({**HOME, "ssid": "x" * 33}, "at most 32 bytes; this one has 33"),
        ({**HOME, "ssid": "ü" * 17}, "at most 32 bytes; this one has 34"),
        ({**HOME, "ssid": ""}, "Name the Wi-Fi"),
        ({**HOME, "password": "12345"}, "8 to 63 characters; this one has 5"),
        ({**HOME, "password": "x" * 64}, "8 to 63 characters; this one has 64"),
        ({**HOME, "host": ""}, "Name the server"),
        ({**HOME, "host": "http://hub"}, "Name the server"),
        ({**HOME, "port": "70000"}, "from 1 to 65535"),
        ({**HOME, "key": "k" * 33}, "at most 32 characters"),
        ({**HOME, "user_id": "me"}, "is a number"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(args: Mapping[str, str], text: str) -> None:
    plug = Plug()
    pair, _ = over_http(plug)
    do(pair, "scan")
    with pytest.raises(CommandError, match=text) as error:
        pair.submit(WireAction("join", {**SERVER, **args}), "controller")
    assert args["password"] not in str(error.value) or len(args["password"]) < 6
    assert [what for _, what in plug.asked] == ["GET Config.WifiList"]


@pytest.mark.parametrize(
    ("encryption", "password", "fits"),
    [
        (0, "", True),
        (0, "a good password", False),
        (1, "12345", True),
        (2, "123456", False),
        (6, "a" * 8, True),
        (6, "a" * 7, False),
        (6, "0123456789abcdef" * 4, True),
        (8, "a" * 63, True),
    ],
)
def test_the_password_fits_the_encryption_of_the_network(encryption: int, password: str, fits: bool) -> None:
    plug = Plug(in_set_up_mode(network("My home", encryption=encryption)))
    pair, _ = over_http(plug)
    do(pair, "scan")
    if not fits:
        with pytest.raises(CommandError):
            do(pair, "join", **SERVER, ssid="My home", password=password)
        return
    assert do(pair, "join", **SERVER, ssid="My home", password=password).result == "confirmed"
    assert plug.sent[namespaces.WIFI]["wifi"]["encryption"] == encryption


# --- other peers ----------------------------------------------------------------------------------------------


def test_another_plug_at_the_address_is_named() -> None:
    pair, _ = over_http(Plug(), uuid=OTHER)
    settled = do(pair, "look")
    assert settled.result == "refused" and UUID in settled.reason and OTHER in settled.reason


def test_another_plug_that_answers_in_the_middle_ends_the_set_up() -> None:
    plug = Plug()
    pair, _ = over_http(plug)
    do(pair, "look")
    plug._uuid = OTHER
    settled = do(pair, "join", **SERVER, **HOME)
    assert settled.result == "refused" and "Another plug answers" in settled.reason
    assert namespaces.KEY not in plug.sent


class Replies(Plug):
    """It answers every request with the same bytes, or with an error."""

    def __init__(self, code: int = 0, data: bytes = b"") -> None:
        super().__init__()
        self._code, self._data = code, data

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        payload = payload_of(error={"code": self._code, "detail": "sign error"})
        error = reply(parse(data).header, payload, key="", timestamp=1, from_=publish_topic(UUID), method=ERROR)
        self._outs.append(Out(self._data or bytes(error), path=path, re=re))
        return ()


@pytest.mark.parametrize(("key", "words"), [("", "is not in set-up mode"), (KEY, "with another key")])
def test_a_plug_that_is_bound_says_what_to_do(key: str, words: str) -> None:
    pair, _ = over_http(Replies(5001), key=key)
    reason = do(pair, "look").reason
    assert "is bound to a server" in reason and words in reason
    assert "5 seconds" in reason and "--plug-key-file" in reason and ("--rehost" in reason) == (not key)


def test_a_name_that_is_unknown_is_named_as_such() -> None:
    assert "The host name in plug.example is unknown" in problems.failure(Failure.GONE, "plug.example")


def test_any_other_error_of_the_plug_is_shown() -> None:
    pair, _ = over_http(Replies(5000))
    assert do(pair, "look").reason == "The plug answered error 5000 (sign error) where set-up asks what it is."


@pytest.mark.parametrize("action", ["look", "scan", "trace", "rehost", "unbind"])
def test_a_peer_that_closes_every_connection_settles_every_action(action: str) -> None:
    class Closes(Plug):
        def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
            return None

    pair, _ = over_http(Closes(), place="10.10.10.1")
    settled = do(pair, action, **SERVER)
    assert settled.result == "unreachable" and "10.10.10.1" in settled.reason


def test_a_web_server_at_the_address_is_no_plug() -> None:
    pair, _ = over_http(Replies(data=b"<html>404</html>"))
    assert "is not a Meross plug" in do(pair, "look").reason


def test_an_answer_to_another_request_is_none() -> None:
    class Mixed(Plug):
        def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
            events = super().receive(data, now, path, re)
            out = self._outs.pop()
            self._outs.append(
                msgspec.structs.replace(out, data=out.data.replace(b'"messageId":"', b'"messageId":"f', 1))
            )
            return events

    pair, _ = over_http(Mixed())
    assert do(pair, "look").result == "unreachable"


def test_a_device_without_the_namespaces_of_set_up_is_named() -> None:
    answers = in_set_up_mode()
    del answers[namespaces.ABILITY]["ability"][namespaces.KEY]
    pair, _ = over_http(Plug(answers))
    assert "Bluetooth" in do(pair, "join", **SERVER, **HOME).reason


def test_without_a_path_and_when_it_is_lost_every_action_settles() -> None:
    plug = Plug()
    pair, _ = over_http(plug)
    first = pair.submit(WireAction("look"), "controller")
    second = pair.submit(WireAction("scan"), "controller")
    pair.cut("the Wi-Fi is gone")
    third = pair.submit(WireAction("look"), "controller")
    pair.run(until=pair.now + 1)
    assert {one.ticket: one.result for one in pair.of("controller", Settled)} == dict.fromkeys(
        (first, second, third), "unreachable"
    )


# --- encryption ---------------------------------------------------------------------------------------------------


class Encrypting(Plug):
    """A plug that answers only its abilities and the key exchange in clear text."""

    def __init__(self, key: str = "", **more: Any) -> None:
        answers = in_set_up_mode(wifix=True, **more)
        for name in namespaces.ENCRYPTION:
            answers[namespaces.ABILITY]["ability"][name] = {}
        super().__init__(answers, key=key)
        self.cipher = bound_cipher(UUID, key) if key else None
        self.clear: list[str] = []

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        is_clear = data.startswith(b"{")
        if is_clear:
            return self._clear(data, now, path, re)
        assert self.cipher is not None
        events = super().receive(self.cipher.decrypt(data), now, path, re)
        out = self._outs.pop()
        self._outs.append(Out(self.cipher.encrypt(out.data), path=path, re=re))
        return events

    def _clear(self, data: bytes, now: float, path: str, re: int) -> Sequence[Event]:
        envelope = parse(data)
        self.clear.append(envelope.header.namespace)
        if envelope.header.namespace == namespaces.ABILITY:
            return super().receive(data, now, path, re)
        answer = b""
        if envelope.header.namespace == namespaces.ECDHE:
            keys = KeyExchange(bytes(range(40)))
            theirs = msgspec.json.decode(envelope.payload)["ecdhe"]["pubkey"]
            self.cipher = session_cipher(keys.shared_secret(theirs))
            payload = payload_of(ecdhe={"step": 2, "pubkey": keys.pubkey})
            answer = bytes(reply(envelope.header, payload, key="", timestamp=1, from_=publish_topic(UUID)))
        self._outs.append(Out(answer, path=path, re=re))
        return ()


def test_a_plug_in_set_up_mode_that_closes_clear_text_is_encrypted_by_a_session_key() -> None:
    plug = Encrypting()
    pair, session = over_http(plug)
    do(pair, "look"), do(pair, "scan")
    assert do(pair, "join", **SERVER, **HOME).result == "confirmed" and session.is_encrypted
    assert set(plug.clear) == {namespaces.ALL, namespaces.ABILITY, namespaces.ECDHE}
    assert namespaces.WIFIX in plug.sent


def test_a_session_is_encrypted_where_it_is_asked_for() -> None:
    plug = Encrypting()
    plain = Plug()
    pair, session = over_http(plug, exchanges_key=True)
    assert do(pair, "look").result == "confirmed" and session.is_encrypted and session.plug is not None
    pair, session = over_http(plain, exchanges_key=True)
    assert do(pair, "look").result == "unreachable", "this one has no key exchange"


def test_after_a_new_connection_a_new_key_is_agreed_on() -> None:
    plug = Encrypting()
    pair, _ = over_http(plug)
    do(pair, "look")
    pair.mend()
    plug.cipher = None
    assert do(pair, "look").result == "confirmed"
    assert plug.clear.count(namespaces.ECDHE) == 2


def test_a_bound_plug_that_encrypts_is_moved_with_the_key_that_it_has() -> None:
    plug = Encrypting(key=KEY)
    pair, _ = over_http(plug, key=KEY)
    assert do(pair, "rehost", **SERVER).result == "confirmed"
    assert namespaces.ECDHE not in plug.clear and plug.sent[namespaces.KEY]["key"]["key"] == "the key of this hub"


# --- a plug that is bound ------------------------------------------------------------------------------------------


def test_a_plug_is_moved_to_another_server_without_touching_its_wifi() -> None:
    answers = in_set_up_mode()
    answers[namespaces.ALL] = all_of("mss310", {"digest": {"togglex": [{"channel": 0, "onoff": 0}]}})
    plug = Plug(answers, key=KEY)
    pair, session = over_http(plug, key=KEY)
    assert do(pair, "rehost", **SERVER).result == "confirmed"
    assert [what for _, what in plug.asked if what.startswith("SET")] == ["SET System.Time", "SET Config.Key"]
    assert session.plug is not None and session.plug.server == "192.168.1.2:8883"


def test_a_plug_that_was_reset_no_longer_answers() -> None:
    class Resets(Plug):
        gone = False

        def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
            self.gone = self.gone or namespace == namespaces.UNBIND
            return None if self.gone else super()._answer(method, namespace, payload, now)

    pair, _ = over_http(Resets())
    assert do(pair, "unbind").result == "confirmed"


def test_a_plug_that_ignores_the_reset_is_reported() -> None:
    answers = in_set_up_mode()
    answers[namespaces.ALL] = all_of("mss310", {"digest": {"togglex": [{"channel": 0, "onoff": 0}]}})
    pair, _ = over_http(Plug(answers))
    settled = do(pair, "unbind")
    assert settled.result == "timeout" and "5 seconds" in settled.reason


def test_the_record_of_the_last_attempt_is_read() -> None:
    trace = {"ssid": "My home", "bssid": "DE:AD", "rssi": "100", "code": 5, "info": "wrong password"}
    answers: dict[str, Any] = {namespaces.TRACE: {"trace": trace}}
    pair, session = over_http(Plug(in_set_up_mode(**answers)))
    assert do(pair, "trace").result == "confirmed" and session.trace is not None
    assert problems.explain_trace(session.trace).startswith(problems.WRONG_PASSWORD)


@pytest.mark.parametrize(
    ("code", "info", "says"),
    [
        (0, "no error", ""),
        (0, "", ""),
        (15, "4-way handshake timeout", problems.WRONG_PASSWORD),
        (2, "SSID not found", problems.NOT_FOUND),
        (3, "DHCP timeout", problems.NO_ADDRESS),
        (4, "TLS handshake failed", problems.NO_CERTIFICATE),
        (5, "connect to server failed", problems.NO_SERVER),
        (6, "ntp timeout", problems.NO_CLOCK),
        (77, "", "its own record is code 77"),
        (78, "queer", 'its own record says "queer"'),
    ],
)
def test_what_a_plug_recorded_is_explained(code: int, info: str, says: str) -> None:
    text = problems.explain_trace(Trace(code=code, info=info))
    assert text.startswith(says) if says else text == ""


def test_what_is_found_is_identified_without_secrets() -> None:
    pair, _ = over_http(Plug())
    do(pair, "look")
    (found,) = pair.of("controller", Identified)
    assert found.info["uuid"] == UUID and found.info["version"] == "2.1.17"


# --- the laws of sessions ----------------------------------------------------------------------------------------


def _replies() -> list[bytes]:
    found = []
    trace: dict[str, Any] = {namespaces.TRACE: {"trace": {}}}
    for name, payload in in_set_up_mode(**trace).items():
        body = payload[0] if isinstance(payload, list) else payload
        for method in ("GETACK", "SETACK", "ERROR"):
            found.append(
                request(
                    method,
                    name,
                    payload_of(**body),
                    message_id=f"{1:032x}",
                    key="",
                    timestamp=1,
                    from_=f"/appliance/{UUID}/publish",
                )
            )
    return found


class TestLaws(SessionLaws):
    path: LinkPath = HTTP

    def make(self, ambient: Ambient) -> PlugSetup:
        fixed = Ambient(wall=ambient.wall, token=bytes, memory=ambient.memory)
        return PlugSetup(SetupSettings(), fixed)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(_replies()) | st.binary(max_size=60)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        actions = [
            *(WireAction(name) for name in ("look", "scan", "trace", "unbind", "nonsense")),
            WireAction("join", {**SERVER, **HOME}),
            WireAction("rehost", SERVER),
        ]
        return st.sampled_from(actions) | st.just(WireCommand({"onoff": True}))


def test_where_the_link_does_not_wait_an_answer_that_is_missing_times_out() -> None:
    session = PlugSetup(SetupSettings(), Ambient(wall=float, token=bytes))
    session.up(LinkPath(name="http"), 0.0)
    ticket = session.submit(WireAction("look"), 0.0)
    session.tick(0.0)
    (settled,) = session.tick(ANSWER_TIMEOUT_S)
    assert settled == Settled(ticket, "timeout", problems.failure(Failure.TIMEOUT, "10.10.10.1"))
