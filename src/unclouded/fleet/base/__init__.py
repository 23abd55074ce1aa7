"""PostgreSQL: the tables of a fleet, what is written, and what each person may read.

Source: docs/protocols/fleet.md §3, §4
"""
