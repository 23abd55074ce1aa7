"""The weather that appliances query."""
