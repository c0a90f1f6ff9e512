"""Timing the product's own methods from outside, while a block runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """One call of a probed method, in seconds of the performance counter, and the thread that made it."""

    stage: str
    began_s: float
    ended_s: float
    thread: int = 0

    @property
    def seconds(self) -> float:
        return self.ended_s - self.began_s

    def is_inside(self, other: Span) -> bool:
        """Whether this call was made by that other one, or by what it called."""
        return self.thread == other.thread and other.began_s <= self.began_s and self.ended_s <= other.ended_s


@dataclass(slots=True)
class Spans:
    """The calls since the last `take`, of all threads; `on_call` sees the arguments of each, `on_return` its end."""

    calls: list[Span] = field(default_factory=list)
    on_call: Callable[[str, Sequence[Any]], None] | None = None
    on_return: Callable[[str], None] | None = None

    def take(self) -> list[Span]:
        """The calls so far, and begin anew."""
        taken, self.calls = self.calls, []
        return taken


@contextmanager
def probed(spans: Spans, stages: dict[str, tuple[type, str]]) -> Iterator[None]:
    """Time methods, given by stage as (class, name), for the length of the block; a call costs about a microsecond."""
    with ExitStack() as stack:
        for stage, (owner, method) in stages.items():
            original = getattr(owner, method)
            setattr(owner, method, _timed(original, stage, spans))
            stack.callback(setattr, owner, method, original)
        yield


def _timed(original: Callable[..., Any], stage: str, spans: Spans) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        if spans.on_call is not None:
            spans.on_call(stage, arguments)
        began_s = time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            spans.calls.append(Span(stage, began_s, time.perf_counter(), threading.get_ident()))
            if spans.on_return is not None:
                spans.on_return(stage)

    return timed
