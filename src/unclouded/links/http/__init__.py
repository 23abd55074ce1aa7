"""HTTP with plugs: as their client, as their server, and files that they fetch."""
