"""The daemon as a process: its signals and its exit status."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from edge_agent.agent.agent import Agent
from edge_agent.config import Config
from edge_agent.errors import EdgeAgentError

log = logging.getLogger(__name__)


def run(config: Config, read: Callable[[], Config]) -> int:
    """Run the daemon until SIGTERM or SIGINT; the process's exit status. On SIGHUP ``read`` fetches the configuration anew."""
    return asyncio.run(_run(config, read))


async def _run(config: Config, read: Callable[[], Config]) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    agent = Agent(config)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    # Until it is ready there is nothing to reload, and the signal must not end it.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        await agent.start()
    except EdgeAgentError as error:
        log.critical("not started error=%r", str(error))
        return 1
    loop.add_signal_handler(signal.SIGHUP, agent.reload, read)
    await stopped.wait()
    await agent.stop()
    return 0
