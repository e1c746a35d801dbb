"""Why a connection ended, in a sentence for a person, and what the next one should do about it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.ingress.connection import Connection
from edge_agent.ingress.mqtt_config import MqttConfig

_UNSUPPORTED_PROTOCOL = 0x84
_TAKEN_OVER = 0x8E
_HINTS = {
    0x84: "set mqtt.protocol to 311",
    0x85: "change mqtt.client_id",
    0x86: "check mqtt.username and mqtt.password",
    0x87: "check mqtt.username, mqtt.password and the broker's ACL",
    0x8A: "ask the broker's administrator",
    0x8E: "another client uses the same mqtt.client_id",
    0x9A: "the status is a retained message, which the broker has to allow: retain_available true on mosquitto",
    0x9B: "messages are sent at QoS 1, which the broker has to allow: max_qos 1 or 2 on mosquitto",
}
"""Reason codes that come back until a person has done something, and what to do."""

_SUSPICIOUS_LOSSES = 3


@dataclass(frozen=True, slots=True)
class Ending:
    """``refused``: knocking again soon is useless. ``speak_311``: for good; ``detour``: only until the session is clean."""

    problem: str
    refused: bool = False
    speak_311: bool = False
    detour: bool = False


class Diagnosis:
    """Explains the endings of one link's connections, remembering those that came suspiciously soon."""

    def __init__(self, config: MqttConfig) -> None:
        self._address = config.address
        self._client_id = config.effective_client_id
        self._n_short_lived = 0

    def not_opened(self, error: OSError | UnicodeError) -> Ending:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Ending(f"the certificate of {self._address} is not trusted: {error.verify_message}", refused=True)
        return Ending(f"cannot reach {self._address}: {error}")

    def over(self, connection: Connection, *, was_up: bool, stable: bool) -> Ending:
        """``was_up``: we had been connected; ``stable``: for a while."""
        if connection.refusal is not None:
            return self._refused(connection.refusal, v5=connection.v5)
        if connection.unreadable and connection.v5:
            # The broker keeps a message whose properties the client library cannot decode (an unlucky character in the content
            # type is enough), and would deliver it again on every connection for ever. Under MQTT 3.1.1 the same session
            # delivers it without properties; once it is acknowledged, MQTT 5 is safe again.
            return Ending(f"a message from {self._address} cannot be read as MQTT 5; reading it as 3.1.1", detour=True)
        problem = f"lost the connection to {self._address}"
        if connection.close_reason is not None:
            reason = connection.close_reason
            return Ending(f"{problem}: {_with_hint(reason)}", refused=reason.value == _TAKEN_OVER)
        self._n_short_lived = self._n_short_lived + 1 if was_up and not stable else 0
        if self._n_short_lived >= _SUSPICIOUS_LOSSES:
            # Not every broker says so when it hands a session over to another client.
            problem += f"; does another client use the client id {self._client_id}?"
        return Ending(problem)

    def _refused(self, reason: ReasonCode, *, v5: bool) -> Ending:
        if reason.value == _UNSUPPORTED_PROTOCOL and v5:
            return Ending(f"{self._address} does not speak MQTT 5; falling back to 3.1.1", speak_311=True)
        return Ending(f"{self._address} refused the connection: {_with_hint(reason)}", refused=reason.value in _HINTS)


def _with_hint(reason: ReasonCode) -> str:
    hint = _HINTS.get(reason.value)
    return f"{reason} ({hint})" if hint else str(reason)
