"""The timers and auto-off rules that a simulated plug keeps and carries out."""
