"""The serial console of a Meross MSS310 of hardware version 2: a shell with log lines in between, 115200 8N1.

wire/         lines, the log, the commands and their answers, the report of a start
controller/   the controller's end
"""
