from tests.rigs.mosquitto import certificates, mosquitto  # noqa: F401 (fixtures)
