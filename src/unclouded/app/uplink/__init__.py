"""The hub in a fleet: joining and leaving, what is sent, commands and questions of the fleet. docs/fleet.md

    membership.py   what joining gave: key, token, servers        joining.py    join and leave, over HTTPS
    service.py      the publisher that runs beside the hub        driver.py     executes what uplink.session outputs
    commands.py     commands of the fleet, by way of journal.py   questions.py  questions to the hub's own API
    renewal.py      when another token is asked for by HTTPS     sent_log.py    exactly what left the home
    home_energy.py, home_state.py   computed for the fleet

Nothing of this is imported where the configuration has no [fleet].
"""
