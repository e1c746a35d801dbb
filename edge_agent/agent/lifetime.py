"""What was opened and started, and is to be ended in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from typing import Protocol, TypeVar

from edge_agent.errors import EdgeAgentError

log = logging.getLogger(__name__)


class Closable(Protocol):
    """A part that is open from its construction on."""

    def close(self) -> None: ...


Part = TypeVar("Part", bound=Closable)


class Lifetime:
    """Everything that ends with the daemon: parts, and tasks of the event loop in whose thread it is used."""

    def __init__(self) -> None:
        self._ends = ExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    def opened(self, part: Part) -> Part:
        """Close it at the end."""
        self._ends.callback(part.close)
        return part

    def begin(self, start: Callable[[], None], stop: Callable[[], None]) -> None:
        """Start a part, and stop it at the end. One that does not start is not stopped."""
        start()
        self._ends.callback(stop)

    def run(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Run a task until the end."""
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    def repeat(self, name: str, seconds: float, action: Callable[[], object]) -> None:
        """Do something now and every so often; an error of ours is logged and ends nothing."""
        self.run(name, _repeated(seconds, action))

    async def end(self) -> None:
        """End the tasks, then the parts, the last first."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._ends.close()


async def _repeated(seconds: float, action: Callable[[], object]) -> None:
    while True:
        try:
            action()
        except EdgeAgentError as error:
            log.error("periodic task failed error=%r", str(error))
        await asyncio.sleep(seconds)
