"""A message as the broker sent it."""

from __future__ import annotations

from dataclasses import dataclass

import paho.mqtt.client as paho


@dataclass(frozen=True, slots=True)
class Received:
    """A PUBLISH packet, with the MQTT v5 properties that matter; ``expiry_s`` is what was left when the broker sent it."""

    topic: str
    payload: bytes
    retained: bool
    duplicate: bool
    packet_id: int | None
    content_type: str | None = None
    correlation: bytes | None = None
    response_topic: str | None = None
    expiry_s: float | None = None

    @classmethod
    def of(cls, message: paho.MQTTMessage) -> Received:
        """What the client library made of it."""
        properties = message.properties
        return cls(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=bool(message.retain),
            duplicate=bool(message.dup),
            packet_id=message.mid if message.qos else None,
            content_type=getattr(properties, "ContentType", None),
            correlation=getattr(properties, "CorrelationData", None),
            response_topic=getattr(properties, "ResponseTopic", None),
            expiry_s=getattr(properties, "MessageExpiryInterval", None),
        )
