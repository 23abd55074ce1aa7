"""What is on the wire of a Meross plug: envelopes, signatures, payloads by namespace, and the plug at an MQTT server.

envelope.py     header and signature              messages.py    types of payloads (read by payload_fields)
namespaces.py   one row per namespace             identity.py    names and password at an MQTT server
cut_off.py      answers that a buffer has cut off
decoder.py, redact.py, wire_counts.py             messages for people, without their secrets
"""
