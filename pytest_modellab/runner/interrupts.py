"""Deferred handling of Ctrl-C while something is finished, and of signals that count as Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def finishing(tell: Callable[[], object]) -> Iterator[None]:
    """Go on to the end of the block: the first Ctrl-C only calls `tell`, the second raises KeyboardInterrupt.

    Python's KeyboardInterrupt could otherwise be raised between an answer and its entry in the journal, or in the
    middle of a request. Outside the main thread, and where another handler is installed, nothing is changed.
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


def like_ctrl_c() -> Callable[[], None]:
    """Let SIGTERM and SIGHUP count as Ctrl-C: what is being answered is finished, what there is is written.

    Where somebody else handles one of them, or has it ignored (nohup), nothing is changed. Returns what undoes it.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def pressed(number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, pressed)

    def undo() -> None:
        for number in taken:
            if signal.getsignal(number) is pressed:
                signal.signal(number, signal.SIG_DFL)

    return undo
