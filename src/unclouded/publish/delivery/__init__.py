"""Delivery over HTTP to the owner's other programs: a bounded buffer, requests with retries, counts of outcomes."""
