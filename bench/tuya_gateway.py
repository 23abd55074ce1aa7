"""A gateway with 128 sub-devices: the hub's share of a core, joining, the list, memory, and a lossy line.

    python bench/tuya_gateway.py [--json] [--minutes=10] [--seeds=50]

share     the session and the interpreter read 10 reports a second (100 ms apart, as the vendor advises) and send the
          heartbeats of 128 sub-devices; CPU seconds per second of the line
joining   permit until all 128 are registered at both ends, on a line of 115200 baud that sends one byte after the
          other in each direction; the physical minimum is the time of the bytes of that exchange alone, one direction
          after the other where one waits for the other
list      the packets and bytes of the list of 128
memory    bytes of the session that each sub-device adds, by tracemalloc
lossy     ten virtual minutes at 30 % lost frames: seeds of which something was wrong in the end
"""

import sys
import time
import tracemalloc
from importlib import resources
from pathlib import Path

from _common import arguments, report, spin

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from lossy_gateway import LossyGateway
from pair import Pair, ambient
from unclouded.core.profile import load_profile
from unclouded.core.sessions.session import Joined, LinkPath, Out, Reported, WireAction
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import GatewayModule, gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo
from unclouded.families.tuya.gateway.wire.sub_device_messages import list_packets
from unclouded.families.tuya.line.datapoint import BOOL, VALUE, DataPoint
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.messages import Bare, frame_of
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter

SUB_DEVICES = 128
BAUD, BITS = 115_200, 10  # of a byte on the line: start, eight, stop
REPORT_GAP_S = 0.1
ADDING = frozenset({codes.PERMIT, codes.ADD, codes.ADD_MANY, codes.ADD_RESULT})
IDS = [f"00124b00{number:08x}" for number in range(SUB_DEVICES)]
SPECS = tuple(SimulatedSubDevice(id=id, product="uncloudedplugsub") for id in IDS)


class SerialPair(Pair):
    """A Pair on a line of 115200 baud, each direction of which sends one byte after the other."""

    _free: dict[str, float]

    def _send(self, side: str, out: Out) -> None:
        free = self.__dict__.setdefault("_free", {})
        begin = max(self.now, free.get(side, 0.0))
        free[side] = begin + len(out.data) * BITS / BAUD
        other = "device" if side == "controller" else "controller"
        cable = self._cable
        self._at(free[side], lambda: self._deliver(other, out.data, out, cable))


def joined_session() -> tuple[Endpoint[GatewayModule], dict[str, bytes]]:
    """A session that knows all sub-devices, and the memory of that."""
    pair = Pair(gateway_module(GatewaySettings(), ambient()), gateway_mcu(GatewayOptions(sub_devices=SPECS), ambient()))
    pair.run(until=2.0)
    pair.submit(WireAction("permit"))
    pair.run(until=30.0)
    memory = {key: value for key, value in pair.memory["controller"].items() if value}
    return gateway_module(GatewaySettings(), ambient(memory=memory)), memory


def start(session: Endpoint[GatewayModule]) -> None:
    """Through the start of the conversation."""
    pending = list(session.up(LinkPath(), 0.0))
    answers: list[ProductInfo | Bare] = [
        ProductInfo(v="1.0.0", m=0, cap=53, p="uncloudedgateway"),
        Bare(codes.MODE),
        *(Bare(codes.NETWORK) for _ in range(2)),
    ]
    for number, message in enumerate(answers):
        now = 0.1 * number
        pending += session.tick(now)
        session.outgoing(now)
        pending += session.receive(bytes(frame_of(message)), now + 0.05)
        session.outgoing(now + 0.05)


def share_of_a_core(minutes: float) -> float:
    """CPU seconds per second."""
    session, _ = joined_session()
    start(session)
    text = (resources.files("unclouded.profiles") / "tuya_gateway/plug_metering.toml").read_text("utf-8")
    profile = load_profile(text, "bench", lambda name: GatewaySettings)
    readers = {id: Interpreter(id, profile, DeviceEnergy(id, {})) for id in IDS}
    frames = [
        bytes(frame_of(SubDevicePoints(codes.REPORT, id, (DataPoint(1, BOOL, True), DataPoint(19, VALUE, number)))))
        for number, id in enumerate(IDS)
    ]
    seconds, facts = minutes * 60.0, 0
    began = time.process_time()
    now, number = 1.0, 0
    while now < seconds:
        due = session.deadline()
        if due is not None and due <= now:
            session.tick(now)
        for event in session.receive(frames[number % SUB_DEVICES], now):
            if isinstance(event, Reported) and event.part:
                facts += len(readers[event.part].readings(event, now))
        session.outgoing(now)
        now += REPORT_GAP_S
        number += 1
    assert facts
    return (time.process_time() - began) / seconds


def joining() -> tuple[float, float]:
    """Seconds until all have joined, and the physical minimum."""
    module = gateway_module(GatewaySettings(minimum_gap_s=0.0), ambient())
    pair = SerialPair(module, gateway_mcu(GatewayOptions(sub_devices=SPECS), ambient()))
    pair.run(until=5.0)
    sent_before = len(pair.sent)
    pair.submit(WireAction("permit"))
    pair.run(until=30.0)
    exchange = [(at, data) for at, _, data in pair.sent[sent_before:] if data[3] in ADDING]
    ended = exchange[-1][0] + len(exchange[-1][1]) * BITS / BAUD  # the last acknowledgement has arrived
    assert len(pair.of("controller", Joined)) == SUB_DEVICES
    # Every request waits for its answer, so their bytes follow each other, but for the results: the next batch is on
    # its way meanwhile in the other direction.
    results = sum(len(data) for _, data in exchange if data[3] == codes.ADD_RESULT and len(data) > 7)
    whole = sum(len(data) for _, data in exchange)
    last = max(len(data) for _, data in exchange if data[3] == codes.ADD_RESULT)
    return ended - 5.0, (whole - results + last) * BITS / BAUD


def memory_of_each() -> float:
    """Bytes that a sub-device adds to a session."""
    _, memory = joined_session()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    session = gateway_module(GatewaySettings(), ambient(memory=memory))
    start(session)
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert session.stats()["sub_devices"] == SUB_DEVICES
    return kept / SUB_DEVICES


def main() -> None:
    given = arguments("A gateway with 128 sub-devices.", minutes=10, seeds=50)
    before_ms = spin()
    took_s, least_s = joining()
    packets = list_packets(IDS)
    wrong = [seed for seed in range(1, given.seeds + 1) if LossyGateway(seed).run()]
    figures = {
        "share of a core, 10 reports/s, %": 100 * share_of_a_core(given.minutes),
        "permit to 128 registered, s": took_s,
        "physical minimum of the line, s": least_s,
        "ratio": took_s / least_s,
        "packets of the list": len(packets),
        "bytes of the list": sum(len(bytes(frame_of(packet))) for packet in packets),
        "memory of a sub-device, bytes": round(memory_of_each()),
        "lossy line: seeds": given.seeds,
        "lossy line: seeds with something wrong": len(wrong),
    }
    report("tuya_gateway", figures, before_ms, given.json)


if __name__ == "__main__":
    main()
