"""What people paste -> bytes with their times, sides and lines. Formats know no protocol family.

source.py      bytes of an input -> clean text, or that they are not text
registry.py    the formats, each one small file
detection.py   which of them an input is: every one that may fit is read, and a scorer of whole frames decides
reading.py     what a format hands back: chunks, counts of lines, contents without frames, or why it is refused
"""
