"""Runs Home Assistant in its own environment with only what a test needs: no front end, no onboarding.

python home_assistant.py FOLDER: its configuration folder, with .storage and custom_components.
"""

import sys

from homeassistant import __main__ as program
from homeassistant import bootstrap

bootstrap.DEFAULT_INTEGRATIONS = set()
bootstrap.CRITICAL_INTEGRATIONS = set()  # without them a missing front end is no reason for its recovery mode

if __name__ == "__main__":
    sys.argv = ["hass", "-c", sys.argv[1], "--skip-pip"]
    sys.exit(program.main())
