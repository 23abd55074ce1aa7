import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, WireError
from unclouded.recording.capture import CaptureAppender, CaptureLine, CaptureReader, read_lines, sniff

NOON = 1_795_176_000.0  # 2026-11-20T12:00:00Z
HEADER = '{"capture": 1, "family": "emporia", "started": "2026-11-20T12:00:00.000Z"}\n'

LINES = st.lists(
    st.builds(
        CaptureLine,
        st.floats(0, 1e6).map(lambda t: round(t, 6)),
        st.sampled_from(["controller", "device"]),
        st.one_of(st.binary(), st.text(max_size=20).map(str.encode)),
        st.sampled_from(["", "http", "broker"]),
        st.booleans(),
    ),
    max_size=8,
)


def written(path: Path, lines: list[CaptureLine], *, as_text: bool = False, family: str = "emporia") -> str:
    writer = CaptureAppender(path, family, NOON, as_text=as_text)
    for line in lines:
        writer.write(NOON + line.t, line.sender, line.data, path=line.path, redacted=line.redacted)
    writer.close()
    return path.read_text("utf-8")


def test_a_capture_is_json_lines_that_people_can_read(tmp_path: Path) -> None:
    lines = [CaptureLine(0.25, "controller", b"$f\r"), CaptureLine(0.5, "device", b"\xff\x00", "broker", True)]
    assert written(tmp_path / "c.jsonl", lines, as_text=True) == (
        '{"capture":1,"family":"emporia","started":"2026-11-20T12:00:00.000Z"}\n'
        '{"t":0.25,"from":"controller","text":"$f\\r"}\n'
        '{"t":0.5,"from":"device","hex":"ff00","way":"broker","redacted":true}\n'
    )


def test_only_its_owner_may_read_a_capture(tmp_path: Path) -> None:
    written(tmp_path / "c.jsonl", [])
    assert stat.S_IMODE((tmp_path / "c.jsonl").stat().st_mode) == 0o600


@given(LINES, st.booleans())
@settings(deadline=None)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, lines: list[CaptureLine], text: bool
) -> None:
    path = tmp_path_factory.mktemp("c") / "c.jsonl"
    whole = written(path, lines, as_text=text)
    with path.open("rb") as file:
        reader = CaptureReader(file)
        back = list(reader)
    assert reader.header.family == "emporia" and reader.header.started_at == NOON
    assert [(line.sender, line.data, line.path, line.redacted) for line in back] == [
        (line.sender, line.data, line.path, line.redacted) for line in lines
    ]
    assert [line.t for line in back] == pytest.approx([line.t for line in lines], abs=1e-5)
    assert list(read_lines(whole.splitlines())) == back


@given(LINES.filter(bool), st.data())
@settings(deadline=None)
def test_a_writer_that_was_killed_costs_one_line_at_most(
    tmp_path_factory: pytest.TempPathFactory, lines: list[CaptureLine], data: st.DataObject
) -> None:
    """Cut the file anywhere after the header: it is read up to there, and the next writer continues after it."""
    path = tmp_path_factory.mktemp("c") / "c.jsonl"
    whole = written(path, lines).encode()
    cut = data.draw(st.integers(whole.index(b"\n"), len(whole)))
    path.write_bytes(whole[:cut])
    complete = max(whole[:cut].count(b"\n") - 1, 0)
    before = list(read_lines(path.read_text().splitlines()))
    assert [line.data for line in before] == [line.data for line in lines][: len(before)]
    assert len(before) >= complete
    written(path, [CaptureLine(9.0, "device", b"went on")])
    after = [line.data for line in read_lines(path.read_text().splitlines())]
    assert after[-1] == b"went on"
    assert after[:-1] == [line.data for line in lines][:complete]


def test_a_second_run_continues_the_times_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    written(path, [CaptureLine(1.0, "device", b"one")])
    writer = CaptureAppender(path, "emporia", NOON + 3_600)
    writer.write(NOON + 3_601, "device", b"two")
    writer.close()
    assert [line.t for line in read_lines(path.read_text().splitlines())] == [1.0, 3_601.0]


@pytest.mark.parametrize(
    "text", ["my diary", "", HEADER.replace("emporia", "tuya_wifi"), HEADER.replace("2026-11-20", "once"), "{}\n"]
)
def test_a_writer_never_touches_what_is_no_capture_of_its_family(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(text or "no line end, half a wo")
    before = path.read_text()
    with pytest.raises(CommandError, match="Record to another file"):
        CaptureAppender(path, "emporia", NOON)
    assert path.read_text() == before


def test_a_folder_or_a_device_is_no_place_for_a_capture(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        CaptureAppender(tmp_path, "emporia", NOON)
    with pytest.raises(CommandError):
        CaptureAppender(Path("/dev/null"), "emporia", NOON)


@pytest.mark.parametrize(
    "broken, words",
    [
        ("not json", "Line 3 of the capture is broken: JSON is malformed"),
        ('{"t": 1, "from": "nobody", "hex": "00"}', "broken: `from` is neither controller nor device."),
        ('{"t": 1, "from": "device"}', "Line 3 of the capture is broken: it needs one of hex and text."),
        ('{"t": 1, "from": "device", "hex": "00", "text": "a"}', "it needs one of hex and text"),
        ('{"t": 1, "from": "device", "hex": "xy"}', "Line 3 of the capture is broken: non-hexadecimal"),
        ('{"from": "device", "hex": "00"}', "missing required field `t`"),
    ],
)
def test_a_broken_line_is_named(broken: str, words: str) -> None:
    good = '{"t": 1, "from": "device", "hex": "00"}\n'
    reader = iter(CaptureReader((HEADER + good + broken + "\n" + good).splitlines()))
    assert next(reader).data == b"\0"
    with pytest.raises(WireError) as caught:
        list(reader)
    assert words in str(caught.value)


def test_a_last_line_that_is_whole_but_wrong_is_not_taken_for_a_cut_one() -> None:
    for wrong in ('{"t": 1, "from": "nobody", "hex": "00"}', '{"t": 1, "from": "device", "hex": "0"}'):
        with pytest.raises(WireError, match="Line 2"):
            list(read_lines([HEADER, wrong]))
    assert list(read_lines([HEADER, '{"t": 1, "from": "dev'])) == []
    assert list(read_lines([HEADER.encode(), '{"t": 1, "from": "device", "text": "ä'.encode()[:-1]])) == []


def test_unknown_keys_and_empty_lines_are_left_alone() -> None:
    header = '{"note": "x", "capture": 1}'
    line = '{"t": 2, "from": "device", "text": "hi", "rssi": -60}'
    assert list(read_lines([header, "", line, "\n"])) == [CaptureLine(2.0, "device", b"hi")]


def test_other_files_and_newer_captures_are_rejected_with_a_reason() -> None:
    for lines in ([], [""], ["55aa"], ["[1]"], ['{"t": 1}']):
        with pytest.raises(WireError, match="This is not a capture"):
            CaptureReader(lines)
    with pytest.raises(WireError, match="version 2, newer than this program reads"):
        CaptureReader(['{"capture": 2}'])


def test_a_capture_is_known_by_its_first_line() -> None:
    assert sniff(HEADER.encode())
    assert sniff(HEADER.strip().encode())
    assert sniff(b"\xef\xbb\xbf\n " + HEADER.encode() + b"\xff\xfe")
    for other in (b"", b"55aa00", b"{", b"{}", b'{"capture": "yes"}', b"\x55\xaa", b"$f\r"):
        assert not sniff(other)
