"""The demo of a fleet: private servers, a server of the fleet, and many simulated homes with a real hub each.

home.py      one home: simulated devices, weeks of past, a hub that has joined
homes.py     all of them, in a process of their own
demo.py      `unclouded fleet demo`: starts everything, and ends it
"""
