"""The simulated Meross plug, and the other end in our tests.

device.py            the session: paths, what the world measures, what follows from it
request_handler.py   requests: decryption, limits, signature ─► answers.py, relay_requests.py, update.py
simulated_plug.py    the state of the plug; state/ has what it keeps, rules/ its timers and auto-off rules
network_state.py     set-up mode to bound, with binding.py for the server
plug_output.py       answers and pushes             debug_report.py                System.Debug
"""
