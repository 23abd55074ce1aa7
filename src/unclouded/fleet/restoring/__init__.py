"""Gives a home its history back: windows of the fleet's database become the file of a store.

store_file.py  the file, from a catalogue and windows        home_file.py  of one home, from the database
"""
