"""The security functions of a gateway: arming, sensors, alarms."""
