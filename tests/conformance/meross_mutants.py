"""Our ends of a Meross plug's wires with rules broken, and what the checks must find. For test_meross_mutants.py.

Rules that are judged apart from each other are broken together, so that a run finds them all. ``only``: the checks that
are played; none of the others among them may find anything.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from conformance.meross_ends import HEAD
from families.meross.meross_pair import KEY, UUID
from unclouded.families.meross.wire.envelope import sign
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear

Json = dict[str, Any]
Edit = Callable[[Json], Json | None]
Rewrite = Callable[[bytes], bytes]
A = "Appliance."


class BrokenPlug(msgspec.Struct, frozen=True, kw_only=True):
    """``out``, ``into``, ``more``: of HttpPlug. ``found``: the checks that find something, without their first word."""

    only: tuple[str, ...]
    found: frozenset[str]
    out: Callable[[], Rewrite] = lambda: lambda body: body
    into: Callable[[], Rewrite] = lambda: lambda body: body
    more: Mapping[str, Any] = {}
    dialect: str = "hw2"


def body_edit(edit: Edit) -> Rewrite:
    """A body as JSON, edited; what is not a JSON object stays. None = closed."""

    def rewrite(body: bytes) -> bytes:
        try:
            found = msgspec.json.decode(body)
        except (msgspec.MsgspecError, ValueError):
            return body
        if not isinstance(found, dict) or not isinstance(found.get("header"), dict):
            return body
        edited = edit(found)
        return b"" if edited is None else msgspec.json.encode(edited)

    return rewrite


def each(**edits: Callable[[Json], Any]) -> Callable[[], Rewrite]:
    """Edits of payloads, by namespace with _ for the dot: a function that changes it, or returns another one."""

    def edit(found: Json) -> Json | None:
        name = str(found["header"].get("namespace", "")).removeprefix(A).replace(".", "_")
        if name in edits and str(found["header"].get("method", "")).endswith("ACK"):
            changed = edits[name](found["payload"])
            found["payload"] = found["payload"] if changed is None else changed
        return found

    return lambda: body_edit(edit)


def headers(**edits: Callable[[Json], Any]) -> Callable[[], Rewrite]:
    """The same of headers; they are not signed again."""

    def edit(found: Json) -> Json | None:
        name = str(found["header"].get("namespace", "")).removeprefix(A).replace(".", "_")
        for one in (name, "every"):
            if one in edits:
                edits[one](found["header"])
        return found

    return lambda: body_edit(edit)


def resigned(found: Json) -> Json:
    header = found["header"]
    header["sign"] = sign(str(header["messageId"]), KEY, header["timestamp"])
    return found


def put(name: str, value: Any) -> Callable[[Json], None]:
    """Set a field, named by a path of dots, where it is there."""

    def change(fields: Any) -> None:  # Any: JSON
        *path, last = name.split(".")
        with suppress(KeyError, IndexError, TypeError):
            for one in path:
                fields = fields[int(one) if one.isdecimal() else one]
            fields[last] = value(fields[last]) if callable(value) else value

    return change


def without(name: str) -> Callable[[Json], None]:
    def change(fields: Any) -> None:  # Any: JSON
        *path, last = name.split(".")
        for one in path:
            fields = fields[one]
        del fields[last]

    return change


def several(*changes: Callable[[Json], Any]) -> Callable[[Json], None]:
    def change(fields: Json) -> None:
        for one in changes:
            one(fields)

    return change


# --- requests ---------------------------------------------------------------------------------------------


def dropping(test: Callable[[Json], object]) -> Callable[[], Rewrite]:
    """Requests that are so are closed."""
    return lambda: body_edit(lambda found: None if test(found) else found)


def unresponsive_after(test: Callable[[bytes], object]) -> Callable[[], Rewrite]:
    """After the first body that is so, every one is closed."""

    def make() -> Rewrite:
        is_unresponsive = [False]

        def into(body: bytes) -> bytes:
            is_unresponsive[0] = is_unresponsive[0] or bool(test(body))
            return b"" if is_unresponsive[0] else body

        return into

    return make


def once_each() -> Rewrite:
    """A message that comes again is closed."""
    seen: set[bytes] = set()

    def into(body: bytes) -> bytes:
        if body in seen:
            return b""
        seen.add(body)
        return body

    return into


def _no_capitals() -> Rewrite:
    """A signature in capitals is closed, and what comes again."""
    once = once_each()

    def into(body: bytes) -> bytes:
        found = re.search(rb'"sign":"(\w+)"', body)
        return b"" if found is not None and found[1] != found[1].lower() else once(body)

    return into


class Swallowed:
    """SETs of a namespace are acknowledged, and change nothing: the plug gets a GET in their place."""

    def __init__(self, *namespaces: str, methods: tuple[str, ...] = ("SET",)) -> None:
        self._names = {A + name for name in namespaces}
        self._methods = methods
        self._taken: dict[str, str] = {}

    def into(self) -> Rewrite:
        def edit(found: Json) -> Json:
            header = found["header"]
            if header.get("namespace") in self._names and header.get("method") in self._methods:
                self._taken[header["messageId"]] = header["method"]
                header["method"], found["payload"] = "GET", {}
            return found

        return body_edit(edit)

    def out(self) -> Rewrite:
        def edit(found: Json) -> Json:
            method = self._taken.pop(found["header"]["messageId"], None)
            if method is not None:
                found["header"]["method"], found["payload"] = f"{method}ACK", {}
            return found

        return body_edit(edit)


def swallowed(
    only: tuple[str, ...], found: set[str], *namespaces: str, dialect: str = "hw2", **more: Any
) -> BrokenPlug:
    one = Swallowed(*namespaces, **more)
    return BrokenPlug(only=only, found=frozenset(found), into=one.into, out=one.out, dialect=dialect)


def broken(only: str, found: str, **more: Any) -> BrokenPlug:
    """``only``, ``found``: lists of words."""
    return BrokenPlug(only=tuple(f"plug.{one}" for one in only.split()), found=frozenset(found.split()), **more)


def _repaired(body: bytes) -> bytes:
    """Whatever comes, it is taken for a request of the time."""
    try:
        found = msgspec.json.decode(body)
        header = found["header"]
        assert isinstance(header, dict) and header["namespace"] in KNOWN and header["method"] in ("GET", "SET")
        return body
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError, AssertionError, RecursionError):
        header = {"messageId": "1", "namespace": f"{A}System.Time", "method": "GET", "from": "", "timestamp": 1}
        return msgspec.json.encode(resigned({"header": header, "payload": {}}))


KNOWN = {f"{A}System.{name}" for name in ("Time", "Ability", "All")}


def _version_after_upgrade() -> tuple[Callable[[], Rewrite], Callable[[], Rewrite]]:
    seen = [False]

    def into(found: Json) -> Json:
        seen[0] = seen[0] or found["header"].get("namespace") == f"{A}Control.Upgrade"
        return found

    def out(found: Json) -> Json:
        if seen[0] and "firmware" in found["payload"]:
            found["payload"]["firmware"]["version"] = "9.9.9"
        return found

    return lambda: body_edit(into), lambda: body_edit(out)


_UPGRADE_INTO, _UPGRADE_OUT = _version_after_upgrade()


def _add_day(**day: Any) -> Callable[[Json], None]:
    return lambda fields: fields["consumptionx"].append(
        {"date": "2026-09-01", "time": 1_788_250_000, "value": 5, **day}
    )


def _twice(fields: Json) -> None:
    fields["consumptionx"] *= 2


def _is_get_with(name: str) -> Callable[[Json], bool]:
    return lambda found: found["header"].get("method") == "GET" and name in found["payload"]


def _lm_time_runs() -> Rewrite:
    count = [0]

    def edit(found: Json) -> Json:
        if "togglex" in found["payload"] and found["header"]["method"] == "GETACK":
            count[0] += 1
            found["payload"]["togglex"]["lmTime"] += count[0]
        return found

    return body_edit(edit)


BROKEN_PLUGS: Mapping[str, BrokenPlug] = {
    # --- envelopes ---
    "answers one namespace never": broken(
        "answers.* trace.form",
        "answers.listed",
        out=lambda: body_edit(lambda found: None if found["header"]["namespace"].endswith("Trace") else found),
    ),
    "has odd headers": broken(
        "answers.*",
        "answers.method answers.namespace answers.signed answers.from answers.one-plug "
        "answers.version answers.timestamp answers.milliseconds answers.trigger",
        out=headers(
            Config_Trace=put("method", "ACK"),
            System_Runtime=put("namespace", f"{A}System.Other"),
            System_DNDMode=put("sign", "0" * 32),
            System_Position=put("from", "/appliance/other/publish"),
            System_Debug=put("payloadVersion", 2),
            Control_Electricity=put("timestamp", str),
            Control_ToggleX=without("timestampMs"),
            System_Online=put("triggerSrc", "Device"),
        ),
    ),
    "signs in capitals": broken("answers.*", "answers.sign-case", out=headers(every=put("sign", str.upper))),
    "sends a list as a payload": broken("answers.*", "answers.payload", out=each(Config_Trace=lambda fields: [1])),
    "has a UUID without a MAC": broken("answers.*", "answers.uuid", more={"uuid": "19010100000000000000zzzzzzzzzzzz"}),
    "has a clock that stands": broken(
        "clock.*",
        "clock.runs clock.right",
        out=lambda: body_edit(
            lambda found: resigned({**found, "header": {**found["header"], "timestamp": 1_700_000_000}})
        ),
    ),
    # --- readings ---
    "has odd System readings": broken(
        "ability.* hardware.* firmware.* time.* runtime.* debug.* position.* led.*",
        "ability.form hardware.form firmware.form time.form runtime.signal debug.form "
        "position.range led.form debug.server firmware.agrees time.agrees",
        out=each(
            System_Ability=put("ability", lambda listed: {**listed, "Nonsense": 1}),
            System_Hardware=without("hardware.chipType"),
            System_Firmware=several(put("firmware.version", "2.1"), without("firmware.innerIp")),
            System_Time=put("time.timeRule", {}),
            System_Runtime=put("runtime.signal", 140),
            System_Debug=without("debug.cloud"),
            System_Position=put("position.latitude", 99_000_000),
            System_DNDMode=put("DNDMode.mode", 2),
        ),
    ),
    "has System readings that disagree": broken(
        "ability.* hardware.* firmware.* time.* online.* toggle.* debug.*",
        "ability.usual time.rules time.agrees online.form online.agrees "
        "toggle.form toggle.agrees debug.server debug.uptime",
        out=each(
            System_Ability=lambda fields: fields["ability"].__delitem__(f"{A}System.Firmware"),
            System_Time=several(put("time.timezone", "Mars"), put("time.timeRule", [[9, 0, 1], [1, 99_999, 0]])),
            System_Online=put("online.status", 9),
            Control_ToggleX=put("togglex.onoff", "on"),
            System_Debug=several(put("debug.cloud.activeServer", "cloud"), put("debug.system.sysUpTime", "1h0m0s")),
        ),
    ),
    "has an odd System.All": broken(
        "all.* hardware.* firmware.* online.* toggle.*",
        "all.form all.relay hardware.agrees firmware.agrees online.agrees toggle.agrees",
        out=each(
            System_All=several(
                without("all.system.online"),
                put("all.digest.togglex.0.onoff", 2),
                put("all.system.hardware.chipType", "other"),
                put("all.system.firmware.port", 1),
            )
        ),
    ),
    "has another MAC": broken(
        "hardware.*",
        "hardware.identity hardware.agrees",
        out=each(System_Hardware=put("hardware.macAddress", "02:00:00:00:00:99")),
    ),
    "has odd Control readings": broken(
        "electricity.* calibration.* days.* hours.* trace.* info.* over-temperature.* standby.* timers.* triggers.*",
        "electricity.form calibration.form days.form days.midnight hours.form trace.form "
        "info.form over-temperature.form standby.form timers.digest triggers.digest",
        dialect="hw8",
        more={"is_clear": True},
        out=each(
            Control_Electricity=put("electricity.power", 1.5),
            Control_ConsumptionConfig=put("config.voltageRatio", 0),
            Control_ConsumptionX=put("consumptionx.0.value", "x"),
            Control_ConsumptionH=put("consumptionH.0.data", [{"timestamp": 1}]),
            Config_Trace=put("trace.code", "bad"),
            Config_Info=put("info", []),
            Config_OverTemp=put("overTemp.enable", 0),
            Config_StandbyKiller=put("config.0.enable", 0),
            Digest_TimerX=put("digest", [{"id": "a"}]),
            Digest_TriggerX=put("digest", [{"id": 7, "count": 1}]),
        ),
    ),
    "measures in volts, and in tenths of a milliwatt": broken(
        "electricity.*",
        "electricity.voltage electricity.power",
        out=each(Control_Electricity=several(put("electricity.voltage", 230), put("electricity.power", 673_790))),
    ),
    "has a date twice": broken(
        "days.form days.once days.time days.past", "days.once", out=each(Control_ConsumptionX=_twice)
    ),
    "has days of odd times": broken(
        "days.form days.once days.time days.past days.order",
        "days.time days.past days.order",
        out=each(Control_ConsumptionX=several(_add_day(), _add_day(date="2026-12-24", time=0))),
    ),
    # --- signatures ---
    "checks no signature": broken(
        "sign.*",
        "sign.wrong sign.other-key sign.empty sign.missing sign.other-time sign.error sign.no-effect",
        into=lambda: body_edit(resigned),
    ),
    "has another error": broken(
        "sign.*",
        "sign.error sign.error-form",
        out=lambda: body_edit(
            lambda found: (
                {**found, "payload": {"error": {"code": 1}}, "header": {**found["header"], "sign": "0"}}
                if found["header"]["method"] == "ERROR"
                else found
            )
        ),
    ),
    "takes no capitals, and nothing twice": broken(
        "sign.*",
        "sign.capitals sign.repeated",
        into=_no_capitals,
    ),
    # --- requests ---
    "takes only what it expects": broken(
        "request.*",
        "request.few-fields request.more-fields request.order request.line-end "
        "request.unknown-fields request.text-time request.no-from",
        into=lambda: lambda body: body if _is_strict(body) else b"",
    ),
    "takes queries without keys only": broken(
        "form.*",
        "form.all form.days form.electricity form.relay",
        into=dropping(lambda found: found["header"].get("method") == "GET" and found["payload"]),
    ),
    "answers a Multiple in another order": broken(
        "multiple.*",
        "multiple.answers multiple.ids multiple.error multiple.limit",
        out=each(
            Control_Multiple=put("multiple", lambda found: found[::-1]),
            System_Ability=lambda fields: fields["ability"].update({f"{A}Control.Multiple": {}}),
        ),
    ),
    "is unresponsive after a long Multiple": broken(
        "multiple.*", "multiple.many", into=unresponsive_after(lambda body: len(body) > 3_000)
    ),
    "answers whatever comes": broken(
        "bad.*",
        " ".join(
            f"bad.{one}"
            for one in [
                "namespace",
                "namespace-case",
                "method",
                "no-method",
                "no-namespace",
                "acknowledgement",
                "delete",
                "no-header",
                "list",
                "text",
                "cut",
                "nested",
            ]
        ),
        into=lambda: _repaired,
    ),
    "is unresponsive after a payload that is text": broken(
        "bad.payload", "bad.payload", into=unresponsive_after(lambda body: b'"payload":"x"' in body)
    ),
    "is unresponsive after bytes that are not UTF-8": broken(
        "bad.utf8", "bad.utf8", into=unresponsive_after(lambda body: b"\xff\xfe" in body)
    ),
    "is unresponsive after a long id": broken(
        "bad.long-id", "bad.long-id", into=unresponsive_after(lambda body: b"5" * 600 in body)
    ),
    "is unresponsive after a long number": broken(
        "bad.long-number", "bad.long-number", into=unresponsive_after(lambda body: b"9" * 40 in body)
    ),
    # --- switching ---
    "acknowledges with a payload": broken(
        "set.acknowledged",
        "set.acknowledged",
        out=lambda: body_edit(
            lambda found: {**found, "payload": {"ok": 1}} if found["header"]["method"] == "SETACK" else found
        ),
    ),
    "counts lmTime on": broken("set.time set.same", "set.same", out=_lm_time_runs),
    "has lmTime of long ago": broken("set.time", "set.time", out=each(Control_ToggleX=put("togglex.lmTime", 7))),
    "takes channel 0 only, and any state": broken(
        "set.channel-* set.state-*",
        "set.channel-65535 set.channel-4294967295 set.state-2 set.state-text",
        into=lambda: body_edit(_any_state),
    ),
    "shows the old state in System.All": broken(
        "set.all", "set.all", out=each(System_All=put("all.digest.togglex.0.onoff", 0))
    ),
    "measures power when it is off": broken(
        "set.off", "set.off", out=each(Control_Electricity=put("electricity.power", 5_000))
    ),
    "answers SET in a Multiple wrong": broken(
        "set.multiple", "set.multiple", out=each(Control_Multiple=put("multiple.0.header.method", "ERROR"))
    ),
    # --- settings ---
    "keeps no setting": swallowed(
        (
            "plug.set.led",
            "plug.set.position",
            "plug.set.zone",
            "plug.set.clock",
            "plug.set.over-temperature",
            "plug.power.settings",
        ),
        {"set.led", "set.position", "set.zone", "set.clock", "set.over-temperature", "power.settings"},
        "System.DNDMode",
        "System.Position",
        "System.Time",
        "Config.OverTemp",
        dialect="hw6.3",
    ),
    "keeps no standby killer": broken(
        "set.standby",
        "set.standby",
        dialect="hw8",
        more={"is_clear": True},
        out=each(Config_StandbyKiller=lambda fields: fields.get("config") and fields["config"][0].update(power=0)),
    ),
    "takes invalid settings": broken(
        "set.led-7 set.position-text", "set.led-7 set.position-text", into=lambda: body_edit(_valid_settings)
    ),
    # --- rules ---
    "keeps no rule": swallowed(
        ("plug.timer.*", "plug.auto-off.*"),
        {
            f"{kind}.{name}"
            for kind in ("timer", "auto-off")
            for name in ("kept", "listed", "counted", "replaced", "deleted", "switches")
        }
        - {"timer.deleted", "auto-off.deleted"},
        "Control.TimerX",
        "Control.TriggerX",
    ),
    "deletes no rule": swallowed(
        ("plug.timer.deleted", "plug.auto-off.deleted", "plug.timer.unknown"),
        {"timer.deleted", "auto-off.deleted"},
        "Control.TimerX",
        "Control.TriggerX",
        methods=("DELETE",),
    ),
    "has one rule for every id": broken(
        "timer.unknown auto-off.unknown timer.invalid auto-off.invalid",
        "timer.unknown auto-off.unknown",
        out=each(Control_TimerX=put("timerx", {"id": "x"}), Control_TriggerX=put("triggerx", {"id": "x"})),
    ),
    "takes rules without an id": broken(
        "timer.invalid auto-off.invalid", "timer.invalid auto-off.invalid", into=lambda: body_edit(_with_id)
    ),
    "keeps no list of timers": swallowed(("plug.timer.list",), {"timer.list"}, "Control.Timer", dialect="hw1"),
    "works off rules that are switched off": broken(
        "auto-off.disabled auto-off.switches", "auto-off.disabled", into=lambda: body_edit(_enabled)
    ),
    "updates without a file": broken("update.*", "update.no-file", into=_UPGRADE_INTO, out=_UPGRADE_OUT),
    "scans odd networks": broken(
        "networks.*", "networks.form", out=each(Config_WifiList=put("wifiList.0.signal", 200))
    ),
}

TYPE = b"Content-Type: application/json\r\n"
CIPHER = bound_cipher(UUID, KEY)


def _head(old: bytes, new: bytes) -> Mapping[str, Any]:
    return {"head": HEAD.replace(old, new)}


def _refusing(*words: bytes) -> Mapping[str, Any]:
    """It closes on requests with one of these in their heads."""
    return {"raw": lambda data: None if any(word in data.partition(b"\r\n\r\n")[0] for word in words) else data}


def _unresponsive_after(test: Callable[[bytes], object]) -> Mapping[str, Any]:
    is_unresponsive = [False]

    def raw(data: bytes) -> bytes | None:
        is_unresponsive[0] = is_unresponsive[0] or bool(data and test(data))
        return None if is_unresponsive[0] else data

    return {"raw": raw}


def _no_type(data: bytes) -> bytes | None:
    head = data.partition(b"\r\n\r\n")[0]
    return None if data.startswith(b"POST") and TYPE.strip() not in head else data


def _whole_only(data: bytes) -> bytes | None:
    """It closes where a request does not come in one piece, and alone."""
    head, mark, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    return data if not data or (mark and found is not None and len(body) == int(found[1])) else None


def _decrypted(body: bytes) -> bytes:
    return body if is_clear(body) else CIPHER.decrypt(body)


def _takes_clear(body: bytes) -> bytes:
    return CIPHER.encrypt(body) if is_clear(body) and b"System.All" in body else body


def _takes_any(body: bytes) -> bytes:
    """What it cannot decrypt it takes for a query of the time."""
    if is_clear(body) or is_clear(CIPHER.decrypt(body)):
        return body
    return CIPHER.encrypt(_repaired(b""))


def _ability_once() -> Rewrite:
    count = [0]

    def into(body: bytes) -> bytes:
        count[0] += is_clear(body) and b"System.Ability" in body
        return b"" if is_clear(body) and count[0] > ABILITIES else body

    return into


ABILITIES = 2  # queries of the ability list before the check: of the search, and of everything


def _other_suite(body: bytes) -> bytes:
    clear = body_edit(
        lambda found: {**found, "payload": {"suite": {"ka": "x", "se": "y"}}} if "suite" in found["payload"] else found
    )(_decrypted(body))
    return clear if is_clear(body) else CIPHER.encrypt(clear)


def _shortened(body: bytes) -> bytes:
    return body_edit(lambda found: {**found, "payload": {}} if len(body) > 5_000 else found)(body)


def http(found: str, only: str = "http.* encrypt.*", **more: Any) -> BrokenPlug:
    return broken(only, found, **more)


BROKEN_HTTP: Mapping[str, BrokenPlug] = {
    "has status 201 and another content type": http(
        "http.status http.content-type", more=_head(b"200 OK\r\n" + TYPE, b"201 Created\r\n")
    ),
    "names a longer body": http("http.whole", more=_head(b": %d", b": %d0")),
    "replies twice": http("http.one-reply", more={"copies": 2}),
    "wants a content type": http(
        "http.no-content-type http.other-content-type http.lower-case", more={"raw": _no_type}
    ),
    "refuses keep-alive": http("http.keep-alive", more=_refusing(b"keep-alive")),
    "wants requests in one piece": http("http.parts http.pipelined", more={"raw": _whole_only}),
    "takes 500 bytes": http("http.620-bytes", more={"limit": 500}),
    "takes any request line": http("http.other-path http.get", more={"any_path": True}),
    "takes 20 kB": http("http.too-long", more={"limit": 10**6}, into=lambda: _shortened),
    "is unresponsive after half a request": http(
        "http.half",
        "http.half",
        more=_unresponsive_after(lambda data: (b"POST" in data and b"\r\n\r\n" not in data) or len(data) < 200),
    ),
    "is unresponsive after a wrong length": http(
        "http.short-length", "http.short-length", more=_unresponsive_after(lambda data: b"Content-Length: 20\r" in data)
    ),
    "is unresponsive after a request without length": http(
        "http.no-length",
        "http.no-length",
        more=_unresponsive_after(lambda data: b"POST" in data and b"Content-Length" not in data),
    ),
    "is unresponsive after bytes that are not HTTP": http(
        "http.no-http", "http.no-http", more=_unresponsive_after(lambda data: data.startswith(b"\x16"))
    ),
    "takes clear text, and what it cannot decrypt": http(
        "encrypt.clear encrypt.other-key encrypt.random",
        "encrypt.*",
        dialect="hw8",
        into=lambda: (
            lambda body: _takes_any(_takes_clear(body)) if body and (is_clear(body) or len(body) > 0) else body
        ),
    ),
    "answers in clear text": http("encrypt.answers", "encrypt.*", dialect="hw8", out=lambda: _decrypted),
    "answers its ability list a few times": http(
        "encrypt.ability", "encrypt.ability", dialect="hw8", into=_ability_once
    ),
    "has another suite": http("encrypt.suite", "encrypt.*", dialect="hw8", out=lambda: _other_suite),
}


def _is_strict(body: bytes) -> bool:
    found = msgspec.json.decode(body) if body.endswith(b"}") else {"header": {}, "payload": {}}
    header = found["header"]
    usual = ("messageId", "namespace", "method", "payloadVersion", "from", "timestamp", "timestampMs", "sign")
    if header.get("namespace") != f"{A}System.Time" or (
        "triggerSrc" in header and header["triggerSrc"] == "AndroidLocal"
    ):
        return body.endswith(b"}")
    return tuple(header) == usual and type(header["timestamp"]) is int and found["payload"] == {}


def _any_state(found: Json) -> Json | None:
    payload = found["payload"]
    if isinstance(payload.get("togglex"), dict) and found["header"].get("method") == "SET":
        if payload["togglex"]["channel"]:
            payload["togglex"]["channel"] = 5
        if payload["togglex"]["onoff"] not in (0, 1):
            payload["togglex"]["onoff"] = 1
    return found


def _valid_settings(found: Json) -> Json:
    payload = found["payload"]
    if payload.get("DNDMode") == {"mode": 7}:
        payload["DNDMode"]["mode"] = 1
    if isinstance(payload.get("position"), dict) and payload["position"].get("longitude") == "east":
        payload["position"] = {"longitude": 1, "latitude": 1}
    return found


def _with_id(found: Json) -> Json:
    for name in ("timerx", "triggerx"):
        if found["header"].get("method") == "SET" and isinstance(found["payload"].get(name), dict):
            found["payload"][name].setdefault("id", "made0000000000up")
    return found


def _enabled(found: Json) -> Json:
    if isinstance(found["payload"].get("triggerx"), dict) and "enable" in found["payload"]["triggerx"]:
        found["payload"]["triggerx"]["enable"] = 1
    return found
