"""The controller's end of a Meross plug: reads and switches it over HTTP, the hub's broker, or both at once.

controller.py composes:
    paths, path_checks, encryption_check, reachability    which path is good, whether it is encrypted
    request_window, requests, polling                     what is asked, when, and on which path
    reports, values, consumption, hours                   what the plug reports: readings, energy by date and hour
    energy_comparison, health, problems                   notices for people
    command_runner, pending_commands, setting_points      relay and settings
    clock_setting, position_setting, broker_services      what the hub sets and answers by itself
    support                                               what the plug has
    plug_actions, firmware_update, plug_schedule          actions
"""
