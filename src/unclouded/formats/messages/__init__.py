"""Messages in JSON in the texts of programs for HTTP and MQTT: whole ones, and what is left of them."""
