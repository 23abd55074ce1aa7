"""The simulated chip: its frames, its times, and its faults on demand."""

import pytest
from hypothesis import strategies as st

from families.hlw8032.hlw8032_examples import measures
from pair import ambient
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import (
    Ambient,
    Failure,
    LinkPath,
    Session,
    SessionCommand,
    WireAction,
    WireCommand,
)
from unclouded.families.hlw8032.chip import INTERVAL_S, Hlw8032Chip
from unclouded.families.hlw8032.chip_faults import FAULTS
from unclouded.families.hlw8032.frame import LENGTH, Hlw8032Frame, Hlw8032Framer


def chip_up(*faults: str, seed: int = 1, watts: float = 400) -> Hlw8032Chip:
    chip = Hlw8032Chip(SimOptions(seed=seed, faults=frozenset(faults)), ambient())
    chip.submit(measures(watts=watts), 0.0)
    chip.up(LinkPath(), 0.0)
    chip.tick(0.0)
    return chip


def sent(chip: Hlw8032Chip, until: float) -> list[tuple[float, bytes]]:
    """What it sends, and when."""
    found = []
    while (at := chip.deadline()) is not None and at <= until:
        chip.tick(at)
        found += [(at, out.data) for out in chip.outgoing(at)]
    return found


def test_a_frame_comes_every_105_ms() -> None:
    times = [at for at, _ in sent(chip_up(), 2.0)]
    assert len(times) == 19
    assert times[:3] == pytest.approx([INTERVAL_S, 2 * INTERVAL_S, 3 * INTERVAL_S])


def test_missed_frames_are_not_made_up_for() -> None:
    chip = chip_up()
    chip.tick(100.0)
    assert len(chip.outgoing(100.0)) == 1 and chip.deadline() == pytest.approx(100.0 + INTERVAL_S)


def test_the_frames_follow_from_the_seed() -> None:
    first, again, other = (sent(chip_up("sends-noise", seed=seed), 2.0) for seed in (1, 1, 2))
    assert first == again != other


def test_a_value_of_0_overflows_its_register() -> None:
    chip = chip_up()
    chip.submit(measures(volts=230, amperes=0, watts=0), 0.0)
    frame = chip.frame()
    assert (frame.state, frame.update & 0x70) == (0xF6, 0x40)


def test_a_value_that_is_too_large_for_the_register_is_the_largest() -> None:
    chip = chip_up()
    chip.submit(measures(volts=10**12), 0.0)
    assert chip.frame().registers[0][1] == 1


def test_the_pulses_carry_into_bit_7() -> None:
    chip = chip_up()
    chip.submit(measures(mWh=200_000), 0.0)
    assert 65_536 < chip.pulses < 131_072
    assert chip.frame().pulses == chip.pulses - 65_536 and chip.frame().update & 0x80
    chip.submit(measures(mWh=200_000), 0.0)
    assert chip.pulses > 131_072 and not chip.frame().update & 0x80


@pytest.mark.parametrize(
    ("fault", "state", "update"),
    [
        ("reports-no-load", 0xF2, 0x60),
        ("reports-failed-calibration", 0xAA, 0x70),
        ("reports-abnormal-coefficients", 0xF1, 0x70),
        ("refreshes-nothing", 0x55, 0x00),
        ("reports-no-mains", 0xFA, 0x00),
        ("reports-zero-current", 0x55, 0x70),
    ],
)
def test_the_faults_of_the_chip(fault: str, state: int, update: int) -> None:
    frame = chip_up(fault).frame()
    assert (frame.state, frame.update & 0x70) == (state, update)
    assert (frame.registers[1][1] == 0) is (fault == "reports-zero-current")


def test_the_faults_of_the_line() -> None:
    assert sent(chip_up("sends-nothing"), 5.0) == []
    sums = [Hlw8032Framer().feed(data) for _, data in sent(chip_up("sends-wrong-checksums"), 1.0)]
    assert [len(found) == 1 and isinstance(found[0], Hlw8032Frame) for found in sums[:6]] == [True, True, False] * 2
    lengths = [len(data) for _, data in sent(chip_up("cuts-frames"), 1.0)]
    assert [length < LENGTH for length in lengths[:8]] == [False, False, False, True] * 2
    assert any(len(data) > LENGTH for _, data in sent(chip_up("sends-noise"), 2.0))


def test_every_fault_has_a_text_and_is_switched() -> None:
    for name in FAULTS:
        chip = chip_up()
        chip.submit(WireAction("set_fault", {"name": name}), 0.0)
        chip.submit(WireAction("set_fault", {"name": name, "state": "off"}), 0.0)
        assert chip.frame() == chip_up().frame()
    with pytest.raises(CommandError, match="no fault 'rust'"):
        chip_up("rust")


@pytest.mark.parametrize(
    "command",
    [
        WireAction("dance"),
        WireCommand({"frequency": 50}),
        WireCommand({"power": "much"}),
        WireCommand({"power": True}),
        WireCommand({"power": -1}),
        WireCommand({"power": float("nan")}),
        WireCommand({"power": float("inf")}),
    ],
)
def test_what_a_chip_does_not_measure_is_an_error(command: SessionCommand) -> None:
    with pytest.raises(CommandError):
        chip_up().submit(command, 0.0)


def test_it_asks_and_awaits_nothing() -> None:
    chip = chip_up()
    assert chip.failed(1, Failure.TIMEOUT, 0.0) == chip.answer(1, True, 0.0) == chip.receive(b"", 0.0) == ()


class TestChipLaws(SessionLaws):
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return Hlw8032Chip(SimOptions(seed=1, faults=frozenset({"sends-noise", "cuts-frames"})), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.binary(max_size=40)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([measures(), WireAction("set_fault", {"name": "sends-nothing"}), WireAction("dance")])
