"""Firmware files of Meross plugs: which hardware a file is for, and whether it is whole.

image_file.py   any file: what it is, and why a plug must not be sent it
container.py    what all kinds of file have in common          checksums.py   of parts of a file, computed in one pass
uimage.py       hardware 1      mediatek.py     hardware 2      realtek.py     hardware 6 and 8
"""
