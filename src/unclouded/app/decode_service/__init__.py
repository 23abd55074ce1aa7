"""Decodes inputs for the page, in a process of its own: what people paste may take seconds, and the hub must not wait.

work.py     an input and what is wanted of it -> the answer, as JSON; pure
worker.py   the process: its limits, its input and its output
service.py  starts the process for each request, one at a time, and ends it in time
"""
