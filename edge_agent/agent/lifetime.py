"""What was opened and started, and is to be ended in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
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
        """Do something now and every so often; an error is logged and ends nothing."""
        self.run(name, _repeated(name, seconds, action))

    async def end(self) -> None:
        """End the tasks, then the parts, the last first."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for task, end in zip(self._tasks, ends, strict=True):
            if isinstance(end, Exception):
                log.error("task failed task=%s", task.get_name(), exc_info=end)
        self._ends.close()


async def _repeated(name: str, seconds: float, action: Callable[[], object]) -> None:
    while True:
        try:
            action()
        except EdgeAgentError as error:
            log.error("periodic task failed task=%s error=%r", name, str(error))
        except Exception:  # a supervision boundary: what is due every so often is due for years
            log.exception("periodic task failed task=%s", name)
        await asyncio.sleep(seconds)
