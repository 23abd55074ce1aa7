"""What protects connections: TLS, certificates, and the keys of NATS."""
