"""The 55 AA line of all dialects: framing, resynchronisation, data points, requests, redaction."""
