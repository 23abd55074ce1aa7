"""The simulated Meross plug, and the other end in our tests.

device.py composes: simulated_plug (its state and answers), pairing (bound to a server), day_ring (energy by day),
plug_rules (schedules), relay_requests, debug_report, plug_output, plug_faults.
"""
