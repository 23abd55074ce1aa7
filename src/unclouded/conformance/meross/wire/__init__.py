"""What crosses the wire of a plug, as checks see it."""
