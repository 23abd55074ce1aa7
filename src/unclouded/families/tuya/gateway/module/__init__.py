"""The module's end of a gateway's line: the hub runs the gateway."""
