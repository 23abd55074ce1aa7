"""What is on the line: lines, log lines, commands with their answers, the report of a start, secrets."""
