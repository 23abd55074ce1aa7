"""History for the API: series and energy of any span."""
