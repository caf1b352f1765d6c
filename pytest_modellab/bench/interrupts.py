"""Ctrl-C in the middle of what is worth finishing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def finishing(tell: Callable[[], object]) -> Iterator[None]:
    """Go on to the end of the block: the first Ctrl-C only calls `tell`, the second raises KeyboardInterrupt.

    An exception at any moment, as Python has it otherwise, would come between an answer and writing it down, or into
    the middle of a request. Outside the main thread, and where somebody else handles Ctrl-C, nothing is changed.
    """
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return
    told = False

    def first(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if told:
            raise KeyboardInterrupt
        told = True
        tell()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
