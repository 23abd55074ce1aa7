"""Who may use the page and the API: passwords, sessions, hosts, connections."""
