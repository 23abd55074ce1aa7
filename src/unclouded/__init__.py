"""A local hub and protocol toolbox for smart plugs, Tuya-based appliances and smart meters."""

VERSION = "0.1.0"
