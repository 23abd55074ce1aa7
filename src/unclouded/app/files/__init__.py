"""Files that appliances and plugs are updated from, and files that actions send."""
