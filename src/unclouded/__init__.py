"""Runs smart plugs, Tuya-inside appliances and smart meters without anybody's cloud."""

VERSION = "0.1.0"
