"""nats-server for a fleet: its configuration file, its unit of systemd, and which versions have known holes.

configuration_file.py   what nats-server reads: trust, limits, TLS, the nodes of a cluster
"""
