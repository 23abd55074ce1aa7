"""The simulated Meross plug, and the other end in our tests.

device.py            the session: paths, what the world measures, what follows from it
request_handler.py   requests: decryption, limits, signature ─► answers.py, relay_requests.py, update.py
simulated_plug.py    the state of the plug          dialects.py, plug_options.py   which plug, and its faults
network_state.py     set-up mode to bound           wifi_networks.py, binding.py   Wi-Fi, and the server
rule_runner.py       timers and auto-off rules      rule_store.py, rule_times.py, sun.py, running_clock.py
energy_records.py    days and hours                 plug_settings.py               what outlives a restart
plug_output.py       answers and pushes             debug_report.py                System.Debug
"""
