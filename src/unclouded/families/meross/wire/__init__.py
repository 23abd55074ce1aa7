"""What is on the wire of a Meross plug: envelopes, signatures, payloads by namespace, and the plug at an MQTT server.

envelope.py     header and signature              messages.py    types of payloads (read by payload_fields)
namespaces.py   one row per namespace             identity.py    names and password at an MQTT server
decoder.py, redact.py, wire_counts.py             messages for people, without their secrets
"""
