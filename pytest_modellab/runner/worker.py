"""The worker: one process, one engine, one model on one device. `python -m pytest_modellab.runner.worker`.

Imports the standard library, numpy and its engine only, so that measured memory and time are the engine's own.
Requests come on standard input, replies go to standard output; whatever the engine prints goes to standard error.
It ends when its input closes or its parent dies.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import traceback
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time, sleep  # bound before an engine can replace them
from typing import IO, Any

import numpy as np

from pytest_modellab.core.json_values import json_value, storable
from pytest_modellab.core.weight_kinds import int8_operators
from pytest_modellab.engines.base import Client, DeviceRef, LoadRequest, ModelPart, Telling, TryAgain
from pytest_modellab.engines.registry import engine_class

from . import framing


class Repeated(Exception):
    """A call that failed however often it was made anew."""

    def __init__(self, error: Exception, retries: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.retries = retries


class Host:
    """The host of one engine, which answers requests with plain dicts; also used in-process for debugging."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._handlers: dict[str, Any] = {}

    def answer(self, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """The reply to one request, and the samples that go with it.

        What the engine raises becomes an `error` with type, message and traceback.
        """
        samples = b""
        retries: dict[str, Any] = {}
        try:
            match message["op"]:
                case "load":
                    reply = self._load(message)
                case "reset-peak":
                    reply = {"reset": reset_peak_memory()}
                case _:
                    reply, samples = self._answered(message, payload)
        except Repeated as repeated:
            reply, retries = _told(repeated.error), {"retries": repeated.retries}
        except Exception as error:  # an engine may raise anything; the session decides what it means
            reply = _told(error)
        return {**reply, **retries, **peak_memory(), **torch_memory()}, samples

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _answered(self, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """The handler's reply, of the last call where one is made anew; `retries` is how often that was.

        An engine that goes to a server may tell `client_s`, too. Raises what the engine raises in the end.
        """
        handler, retries = self._handlers[message["handler"]], 0
        client = self._engine if isinstance(self._engine, Client) else None
        before_s = None if client is None else client.server_cpu_s()
        while True:
            try:
                reply, samples = handler.answer(self._engine, message, payload)
                break
            except TryAgain as again:
                if retries >= again.most:
                    times = "once" if again.most == 1 else f"{again.most} times"
                    repeated = f" (repeated {times}, see `retries`)" if again.most else ""
                    raise Repeated(type(again.error)(f"{again.error}{repeated}"), retries) from None
                retries += 1
                sleep(again.after_s)
        if getattr(self._engine, "repeats", False):
            reply["retries"] = retries
        if client is not None and (client_s := client.client_s()) is not None:
            reply["client_s"] = client_s
        after_s = None if client is None else client.server_cpu_s()
        if before_s is not None and after_s is not None:
            # A server on this machine works for this call: it is no other load.
            reply["cpu_s"] = reply.get("cpu_s", 0.0) + max(0.0, after_s - before_s)
        return reply, samples

    def _load(self, message: dict[str, Any]) -> dict[str, Any]:
        # First, so that they bind the clock before an engine can replace it.
        for handler, path in message["handlers"].items():
            _importable(path)
            self._handlers[handler] = import_module(handler)
        random.seed(message["seed"])
        np.random.seed(message["seed"])  # libraries draw from the global state
        start = perf_counter()
        device = DeviceRef(message["device"]["kind"], message["device"]["index"])
        whole = _part(message, device)
        parts = {role: _part(part, device) for role, part in message.get("parts", {}).items()}
        self._engine = whole.engine.load(replace(whole.request, parts=parts))
        self._engine.synchronize()
        load_s = perf_counter() - start
        facts = dict(self._engine.facts()) if isinstance(self._engine, Telling) else {}
        given = (each.request.weights for each in (whole, *parts.values()))
        if any(weights is not None and int8_operators(weights) for weights in given):
            facts["int8_operators"] = True
        # Of the whole process: its own start and imports are part of loading.
        cpu_s = process_time()
        return {
            "load_s": load_s,
            "cpu_s": cpu_s,
            "facts": {str(name): json_value(fact) for name, fact in facts.items()},
        }


def _told(error: Exception) -> dict[str, Any]:
    """The reply in place of an answer."""
    return {
        "error": {
            "type": type(error).__name__,
            "message": storable(str(error) or repr(error)),
            "traceback": storable("".join(traceback.format_exception(error))),
        }
    }


def _importable(path: str | None) -> None:
    """Let modules of a folder be imported; at the end of the path, so that they shadow no library."""
    if path is not None and path not in sys.path:
        sys.path.append(path)


def _part(message: dict[str, Any], device: DeviceRef) -> ModelPart:
    """The class of an engine, imported, and what it is to load."""
    _importable(message["path"])
    weights = message["weights"]
    request = LoadRequest(device, message["options"], None if weights is None else Path(weights))
    return ModelPart(engine_class(message["engine"]), request)


def peak_memory() -> dict[str, Any]:
    """Peak resident bytes of this process, and the name of the method.

    On Linux VmHWM and not ru_maxrss: the latter starts from what the parent had when it forked.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return {"peak_rss": int(line.split()[1]) * 1024, "peak_rss_method": "VmHWM"}
    except OSError:
        pass
    if sys.platform == "darwin":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes there
        return {"peak_rss": peak, "peak_rss_method": "ru_maxrss"}
    return {"peak_rss": None, "peak_rss_method": None}


def reset_peak_memory() -> bool:
    """Let the peak begin anew at what is resident now; False where the system can't (only Linux can, proc(5))."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def torch_memory() -> dict[str, Any]:
    """Peak bytes in torch's own CUDA allocator, where the engine brought torch and uses CUDA."""
    torch: Any = sys.modules.get("torch")
    try:
        if torch is not None and torch.cuda.is_initialized():
            return {"torch_peak": int(torch.cuda.max_memory_allocated())}
    except (AttributeError, RuntimeError):  # another module of that name, or a device that failed
        pass
    return {}


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer until the other side closes. A reply bears the number of its request, and who gives it."""
    host = Host()
    own = os.getpid()
    while (frame := framing.receive(requests)) is not None:
        message, payload = frame
        if message["op"] == "close":
            break
        reply, samples = host.answer(message, payload)
        marks = {"number": message.get("number"), "pid": os.getpid()}
        if os.getpid() != own:
            # The engine forked and came back in both: this one tells so, and asks for nothing that isn't its own.
            with contextlib.suppress(OSError):
                framing.send(replies, marks)
            os._exit(1)
        try:
            try:
                framing.send(replies, {**reply, **marks}, samples)
            except framing.TooLarge as error:
                framing.send(replies, {**too_large(error), **marks})
        except OSError:
            break  # the session is gone
    host.close()


def too_large(error: framing.TooLarge) -> dict[str, Any]:
    """The reply in place of one that is no answer for its size."""
    return {"error": {"type": "ReplyTooLarge", "message": f"the reply is too large: {error}", "traceback": ""}}


def _end_with_parent() -> None:
    """A hung or busy engine would never read the end of its input: watch the parent as well."""
    parent = os.getppid()
    if sys.platform == "linux":
        import ctypes
        import signal

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    # The pipes move to descriptors of their own, so that an engine that prints or reads can't break the frames.
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    _end_with_parent()
    serve(requests, replies)


if __name__ == "__main__":
    main()
