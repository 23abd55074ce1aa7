"""What a configuration must be beyond its types."""
