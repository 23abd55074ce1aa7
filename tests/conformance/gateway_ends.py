"""Our ends of a gateway's line in conformance tests."""

import msgspec

from conformance.conforming import FIRMWARE, conform
from pair import Pair, ambient
from unclouded.conformance.check import PersonTask, PersonTaskKind, RunOptions, RunReport
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB, SECOND_SUB, SUBS
from unclouded.core.sessions.session import Session, SessionCommand, WireAction, WireCommand, WireValue
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import CAPABILITIES, GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire.start_messages import OWN_POINTS, SERIAL_PAIRING, WorkingMode

PLUG, MOTION, LOCK = "00124b00a1b2c302", "00124b00a1b2c305", "03a1b2c30404"
METERS = ("00124b00a1b2c311", "00124b00a1b2c312", "00124b00a1b2c313")
SUB_DEVICES = (
    SimulatedSubDevice(id=MOTION, product="uncloudedmotions", low_power=True),
    SimulatedSubDevice(id=LOCK, product="uncloudedlocksub", low_power=True),
    SimulatedSubDevice(id=PLUG, product="uncloudedplugsub", updatable=True),
    *(SimulatedSubDevice(id=id, product="uncloudedmeterss") for id in METERS),
)
OPTIONS = GatewayOptions(
    capabilities=CAPABILITIES | 1 << OWN_POINTS | 1 << SERIAL_PAIRING,
    security=True,
    new_alarms=True,
    sub_devices=SUB_DEVICES,
)
TYPES = {
    **{"1": "bool", "2": "bool", "6": "raw", "18": "value"},
    **{"21": "string", "26": "bitmap", "32": "enum", "38": "enum"},
}
FIRST: dict[str, dict[str, WireValue]] = {
    PLUG: {"1": True, "18": 0, "21": "abc", "26": 1, "38": 1},
    MOTION: {"1": False},
    LOCK: {"18": 1},
    **{id: {"1": False, "6": b"\1\2", "18": 7} for id in METERS},
    "": {"2": False, "32": 0},
}


class Building:
    """Its world: what is measured every five seconds, and a person."""

    def __init__(self) -> None:
        self._calls = 0

    def world(self, pair: Pair) -> None:
        self._calls += 1
        if self._calls == 1:
            for part, values in FIRST.items():
                pair.submit(WireCommand(values, part=part, types=TYPES), "device")
        if self._calls == 30:
            for what in ("gmt", "time", "zone", "network", "memory", "mac", "list", "binding", "member"):
                pair.submit(WireAction("ask", {"what": what}), "device")
        if self._calls % 5 == 1:
            pair.submit(WireCommand({"18": self._calls}, part=PLUG, types=TYPES), "device")

    def assist(self, pair: Pair, task: PersonTask) -> None:
        """Does what a check asks for."""
        if task.kind == "make_record":
            pair.submit(WireAction("record", part=LOCK), "device")


def gateway_person(pair: Pair, task: PersonTask) -> None:
    """Does what a check of the module asks for."""
    update = WireAction("update", {"file": "new.bin"})
    group = {"gid": "conf", "add": ",".join(SUBS)}
    actions: dict[PersonTaskKind, tuple[SessionCommand, ...]] = {
        "switch": (WireCommand({"1": True}, part=FIRST_SUB),),
        "remove": (WireAction("remove", part=SECOND_SUB),),
        "make_group": (WireAction("group", group),),
        "learn_infrared": (WireAction("learn_ir", {"name": "conf"}),),
        "send_infrared": (WireAction("send_ir", {"names": "conf"}),),
        "update": (update,),
        "update_sub_device": (msgspec.structs.replace(update, part=FIRST_SUB),),
    }
    for command in actions.get(task.kind, ()):
        pair.submit(command)
    if task.kind == "make_group":
        pair.run(until=pair.now + 2.0)
        pair.submit(WireAction("group_set", {"gid": "conf", "values": "1=on"}))


def check_gateway_mcu(mcu: Session, *only: str) -> RunReport:
    building = Building()
    return conform(
        "tuya_gateway",
        "controller",
        mcu,
        world=building.world,
        assist=building.assist,
        options=RunOptions(yes=True, assist=True, firmware=FIRMWARE, only=only),
    )


def check_gateway_module(module: Session, *only: str) -> RunReport:
    options = RunOptions(yes=True, assist=True, only=only)
    return conform("tuya_gateway", "device", module, assist=gateway_person, options=options)


def gateway(*faults: str, **options: object) -> Session:
    return gateway_mcu(msgspec.structs.replace(OPTIONS, faults=frozenset(faults), **options), ambient())


def other_gateway(*faults: str, **options: object) -> Session:
    """One of the old form of alarms, whose LED the module drives."""
    mode = WorkingMode("self", "B", 3, "B", 2)
    return gateway(*faults, new_alarms=False, mode=mode, **options)


def gateway_hub(**settings: object) -> Session:
    return gateway_module(GatewaySettings(**settings), ambient())  # type: ignore[arg-type]  # GatewaySettings' own
