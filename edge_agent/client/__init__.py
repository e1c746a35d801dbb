"""Speak from another program, by ZeroMQ. Needs nothing of the daemon's but this package, and pyzmq.

    with SpeechClient() as speech:
        handle = speech.say("前方三百米右转", priority="important")
        handle.wait_played()

:class:`AsyncSpeechClient` is the same for asyncio. Both may be shared by threads, or tasks.
"""

from edge_agent.client.address import Address, Keys
from edge_agent.client.aio import AsyncHandle, AsyncSpeechClient
from edge_agent.client.errors import BadKeys, NoAnswer, Refused, Rejected, SpeechError
from edge_agent.client.sync import Handle, SpeechClient

__all__ = [
    "Address",
    "AsyncHandle",
    "AsyncSpeechClient",
    "BadKeys",
    "Handle",
    "Keys",
    "NoAnswer",
    "Refused",
    "Rejected",
    "SpeechClient",
    "SpeechError",
]
