"""Firmware files: what is in them, unpacked and compared.

opening.py      a file, read in pieces          magic_scan.py   where a magic number stands, in one pass
streams.py      what stands there               unpacking.py    compressed streams, piece by piece
inspection.py   all of it as one report         extraction.py   the parts as files of a folder, within limits
comparison.py   two files                       summary.py      in short, for updates
"""
