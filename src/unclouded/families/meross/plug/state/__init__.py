"""What a simulated plug keeps.

dialects.py, plug_options.py   which plug it is, and its faults
plug_settings.py               what outlives a restart
energy_records.py              days and hours
running_clock.py               its clock
wifi_networks.py               Wi-Fi around it
"""
