"""What a plug is asked to do: commands, actions, its schedule, its settings."""
