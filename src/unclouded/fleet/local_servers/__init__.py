"""Private servers on this computer, for tests and the demo: PostgreSQL on a Unix socket, nats-server on loopback.

programs.py    where the programs are, and what to install where they are not
processes.py   a server as a child process, which ends with this one
postgres.py    a PostgreSQL in a folder of its own
nats.py        one nats-server, or three that form a cluster
trust.py       keys and tokens of a fleet that exists for a test or a demo
"""
