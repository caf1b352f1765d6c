"""The metrics by name: those of installed packages, by the entry-point group `modellab.metrics`.

An entry point is a `Metric`, or a tuple of them. Nothing is imported until a metric is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint

from pytest_modellab.core.extensions import ExtensionError, installed

from .metric import Metric

GROUP = "modellab.metrics"
_OWN = "pytest-modellab"


class Registry(Mapping[str, Metric]):
    """Metric name -> metric, ours first, each package's in the order of their definition."""

    @cached_property
    def _entries(self) -> tuple[EntryPoint, ...]:
        return tuple(installed(GROUP))

    @cached_property
    def _metrics(self) -> dict[str, Metric]:
        return collected(self._entries)

    @property
    def modules(self) -> dict[str, str]:
        """The modules that define metrics, each with the version of its package."""
        return {each.module: each.dist.version if each.dist is not None else "" for each in self._entries}

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)


METRICS = Registry()


def collected(entries: Iterable[EntryPoint]) -> dict[str, Metric]:
    """The metrics of entry points, by name.

    Raises ExtensionError for one that can't be imported, is no metric, or has a name that is taken.
    """
    found: dict[str, Metric] = {}
    packages: dict[str, str] = {}
    # One package may be found at several places of the path.
    once = {(each.name, each.value): each for each in entries}
    for entry in sorted(once.values(), key=lambda each: _package(each) != _OWN):
        package = _package(entry)
        for metric in _load(entry, package):
            if metric.name in found:
                raise ExtensionError(
                    f"two metrics are named `{metric.name}`: of {packages[metric.name]} and of {package}"
                )
            found[metric.name], packages[metric.name] = metric, package
    return found


def _load(entry: EntryPoint, package: str) -> tuple[Metric, ...]:
    try:
        loaded = entry.load()
    except Exception as error:  # whatever a module raises while it is imported
        raise ExtensionError(f"{package}: {entry.value} can't be imported: {type(error).__name__}: {error}") from error
    metrics = loaded if isinstance(loaded, tuple) else (loaded,)
    wrong = next((each for each in metrics if not isinstance(each, Metric)), None)
    if wrong is not None:
        raise ExtensionError(
            f"{package}: {entry.value} is a {type(wrong).__name__}, neither a Metric nor a tuple of them"
        )
    return metrics


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
