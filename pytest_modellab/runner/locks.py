"""Leases on devices: across sessions, two models never share a GPU unless its spec says `shared`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pytest_modellab.core.gpu import gpu_ids
from pytest_modellab.core.variables import CUDA_VISIBLE_DEVICES


class Leases:
    """The devices that this process holds, each for one group of cases. A lease goes with its process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, tuple[str, FileLock]] = {}

    def take(
        self, group: str, device: Mapping[str, Any], evict: Callable[[str], None], waiting: Callable[[str], None]
    ) -> None:
        """Hold the device for `group`, which may hold it already.

        `evict` closes the model of another group of this process. `waiting` is called once, with the device's name,
        if another process has it. This never waits while it holds any other device, so that no two processes wait for
        each other; call it without the machine lock, which whoever has the device may need to finish.
        """
        name = device_name(device)
        if name is None:
            return
        held = self._held.get(name)
        if held is not None:
            holder, lock = held
            if holder != group:
                evict(holder)
                self._held[name] = (group, lock)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / f"device-{name}.lock", is_singleton=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting(name)
            for other, _ in list(self._held.values()):
                evict(other)
                self.give(other)
            lock.acquire()
        self._held[name] = (group, lock)

    @property
    def groups(self) -> set[str]:
        """The groups that hold a device."""
        return {group for group, _ in self._held.values()}

    def give(self, group: str) -> None:
        """Release the devices that `group` holds."""
        for name in [name for name, (holder, _) in self._held.items() if holder == group]:
            self._held.pop(name)[1].release()


def device_name(device: Mapping[str, Any]) -> str | None:
    """What a lease on the device is called, the same in all processes of the machine; None where none is needed."""
    if device["kind"] == "cpu" or device["shared"]:
        return None
    if device["kind"] != "cuda":
        return str(device["kind"])
    # Index 0 of a process is another card where the variable says so, which names it by number or by UUID.
    visible = [each.strip() for each in (CUDA_VISIBLE_DEVICES.get() or "").split(",") if each.strip()]
    index = device["index"]
    physical = visible[index] if index < len(visible) else str(index)
    cards = gpu_ids()
    if physical.isdecimal():
        number = int(physical)
        physical = cards[number] if number < len(cards) else str(number)
    else:  # CUDA takes as much of a UUID as tells it from the others
        physical = next((card for card in cards if card.startswith(physical)), physical)
    return f"cuda-{re.sub(r'[^A-Za-z0-9-]', '-', physical)}"
