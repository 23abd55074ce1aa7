"""The module in 25 scripted conversations that others made of the vendor's text (vectors/conversations.json)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway_script import Player
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Joined,
    Left,
    Noticed,
    Offline,
    Online,
    Reported,
    Session,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.security.sensors import AlarmSensor
from unclouded.families.tuya.gateway.settings import GatewaySettings

VECTORS = Path(__file__).with_name("vectors") / "conversations.json"
ADDED = re.compile(r"(\w+) was added to group (\w+)\.")
SCRIPTS: Sequence[Mapping[str, Any]] = json.loads(VECTORS.read_text("utf-8"))


def script_param(script: Mapping[str, Any]) -> Any:  # Any: pytest's ParameterSet
    return pytest.param(script, id=f"{script['id']} {script['name']}")


class Words:
    """What events are called in the scripts."""

    def __init__(self) -> None:
        self.commands: dict[int, WireCommand | WireAction] = {}

    def __call__(self, event: Event) -> Sequence[str]:
        match event:
            case Online(part=""):
                return ["gateway ready"]
            case Online(part=part):
                return [f"online {part}"]
            case Offline(part=part):
                return [f"offline {part}"]
            case Joined(part=part):
                return [f"sub-device {part} joined"]
            case Left(part=part):
                return [f"sub-device {part} left"]
            case Reported(values={"joining": is_open}):
                return ["window open" if is_open else "window closed"]
            case Reported(values=values, part=part, at=None):
                return [f"reading {part or '0000'} dp {key} {_text(value)}" for key, value in values.items()]
            case Reported(values=values, part=part, at=float(at)):
                when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                return [f"record {part} dp {key} {_text(value)} at {when}" for key, value in values.items()]
            case Noticed(kind="infrared", reason=reason):
                return [reason.rstrip(".").replace(":", "").replace("Learnt", "learnt").partition(",")[0]]
            case Noticed(kind="security", reason=reason):
                return [_security(reason)]
            case Reported(values={"security": _}):
                return []
            case Noticed(kind="group", reason=reason) if found := ADDED.fullmatch(reason):
                return [f"group {found[2]} member {found[1]} added"]
            case Settled(ticket=ticket, result=result, reason=reason) if ticket in self.commands:
                return self._settled(self.commands[ticket], result, reason)
        return []

    def _settled(self, command: WireCommand | WireAction, result: str, reason: str) -> Sequence[str]:
        state = "confirmed" if result == "confirmed" else "failed"
        match command:
            case WireCommand(values=values, part=part):
                return [f"command {state} {part} dp {key}" for key in values]
            case WireAction(name="group_set", args={"values": values}):
                return [f"command {state} 1234 dp {values.partition('=')[0]}"]  # the one member of the scripts
            case WireAction(name="update", part=part, args={"version": version}) if result == "confirmed":
                return [f"update done {f'{part} ' if part else ''}{version}"]
            case WireAction(name="learn_ir") if result != "confirmed":
                return ["learning failed"]
            case WireAction(name="send_ir", args={"names": names}) if result == "confirmed":
                return [f"code sent {names}"]
            case WireAction(name="group", args={"gid": gid}) if result == "refused":
                one, _, why = reason.rstrip(".").partition(": ")
                return [f"group {gid} member {one} refused: {why}"]
        return []


def _security(reason: str) -> str:
    """ "Alarm (e001)." -> "alarm e001"; the user is not named."""
    text = reason.rstrip(".").replace(" (user)", "").replace("(", "").replace(")", "")
    return text[0].lower() + text[1:]


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def do(action: str, args: Mapping[str, Any]) -> Sequence[WireAction | WireCommand]:
    """What a person asks for, in the terms of the session."""
    match action:
        case "permit":
            return [WireAction("permit", {"seconds": str(args["seconds"])})]
        case "stop":
            return [WireAction("stop")]
        case "set":
            return [WireCommand(_values(args["dps"]), args["sub_id"], _types(args["dps"]))]
        case "remove":
            return [WireAction("remove", part=args["sub_id"])]
        case "factory":
            return [WireAction("forget", part=args["sub_id"])]
        case "group_add":
            return [WireAction("group", {"gid": args["gid"], "add": ",".join(args["members"])})]
        case "group_set":
            values = ",".join(
                f"{key}={'on' if value is True else value}" for key, value in _values(args["dps"]).items()
            )
            return [WireAction("group_set", {"gid": args["gid"], "values": values})]
        case "learn_ir":
            return [WireAction("learn_ir", {"name": args["name"]})]
        case "send_ir":
            return [WireAction("send_ir", {"names": args["name"]})]
        case "update_mcu":
            return [WireAction("update", {"file": "firmware", "version": "1.0.1"})]
        case "update_sub":
            return [WireAction("update", {"file": "firmware", "version": "1.0.1"}, args["sub_id"])]
        case "arm":
            return [WireAction("arm", {"mode": args["mode"], "delay": str(args["delay"])})]
        case "disarm" | "cancel_alarm":
            return [WireAction(action)]
        case "remove_gateway":
            return [WireAction("unpair")]
    raise AssertionError(f"the action {action} is not known")


def _values(points: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {str(point["dpid"]): point["value"] for point in points}


def _types(points: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    return {str(point["dpid"]): point["type"] for point in points}


@pytest.mark.parametrize("script", [script_param(one) for one in SCRIPTS])
def test_the_module_keeps_the_script(script: Mapping[str, Any]) -> None:
    setup = script["setup"]
    devices = [
        SubDevice(id=one["sub_id"], product=one["pid"], version="1.0.0", updatable=bool(one.get("ota")))
        for one in setup["devices"]
    ]
    memory = {f"sub-device:{one.id}": msgspec.json.encode(one) for one in devices}
    for name, code in setup.get("ir", {}).items():
        memory[f"infrared:{name}"] = msgspec.json.encode(InfraredCode(tuple(code["code"]), code["freq"]))
    settings = GatewaySettings(
        heartbeat_s=setup["heartbeat_cycle"], mac=setup.get("mac", ""), security=_security_settings(setup)
    )
    unix = datetime.fromisoformat(setup["clock"]).timestamp() if setup["clock"] else None
    words = Words()

    def make(ambient: Ambient) -> Session:
        session = gateway_module(settings, ambient)
        submit = session.submit

        def noted(command: Any, now: float) -> int:
            ticket = submit(command, now)
            words.commands[ticket] = command
            return ticket

        session.submit = noted  # type: ignore[method-assign]  # the script names the command that settles
        return session

    player = Player(script, make, words, do, memory, unix, _offset(setup["zone"]))
    assert player.play() == []


def _security_settings(setup: Mapping[str, Any]) -> SecuritySettings:
    sensors = {
        one["pid"]: AlarmSensor(
            one["alarm_dp"],
            environmental=one["kind"].endswith(", environmental"),
            alarms_in=tuple(one.get("alarms_in", ())),
        )
        for one in setup["devices"]
        if "alarm_dp" in one
    }
    delays = setup.get("settings", {})
    return SecuritySettings(
        arming_delay_s=delays.get("arming_delay", 0), alarm_delay_s=delays.get("alarm_delay", 0), sensors=sensors
    )


def _offset(zone: str) -> int:
    hours, minutes = zone[1:].split(":")
    return (-1 if zone[0] == "-" else 1) * (int(hours) * 3600 + int(minutes) * 60)
