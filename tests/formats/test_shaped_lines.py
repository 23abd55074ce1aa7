"""Lines of one shape that are read at once give the same as those that are read one by one, whatever stands between."""

import pytest

from renderings import RENDERINGS
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats import registry
from unclouded.formats.source import InputSource
from unclouded.formats.text import shaped_lines

FORMS = {
    "log": "lines",
    "log with dates": "lines",
    "log with decimal numbers": "lines_decimal",
    "log of the MCU": "lines",
    "ESPHome hex": "esphome",
    "ESPHome decimal": "esphome",
    "Tasmota": "tasmota",
    "OpenBeken": "openbeken",
    "espurna": "espurna",
    "pySerial": "pyserial_spy",
}
ODD = (
    "",
    "12:00:00 nothing",
    "°C",
    "TX: 55",
    "12:61:00.250 RX: 55 aa 03",
    "99:00:00 RX: 55 aa",
    "12:00:00.250 RX: 55 aG 03",
)


@pytest.mark.parametrize("form", FORMS)
def test_many_lines_are_read_as_single_ones(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [bytes(Frame(3, 7, bytes([1, 2, 0, 4]) + (at * 7919).to_bytes(4))) for at in range(500)]
    lines = [
        line
        for at in range(0, 500, 50)
        for line in (*RENDERINGS[form](frames[at : at + 50]).split("\n"), ODD[at // 50 % 7])
    ]
    lines += [line.replace("RX", "TX").replace("<<<", ">>>") if at % 3 else line for at, line in enumerate(lines)]
    source = "\n".join(lines).encode()
    format = registry.named(FORMS[form])[0]
    at_once = format.read(InputSource(source))
    monkeypatch.setattr(shaped_lines, "SHORT", 1 << 30)
    one_by_one = format.read(InputSource(source))
    assert len(source) > 16_384
    assert list(at_once.chunks) == list(one_by_one.chunks)
    assert (at_once.lines, at_once.explained, at_once.unread) == (
        one_by_one.lines,
        one_by_one.explained,
        one_by_one.unread,
    )
    assert (at_once.stamps, at_once.backwards) == (one_by_one.stamps, one_by_one.backwards)
