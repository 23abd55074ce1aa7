"""Lines in which a scan of a picture has taken digits for letters: O for 0, l and I for 1, S for 5, Z for 2.

TX: 5S AA OO OO OO OO FF
"""

import re

from unclouded.formats.lines import general
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

LETTERS = str.maketrans("OoQIlSsZz", "000115522")
_PAIR = "[0-9A-Fa-fOoQIlSsZz]{2}"
PAIRS = re.compile(rf"(?<![0-9A-Za-z]){_PAIR}(?P<sep>[ :\-]){_PAIR}(?:(?P=sep){_PAIR}){{2,}}(?![0-9A-Za-z])")
MISREAD = re.compile("[OoQIlSsZz]")
NOTE = "letters that look like digits were read as digits (O as 0, l as 1, S as 5): compare the bytes with the picture"


def corrected(text: str) -> str:
    """The text with digits in place of such letters, where they stand in pairs."""
    return PAIRS.sub(lambda found: found[0].translate(LETTERS), text)


def recognise(source: InputSource) -> float:
    """0.01 where there are such pairs: it is tried, and whole frames decide."""
    text = source.head(16_384).text or ""
    return 0.01 if any(MISREAD.search(found[0]) for found in PAIRS.finditer(text)) else 0.0


def read(source: InputSource) -> FormatReading:
    reading = general.read(InputSource.of_text(corrected(source.text or "")))
    reading.notes = [*reading.notes, NOTE]
    return reading


MISREAD_LINES = InputFormat(
    name="lines_misread",
    group="log",
    title="hex in which digits were taken for letters",
    specificity=Specificity.DECIMAL,
    recognise=recognise,
    read=read,
    is_doubtful=True,
)
FORMATS = (MISREAD_LINES,)
