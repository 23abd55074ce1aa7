"""The folder of a fleet: its keys, its certificates, and how it is made.

key_files.py      keys and tokens in files
certificates.py   an authority of its own, and certificates for NATS and the page
making.py         `unclouded fleet init`
replacing.py      `unclouded fleet replace`: other keys and certificates
"""
