"""Faults between two real ends of a line: what `disturb` does to the bytes.

faults.py      the faults by name, and how they are written: flip=0.01, a:delay=20ms
byte_faults.py what changes bytes: flip, drop, insert, swap, stick, duplicate, truncate
direction.py   one direction: all of its faults, the queue of bytes that are delayed, the counts
disturber.py   a bridge with both directions, and their timers
"""
