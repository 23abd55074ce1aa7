"""The list of a protocol decoder as DSView exports it: one column for each row of annotations that was chosen.

Id,Time[ns],0:UART: RX/TX,1:UART: RX/TX
1,209000.00,55,
8,1509000.00,,55
"""

from collections.abc import Sequence

from unclouded.formats.analysers.saleae import header_of
from unclouded.formats.analysers.table_blocks import read_table
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

UNITS = {"Time[ns]": 1e-9, "Time[us]": 1e-6, "Time[ms]": 1e-3, "Time[s]": 1.0}


def fits(names: Sequence[str]) -> bool:
    """Whether column names are those of a table of DSView: Id, a time with its unit, and more."""
    return len(names) > 2 and names[0] == "Id" and names[1].replace(" ", "") in UNITS


def read(source: InputSource) -> FormatReading:
    header = header_of(source, fits)
    if header is None:
        return FormatReading()
    values = [(at, title or str(at)) for at, title in enumerate(header.names) if at > 1]
    unit = UNITS[header.names[1].replace(" ", "")]
    return read_table(header.table(header.names[1], values, unit=unit), source.text or "")


DSVIEW = InputFormat(
    name="dsview",
    group="analyser",
    title="a decoder's list of DSView",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(header_of(source, fits) is not None),
    read=read,
)
FORMATS = (DSVIEW,)
