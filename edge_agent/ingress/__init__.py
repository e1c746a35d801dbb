"""Ways in and out: one port (:class:`Ingress`), MQTT and ZeroMQ behind it."""

from edge_agent.ingress.base import Inbox, Ingress, IngressError, Message, Route, State, Verdict
from edge_agent.ingress.commands import COMMANDS, Cancel, Clear, Command, DeleteVoice, Ping, Prewarm, Status, Stop, Voice, Volume
from edge_agent.ingress.mqtt import MqttIngress
from edge_agent.ingress.mqtt_config import InvalidMqttConfig, MqttConfig
from edge_agent.ingress.topics import Topics
from edge_agent.ingress.zmq import ZmqIngress
from edge_agent.ingress.zmq_config import InvalidZmqConfig, ZmqConfig

__all__ = [
    "COMMANDS",
    "Cancel",
    "Clear",
    "Command",
    "DeleteVoice",
    "Inbox",
    "Ingress",
    "IngressError",
    "InvalidMqttConfig",
    "InvalidZmqConfig",
    "Message",
    "MqttConfig",
    "MqttIngress",
    "Ping",
    "Prewarm",
    "Route",
    "State",
    "Status",
    "Stop",
    "Topics",
    "Verdict",
    "Voice",
    "Volume",
    "ZmqConfig",
    "ZmqIngress",
]
