"""What a device was, has counted and has asked to remember goes on with its identity, and is forgotten with it."""

from unclouded.core.model import Device, Ledger, Memory
from unclouded.hub.identity import KnownDevice
from unclouded.hub.kept_state import KeptState

ENERGY = "energy_import_Wh"
GATEWAY, DOOR, PUMP = (
    KnownDevice(identity=f"tuya_gateway:{one}", id=id, family="tuya_gateway", link="serial:///dev/ttyUSB0")
    for one, id in (("g1", "gateway"), ("g1/door", "gateway_door"), ("p1", "pump"))
)


def kept() -> KeptState:
    ledgers = {PUMP.identity: {ENERGY: Ledger(identity=PUMP.identity, point=ENERGY, total=5_000)}}
    return KeptState(ledgers, {PUMP.identity: {"names": b"p1"}}, [GATEWAY, DOOR, PUMP])


def totals(state: KeptState, identity: str, replaces: str = "") -> dict[str, int]:
    return {point: one.total for point, one in state.energy(identity, replaces).ledgers.items()}


def test_the_sub_devices_of_before_go_with_their_gateway_but_for_those_that_are_there() -> None:
    assert [one.id for one in kept().former_parts(GATEWAY.identity, {GATEWAY.identity})] == ["gateway_door"]
    assert kept().former_parts(GATEWAY.identity, {GATEWAY.identity, DOOR.identity}) == []


def test_a_device_of_now_takes_the_place_of_its_former_self() -> None:
    state = kept()
    moved = Device(id="well", identity=PUMP.identity, family=PUMP.family, link="tcp://h:1", profile="")
    state.note([moved, Device(id="new", identity="", family=PUMP.family, link="tcp://h:2", profile="")])
    assert [one.id for one in state.known] == ["well", "gateway", "gateway_door"]
    assert (state.identity_of("well"), state.identity_of("pump")) == (PUMP.identity, "")


def test_a_device_counts_on_above_the_totals_of_the_one_that_it_replaces() -> None:
    for name in (PUMP.id, PUMP.identity):
        assert totals(kept(), "tuya_wifi:new", name) == {ENERGY: 5_000}
    state = kept()
    assert totals(state, "tuya_wifi:new") == {}
    state.count_again("tuya_wifi:new")  # the configuration names the other one only now
    assert totals(state, "tuya_wifi:new", PUMP.id) == {ENERGY: 5_000}


def test_with_its_history_all_of_a_device_is_forgotten() -> None:
    state = kept()
    state.remember(Memory(GATEWAY.identity, "names", b"g1"))
    assert totals(state, PUMP.identity) == {ENERGY: 5_000} and state.counts(PUMP.identity)
    state.drop({PUMP.identity})
    assert not state.counts(PUMP.identity) and totals(state, PUMP.identity) == {}
    assert (state.memory(PUMP.identity), state.memory(GATEWAY.identity)) == ({}, {"names": b"g1"})
    assert state.identity_of(PUMP.id) == "" and state.identity_of(GATEWAY.id) == GATEWAY.identity
