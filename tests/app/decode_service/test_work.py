"""An input becomes the answer for the page: frames with their parts, window by window, bounded, without secrets."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.decode_service import work
from unclouded.app.decode_service.work import COUNTING_S, MOST_NOISE, MOST_PARTS, answer
from unclouded.app.protocols import actions_of, profile_library, settings_of
from unclouded.core.errors import UncloudedError
from unclouded.core.frame_part import leaves
from unclouded.core.views.decoded import DecodeChoices, DecodeFiles, DecodeOptions, DecodeView
from unclouded.families.tuya.line.datapoint import BOOL, VALUE, DataPoint, write_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.profiles import ProfileLibrary

CAPTURES = Path(__file__).parent.parent.parent / "captures"
LIBRARY = profile_library()
BOOT = (CAPTURES / "tuya" / "plug_boot.jsonl").read_bytes()
POWER = bytes(Frame(3, 7, write_points([DataPoint(19, VALUE, 673)])))
ON = bytes(Frame(3, 7, write_points([DataPoint(1, BOOL, True)])))


def view(data: bytes, clock: Sequence[float] = (), **options: object) -> DecodeView:
    """``clock``: what it shows, the last value for ever."""
    times = iter(clock)
    last = [0.0]

    def now() -> float:
        last[0] = next(times, last[0])
        return last[0]

    found = answer(DecodeOptions(**options), data, LIBRARY, now)  # type: ignore[arg-type]
    return msgspec.json.decode(found, type=DecodeView)


def files(data: bytes, **options: object) -> DecodeFiles:
    found = answer(DecodeOptions(**options), data, LIBRARY, lambda: 0.0)  # type: ignore[arg-type]
    return msgspec.json.decode(found, type=DecodeFiles)


def test_a_recording_is_found_counted_and_explained() -> None:
    found = view(BOOT)
    assert (found.format.name, found.family, found.dialect) == ("capture", "tuya_wifi", "normal")
    assert found.profile == "tuya/plug_metering"  # lists the product that the line names
    assert (found.counts.frames, found.counts.noise_bytes, found.counts.is_complete) == (24, 0, True)
    assert found.counts.senders == ["controller", "device"] and found.counts.remarks == {"restart": 1}
    assert [frame.index for frame in found.frames] == list(range(24))
    [remark] = found.remarks
    assert found.frames[remark.index].odd == [remark.text] == ["the MCU has started"]
    report = next(frame for frame in found.frames if "power_W" in frame.text)
    [value] = [part for part in leaves(report.parts) if part.points]
    assert (value.points[0].key, value.points[0].reading, value.points[0].unit) == ("power_W", 67.3, "W")
    assert report.section == "docs/protocols/tuya_wifi.md §2.4.9"


def test_what_is_found_can_be_overruled() -> None:
    text = POWER.hex(" ").encode()
    assert view(text).frames[0].text == "19 = 673"
    named = view(text, profile="tuya/plug_metering", sender="device", family="tuya_wifi", input="hex")
    assert named.frames[0].text.startswith("power_W 67.3 W") and named.profile == "tuya/plug_metering"
    assert view(text, family="emporia").counts.frames == 0
    assert view(text, dialect="low_power").dialect == "low_power"


def test_the_hubs_own_profiles_name_values_too(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "heater.toml").write_text(
        'name = "mine/heater"\nfamily = "tuya_wifi"\ntitle = "Heater"\n[[point]]\ndp = 19\nkey = "heat_W"\n'
        'type = "value"\nscale = 0.1\n'
    )
    own = ProfileLibrary(settings_of, tmp_path, actions_of)
    options = DecodeOptions(profile="mine/heater", sender="device")
    assert b"heat_W 67.3 W" in answer(options, POWER, own, lambda: 0.0)
    with pytest.raises(UncloudedError, match="mine/heater"):
        answer(options, POWER, LIBRARY, lambda: 0.0)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_windows_are_the_whole_in_pieces(sizes: list[int]) -> None:
    whole, start = view(BOOT), 0
    for size in sizes:
        part = view(BOOT, start=start, limit=size)
        assert part.frames == whole.frames[start : start + size]
        assert (part.counts, part.remarks) == (whole.counts, whole.remarks)
        start += size


def test_a_password_is_in_no_answer() -> None:
    secret = bytes(Frame(3, 0x2A, b'{"s":"attic","p":"hunter2secret","t":"token0001"}'))
    for data in (secret, secret.hex(" ").encode(), secret[:-1] + ON):
        shown = answer(DecodeOptions(), data, LIBRARY, lambda: 0.0)
        kept = answer(DecodeOptions(work="case", name="pairing"), data + ON, LIBRARY, lambda: 0.0)
        for text in (shown, kept, answer(DecodeOptions(work="capture"), data, LIBRARY, lambda: 0.0)):
            for word in (b"hunter2secret", b"token0001"):
                assert word not in text and word.hex().encode() not in text
    frame = view(secret, sender="device").frames[0]
    assert frame.masked and "··" in frame.hex


def test_lines_that_are_not_understood_are_counted_and_not_repeated() -> None:
    text = b"".join(
        b"wifi.psk=hunter2secret\n[12:00:00.000][MCU -> module] %s\n" % ON.hex(" ").encode() for _ in range(60)
    )
    found = view(text)
    assert found.counts.frames == 60
    assert len(found.format.unread) + found.format.more_unread == 60 and found.format.unread[0] == 1
    assert "hunter2secret" not in msgspec.json.encode(found).decode()


def test_a_capture_decodes_to_the_same_frames() -> None:
    text = "\n".join(frame.hex(" ") for frame in (ON, POWER)).encode()
    capture = files(text, work="capture").capture.encode()
    assert [frame.hex for frame in view(capture).frames] == [ON.hex(), POWER.hex()]
    draft = files(text, work="case", name="my_plug", profile="tuya/plug_metering")
    assert draft.capture.encode() == capture
    assert 'id = "my_plug"' in draft.entry and "power_W = { unit" in draft.entry


@pytest.mark.parametrize(
    ("data", "options", "problem"),
    [
        (BOOT, {"profile": "/etc/passwd.toml"}, "The page names values by the profiles of this hub, not by a file."),
        (BOOT, {"profile": "tuya/none"}, "tuya/none"),
        (BOOT, {"profile": "../../secret"}, "../../secret"),
        (BOOT, {"family": "zigbee"}, "There is no family 'zigbee'"),
        (BOOT, {"family": "emporia", "dialect": "gateway"}, "emporia has no dialect gateway"),
        (BOOT, {"input": "telex"}, "There is no format 'telex'"),
        (BOOT, {"work": "case", "name": "../x"}, "is not a name for a case"),
        (b"", {"work": "capture"}, "The input holds no bytes of a line"),
        (b'{"capture": 1}\n{"t": 0, "from": "me", "hex": "00"}\n', {}, "Line 2 of the capture is broken"),
    ],
)
def test_problems_say_what_is_wrong(data: bytes, options: dict[str, str], problem: str) -> None:
    with pytest.raises(UncloudedError) as error:
        answer(DecodeOptions(**options), data, LIBRARY, lambda: 0.0)  # type: ignore[arg-type]
    assert problem in str(error.value)


def test_an_input_that_holds_nothing_says_what_to_do() -> None:
    assert "The input is empty." in view(b"").format.hint
    found = view(b"Dear all, the kettle is broken.")
    assert (found.family, found.counts.pieces, found.frames) == ("", 0, [])
    assert "looks like text without bytes in it" in found.format.hint
    assert "--" not in found.format.hint
    assert work.NAMED_BY_OPTION.sub("", "it may be hex as well (--input hex_text)") == "it may be hex as well"


def test_values_without_frames_are_shown() -> None:
    found = view(b'{"dps": {"1": true, "19": 673}}')
    assert [one.text for one in found.contents] == ['{"1":true,"19":673}']
    assert (found.counts.pieces, found.more_contents) == (0, 0)


def test_long_pieces_are_shown_in_part() -> None:
    noise = view(b"\x00" * 5_000, input="raw", sender="device").frames[0]
    assert noise.kind == "noise" and noise.length > MOST_NOISE and len(noise.hex) == 2 * MOST_NOISE
    assert [(part.start, part.end) for part in noise.parts] == [(0, MOST_NOISE)] and noise.more_parts == 0
    payload = {"header": {"namespace": "Appliance.System.All", "method": "GETACK"}, "payload": {"x": [1] * 3_000}}
    [frame] = view(msgspec.json.encode(payload)).frames
    assert sum(1 for _ in leaves(frame.parts)) == MOST_PARTS and frame.more_parts > 2_000
    assert len(frame.hex) == 2 * frame.length


def test_an_answer_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_SIZE", 10 * (2 * len(POWER) + 9 * work.PART_SIZE))
    found = view(POWER * 40, sender="device")
    assert (len(found.frames), found.counts.frames) == (10, 40)
    following = view(POWER * 40, sender="device", start=10)
    assert following.frames[0].index == 10


def test_counting_ends_when_it_takes_too_long() -> None:
    late = COUNTING_S + 1
    found = view(POWER * 100, clock=(0.0, late), sender="device", limit=30)
    assert (len(found.frames), found.counts.frames, found.counts.is_complete) == (30, 30, False)
    assert view(POWER * 100, clock=(0.0, late), sender="device", limit=100).counts.frames == 100


def test_the_choices_name_formats_families_dialects_and_profiles() -> None:
    found = msgspec.json.decode(answer(DecodeOptions(work="choices"), b"", LIBRARY, lambda: 0.0), type=DecodeChoices)
    assert {"raw", "capture", "esphome"} <= {one.name for one in found.formats}
    tuya = next(one for one in found.families if one.name == "tuya_wifi")
    assert tuya.ends == ("module", "MCU") and "low_power" in {one.name for one in tuya.dialects}
    assert "tuya/plug_metering" in {one.name for one in tuya.profiles}
