"""The controller's end of a Meross plug: reads and switches it over HTTP, the hub's broker, or both at once.

controller.py composes: paths, reachability, request_window and requests (what is asked, on which path), support (what
the plug has), values and consumption (readings, energy by date), pending_commands, broker_services, clock_setting,
health and problems (notices for people).
"""
