"""Named decoders of raw data points."""
