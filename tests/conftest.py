"""What is tried of any input: the same in every run, however busy the machine is.

``pytest --hypothesis-profile=explore`` tries other inputs each time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes, or takes to be made, says something about the machine only.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("explore"), derandomize=True)
settings.load_profile("suite")
