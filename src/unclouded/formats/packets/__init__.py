"""Packets of a network, and of a serial line in a capture file -> what the two ends sent.

capture_files.py   pcap, pcapng -> packets              text_packets.py, follow.py, fields.py   the same from text
layers.py          packets -> segments of connections
connections.py     segments -> streams, in order        streams.py   what a stream holds: HTTP, MQTT, telnet, raw bytes
"""
