"""The hub as a service of systemd: its unit, its installation, and its reports to the service manager."""
