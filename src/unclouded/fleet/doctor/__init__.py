"""`fleet doctor`: what prevents a fleet from working, or puts it at risk, and what to do. Nothing is changed.

context.py       what checks look at
file_checks.py   keys, certificates, permissions
nats_probe.py    what a nats-server says of itself, and how it encrypts
nats_checks.py   each nats-server: reachable, version, TLS, login, revoked keys
base_checks.py   each database; the clock
running.py       runs all checks, one after the other
"""
