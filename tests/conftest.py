"""What holds for all tests: a slow machine is no failure, so hypothesis sets no deadlines."""

from hypothesis import HealthCheck, settings

settings.register_profile("unclouded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unclouded")
