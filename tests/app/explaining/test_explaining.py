"""Recordings explained: a frame with its profile and its secrets, what changes, what nothing names."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest

from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.app.explaining.frame_diff import FieldSummary, FrameDiff
from unclouded.app.explaining.unknown_groups import MOST_SAMPLES, GroupState, UnknownGroup, UnknownGroups
from unclouded.core.family import MASKED
from unclouded.core.frame_part import FramePart, leaves
from unclouded.core.views.decoded import ExplainedFrame
from unclouded.families.tuya.line.datapoint import BOOL, ENUM, VALUE, DataPoint, write_points
from unclouded.families.tuya.line.framing import Frame

Row = tuple[float, str, Frame]  # seconds, sender, frame


def report(*points: tuple[int, int, int | bool]) -> Frame:
    return Frame(3, 0x07, write_points(DataPoint(*point) for point in points))


def capture(rows: Iterable[Row]) -> bytes:
    lines = [{"capture": 1, "family": "tuya_wifi", "started": "2026-11-20T18:00:00.000Z"}]
    lines += [{"t": t, "from": sender, "hex": bytes(frame).hex()} for t, sender, frame in rows]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def read(
    view: FrameDiff | UnknownGroups | None, data: bytes, profile: str | None = None, dialect: str = "normal"
) -> Sequence[ExplainedFrame]:
    decoding = decoding_of("tuya_wifi", one_file(io.BytesIO(data), "auto"), dialect)
    reader, explainer = decoding.reader(profile), FrameExplainer(decoding.family, decoding.dialect)
    found = []
    for timed in decoding.pieces():
        decoded = reader.read_timed(timed)
        assert decoded is not None
        if view is None:
            found.append(explainer.explain(decoded, timed.piece))
        else:
            view.add(decoded, timed.piece)
    return found


def differences(rows: Iterable[Row], profile: str | None = None) -> dict[str, FieldSummary]:
    diff = FrameDiff(FrameExplainer(decoding_of("tuya_wifi", one_file(io.BytesIO(b"\0"), "raw"), "normal").family))
    read(diff, capture(rows), profile)
    return {f"{one.sender} {one.field}": one for one in diff.summaries()}


def unknown(data: bytes, profile: str | None = None) -> dict[str, UnknownGroup]:
    family = decoding_of("tuya_wifi", one_file(io.BytesIO(b"\0"), "raw"), "normal").family
    groups = UnknownGroups(FrameExplainer(family))
    read(groups, data, profile)
    return {f"{one.sender} {one.wire or one.frame}": one for one in groups.groups()}


# --- a frame ------------------------------------------------------------------------------------------


def values_of(frame: ExplainedFrame) -> list[FramePart]:
    return [part for part in leaves(frame.parts) if part.kind == "value"]


def test_a_value_has_the_reading_of_its_profile_and_its_command_a_section() -> None:
    (frame,) = read(None, capture([(0.0, "device", report((19, VALUE, 673)))]), "tuya/plug_metering")
    (value,) = values_of(frame)
    assert (value.value, value.points[0].key, value.points[0].reading, value.points[0].unit) == (
        673,
        "power_W",
        67.3,
        "W",
    )
    assert frame.section == "docs/protocols/tuya_wifi.md §2.4.9"
    assert frame.odd == ()


def test_a_data_point_that_stands_twice_in_a_frame_has_each_its_own_reading() -> None:
    (frame,) = read(None, capture([(0.0, "device", report((19, VALUE, 10), (19, VALUE, 20)))]), "tuya/plug_metering")
    assert [value.points[0].reading for value in values_of(frame)] == [1.0, 2.0]


def test_what_is_odd_is_listed_once() -> None:
    frame = Frame(3, 0x07, bytes((19, VALUE, 0, 1, 5)))
    (explained,) = read(None, capture([(0.0, "device", frame)]), "tuya/plug_metering")
    assert [odd for odd in explained.odd if "1 byte" in odd] == ["data point 19: a value of 1 byte"]


@pytest.mark.parametrize("kept", [0, -1, -4])
def test_a_password_is_in_no_part_of_a_frame_or_of_what_is_left_of_it(kept: int) -> None:
    secret = b'{"s":"attic","p":"hunter2secret","t":"token0001"}'
    data = bytes(Frame(3, 0x2A, secret))
    line = {"t": 0.0, "from": "device", "hex": (data[:kept] if kept else data).hex()}
    header = {"capture": 1, "family": "tuya_wifi", "started": "2026-11-20T18:00:00.000Z"}
    (frame,) = read(None, msgspec.json.encode(header) + b"\n" + msgspec.json.encode(line) + b"\n")
    text = msgspec.json.encode(frame).decode()
    assert not any(word in text for word in ("hunter2", "attic", "token0001", b"hunter2".hex()))
    assert "*" not in "".join(part.text for part in leaves(frame.parts)) and MASKED in text
    assert not kept or "should be" not in text  # a checksum would show it


# --- what changes -------------------------------------------------------------------------------------


def heater() -> list[Row]:
    """Its set point is raised three times by its keys, and then set by the app; the room warms up."""
    rows: list[Row] = []
    target = 20
    for minute in range(16):
        target += minute in (4, 6, 9)
        point = report((1, BOOL, True), (2, VALUE, target), (3, VALUE, 185 + minute % 3), (101, VALUE, 10 + 2 * minute))
        rows.append((minute * 4.0, "device", point))
    rows.append((70.0, "controller", Frame(0, 0x06, write_points([DataPoint(2, VALUE, 19)]))))
    rows.append((70.1, "device", report((2, VALUE, 19))))
    return rows


def test_the_set_point_of_a_heater_is_found_by_what_changes() -> None:
    found = differences(heater())
    behaviours = {name: one.behaviour for name, one in found.items() if one.sender == "device"}
    assert behaviours == {
        "device version": "constant",
        "device data point 1": "constant",
        "device data point 2": "rests",
        "device data point 3": "drift",
        "device data point 101": "counter",
    }
    target = found["device data point 2"]
    assert [(one.t, one.before, one.after) for one in target.changed] == [
        (16.0, 20, 21),
        (24.0, 21, 22),
        (36.0, 22, 23),
        (70.1, 23, 19),
    ]
    assert (target.lowest, target.highest, target.changes, target.frames, target.followed) == (19, 23, 4, 17, 1)
    assert (target.hex, target.varying, target.apart_s) == ("00000013", [3], (8.0, 34.1))


def test_a_switch_toggles_and_a_mode_that_changed_once_does_not() -> None:
    rows = [(float(t), "device", report((1, BOOL, t % 4 < 2), (4, ENUM, t > 5))) for t in range(10)]
    found = differences(rows)
    assert found["device data point 1"].behaviour == "toggle"
    assert (found["device data point 4"].changes, found["device data point 4"].step) == (1, None)


def test_readings_have_the_units_of_the_profile() -> None:
    rows = [(float(t), "device", report((19, VALUE, 100 * t))) for t in range(4)]
    power = differences(rows, "tuya/plug_metering")["device data point 19"]
    assert (power.key, power.lowest_reading, power.highest_reading) == ("power_W", "0.0 W", "30.0 W")


def test_a_value_that_varies_without_end_is_kept_in_bounded_memory() -> None:
    rows = [(float(t), "device", report((19, VALUE, 7919 * t % 100_000))) for t in range(500)]
    power = differences(rows)["device data point 19"]
    assert (len(power.values), power.more_values, len(power.changed)) == (12, 488, 6)
    assert sum(count for _, count in power.values) + power.more_values == power.frames == 500


def test_the_samples_for_guesses_are_bounded_and_from_the_whole_recording() -> None:
    state = GroupState()
    for t in range(1_000):
        state.add(b"", t, "", float(t), float(t))
    assert len(state.samples) <= MOST_SAMPLES
    assert state.samples[0][0] < 100 and state.samples[-1][0] > 900


# --- what nothing names -------------------------------------------------------------------------------


def test_unknown_data_points_and_commands_are_grouped() -> None:
    rows = [*heater(), (80.0, "device", Frame(3, 0x77, b"\1")), (81.0, "device", Frame(3, 0x77, b"\1\2"))]
    found = unknown(capture(rows))
    assert found["device command 77"].sizes == (8, 9)
    assert found["device 2"].values == ((20, 4), (21, 2), (22, 3), (23, 7), (19, 1))
    assert (found["device 101"].lowest, found["device 101"].highest, found["device 101"].frames) == (10, 40, 16)
    assert found["device 1"].guess.startswith("on: ")


def test_what_a_profile_names_is_not_unknown() -> None:
    rows = [(0.0, "device", report((19, VALUE, 673), (99, VALUE, 1)))]
    assert list(unknown(capture(rows), "tuya/plug_metering")) == ["device 99"]


def test_an_unknown_meter_is_guessed_by_physics() -> None:
    rows = [
        (
            float(t),
            "device",
            report((31, VALUE, 2300 + t % 3), (32, VALUE, 2000 + 500 * t), (33, VALUE, 4590 + 1150 * t)),
        )
        for t in range(6)
    ]
    guesses = {wire: one.guess.partition(":")[0] for wire, one in unknown(capture(rows)).items()}
    assert guesses == {
        "device 31": "voltage_V, counts of 0.1 V",
        "device 32": "current_A, counts of 0.001 A",
        "device 33": "power_W, counts of 0.1 W",
    }


def test_a_value_out_of_the_range_of_its_profile_is_odd(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        'name = "mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\n'
        '[[point]]\ndp = 2\ntype = "value"\nkey = "temp_set_C"\nminimum = 5\nmaximum = 35\naccess = "rw"\n'
    )
    low, high = read(
        None, capture([(0.0, "device", report((2, VALUE, 4))), (1.0, "device", report((2, VALUE, 35)))]), str(own)
    )
    assert low.odd == ("data point 2: temp_set_C is 5 to 35 by the profile, not 4",)
    assert high.odd == ()
