"""Firmware files of Meross plugs: which hardware a file is for, and whether it is whole.

image_file.py   any file: what it is, and why a plug must not be sent it
uimage.py       hardware 1            mediatek.py     hardware 2
"""
