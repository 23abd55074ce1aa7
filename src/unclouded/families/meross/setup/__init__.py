"""Set-up: a plug in set-up mode, or bound elsewhere, gets this hub's server, key and Wi-Fi.

networks.py       what a scan found, as text; which names and passwords Wi-Fi permits
requests.py       the requests of set-up, in the order in which a plug needs them
problems.py       what failed, and what to do about it
session.py        the controller's end, sans-IO
discovery.py      the question by UDP which plugs are in this network, and its answers
"""
