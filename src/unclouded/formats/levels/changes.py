"""Changes of levels as text: VCD, as sigrok, Logic and simulators write it, and the export of levels of Saleae.

$timescale 1 us $end   $var wire 1 ! RX $end   #0 1!   #104 0!          VCD: times in units, values of lines
Time [s],Channel 0,Channel 1                                            Saleae: a row for each change
0.013041666666667,1,0
"""

import re
from collections.abc import Sequence

from unclouded.formats.analysers.saleae import header_of
from unclouded.formats.levels.uart import LevelChannel, read_levels
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

VARIABLE = re.compile(r"\$var\s{1,8}\w{1,16}\s{1,8}1\s{1,8}(?P<id>\S{1,16})\s{1,8}(?P<name>[^\n$]{1,72})\$end")
TIMESCALE = re.compile(r"\$timescale\s{1,8}(?P<count>\d{1,4})\s{0,4}(?P<unit>[munpf]?)s\s{1,8}\$end")
UNITS = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
BODY = "$enddefinitions"
HEAD = 65_536  # characters in which the variables are declared
MOST_CHANNELS = 64
LONGEST_NUMBER = 18
LEVELS = "01"
NOT_LEVELS = ("Value", "Packet ID", "Analyzer Name")  # columns of what an analyser decoded


def read_vcd(source: InputSource) -> FormatReading:
    """The changes of each line that is one bit wide."""
    head, _, body = (source.text or "").partition(BODY)
    scale = TIMESCALE.search(head)
    unit = int(scale["count"]) * UNITS[scale["unit"]] if scale is not None else 1e-9
    names = {one["id"]: one["name"].strip() for one in VARIABLE.finditer(head[:HEAD])}
    changes: dict[str, list[tuple[float, str]]] = {one: [] for one in list(names)[:MOST_CHANNELS]}
    t = 0.0
    for token in body.split():
        if token[0] == "#" and token[1:].isdecimal() and len(token) <= LONGEST_NUMBER:
            t = int(token[1:]) * unit
        elif token[0] in LEVELS and token[1:] in changes:
            changes[token[1:]].append((t, token[0]))
    return read_levels("vcd", [channel_of(names[one], found) for one, found in changes.items()], source.filled)


def read_saleae(source: InputSource) -> FormatReading:
    """The rows of a table of levels; what is none is left out."""
    header = header_of(source, is_time_first)
    if header is None:
        return FormatReading()
    names = header.names[1 : MOST_CHANNELS + 1]
    changes: list[list[tuple[float, str]]] = [[] for _ in names]
    for row in source.lines[header.line + 1 :]:
        time, *levels = row.split(header.separator)
        try:
            t = float(time)
        except ValueError:
            continue
        for found, level in zip(changes, levels, strict=False):
            found.append((t, level.strip()))
    channels = [channel_of(name, found) for name, found in zip(names, changes, strict=True)]
    return read_levels("saleae_digital", channels, source.filled)


def channel_of(name: str, values: list[tuple[float, str]]) -> LevelChannel:
    """A line, of values that need not be changes; those that are not a level, and times that fall, are left out."""
    import numpy as np

    times: list[float] = []
    first = last = ""
    for t, level in values:
        if level in LEVELS and level and level != last:
            if not last:
                first = level
            elif not times or t >= times[-1]:
                times.append(t)
            else:
                continue
            last = level
    return LevelChannel(name, np.array(times), first == "1")


def is_time_first(names: Sequence[str]) -> bool:
    """Whether the first column of a table is a time."""
    return names[0].startswith("Time")


def is_levels(source: InputSource) -> bool:
    """Whether a table has a time and levels in its first row."""
    header = header_of(source, is_time_first)
    if header is None:
        return False
    row = next((line for line in source.lines[header.line + 1 :] if line.strip()), "")
    levels = [cell.strip() for cell in row.split(header.separator)[1:]]
    is_other = any(name in NOT_LEVELS for name in header.names)
    return bool(levels) and set(levels) <= set(LEVELS) and not is_other


VCD = InputFormat(
    name="vcd",
    group="levels",
    title="levels of lines (VCD)",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float("$var" in (source.text or "")[:HEAD] and BODY in (source.text or "")[:HEAD]),
    read=read_vcd,
    is_whole=True,
)
SALEAE_LEVELS = InputFormat(
    name="saleae_digital",
    group="levels",
    title="levels of lines by Saleae",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(is_levels(source)),
    read=read_saleae,
    is_whole=True,
)
FORMATS = (VCD, SALEAE_LEVELS)
