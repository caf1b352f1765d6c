"""Benchmark speech models with pytest: spec -> case -> run -> record -> verdict -> scorecard.

The names in `__all__` are public, as docs/compatibility.md says; everything else in this package may change in any
release. Each name is imported when it is first asked for: a worker process loads this module beside its engine, and of
the rest no more than the engine needs.
"""

TYPE_CHECKING = False  # as in `typing`, which is not imported for it

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.catalog import Catalog
    from pytest_modellab.catalog.datasets import Dataset, DatasetAccess, DatasetError, FileRecording, Utterance
    from pytest_modellab.catalog.datasets.form import DatasetForm
    from pytest_modellab.catalog.errors import CatalogError
    from pytest_modellab.catalog.load import load as load_catalog
    from pytest_modellab.core.metrics.aggregate import Maximum, Mean, Quantile, Ratio, Share, Single, Total
    from pytest_modellab.core.metrics.metric import SPEAKER, Cluster, Metric, Missing, NotCompared
    from pytest_modellab.core.text.normalizer import Scorer
    from pytest_modellab.core.version import __version__
    from pytest_modellab.engines.abilities import Translator, TurnDetector, WordTranscriber
    from pytest_modellab.engines.base import (
        BatchTranscriber,
        Clip,
        Conversant,
        DeviceRef,
        Engine,
        Exchange,
        Heard,
        LoadRequest,
        Partial,
        Speech,
        Stream,
        StreamingTranscriber,
        Synthesizer,
        TimedWord,
        Transcriber,
        Transcript,
        TryAgain,
        Turn,
    )
    from pytest_modellab.engines.diarizer import Diarizer, SpeakerSegment
    from pytest_modellab.engines.duplex import Conversation, DuplexConversant
    from pytest_modellab.engines.predictor import Predictor
    from pytest_modellab.reports.scorecard.card import Scorecard
    from pytest_modellab.reports.scorecard.format import FormatContext, FormatError, ScorecardFormat
    from pytest_modellab.results.record import Record
    from pytest_modellab.results.record_files import RecordError
    from pytest_modellab.results.record_files import read as load_record
    from pytest_modellab.results.verdicts import Limits, Run, Status, Verdict
    from pytest_modellab.runner.executor import Executor, Worker, WorkerDied
    from pytest_modellab.runner.live import LiveModel
    from pytest_modellab.runner.load_order import LoadOrder
    from pytest_modellab.runner.local import LocalWorker
    from pytest_modellab.tasks.base import Task
    from pytest_modellab.tasks.fixed_clip import fixed_clip
    from pytest_modellab.tasks.requests import Answer, Request, Requests
    from pytest_modellab.tasks.scoring import Scoring

__all__ = [
    "SPEAKER",
    "Answer",
    "BatchTranscriber",
    "Case",
    "Catalog",
    "CatalogError",
    "Clip",
    "Cluster",
    "Conversant",
    "Conversation",
    "Dataset",
    "DatasetAccess",
    "DatasetError",
    "DatasetForm",
    "DeviceRef",
    "Diarizer",
    "DuplexConversant",
    "Engine",
    "Exchange",
    "Executor",
    "FileRecording",
    "FormatContext",
    "FormatError",
    "Heard",
    "Limits",
    "LiveModel",
    "LoadOrder",
    "LoadRequest",
    "LocalWorker",
    "Maximum",
    "Mean",
    "Metric",
    "Missing",
    "NotCompared",
    "Partial",
    "Predictor",
    "Quantile",
    "Ratio",
    "Record",
    "RecordError",
    "Request",
    "Requests",
    "Run",
    "Scorecard",
    "ScorecardFormat",
    "Scorer",
    "Scoring",
    "Share",
    "Single",
    "SpeakerSegment",
    "Speech",
    "Status",
    "Stream",
    "StreamingTranscriber",
    "Synthesizer",
    "Task",
    "TimedWord",
    "Total",
    "Transcriber",
    "Transcript",
    "Translator",
    "TryAgain",
    "Turn",
    "TurnDetector",
    "Utterance",
    "Verdict",
    "WordTranscriber",
    "Worker",
    "WorkerDied",
    "__version__",
    "fixed_clip",
    "load_catalog",
    "load_record",
]

# Module -> the names it gives; `name=original` where it has another there.
_PLACES = {
    "catalog.cases": "Case",
    "catalog.catalog": "Catalog",
    "catalog.datasets.form": "DatasetForm",
    "catalog.datasets": "Dataset DatasetAccess DatasetError FileRecording Utterance",
    "catalog.errors": "CatalogError",
    "catalog.load": "load_catalog=load",
    "core.metrics.aggregate": "Maximum Mean Quantile Ratio Share Single Total",
    "core.metrics.metric": "Cluster Metric Missing NotCompared SPEAKER",
    "core.text.normalizer": "Scorer",
    "core.version": "__version__",
    "engines.diarizer": "Diarizer SpeakerSegment",
    "engines.duplex": "Conversation DuplexConversant",
    "engines.predictor": "Predictor",
    "engines.base": "BatchTranscriber Clip Conversant DeviceRef Engine Exchange Heard LoadRequest Partial Speech Stream"
    " StreamingTranscriber Synthesizer TimedWord Transcriber Transcript TryAgain Turn",
    "engines.abilities": "Translator TurnDetector WordTranscriber",
    "reports.scorecard.card": "Scorecard",
    "reports.scorecard.format": "FormatContext FormatError ScorecardFormat",
    "results.record": "Record",
    "results.record_files": "RecordError load_record=read",
    "results.verdicts": "Limits Run Status Verdict",
    "runner.executor": "Executor Worker WorkerDied",
    "runner.live": "LiveModel",
    "runner.local": "LocalWorker",
    "runner.load_order": "LoadOrder",
    "tasks.base": "Task",
    "tasks.requests": "Answer Request Requests",
    "tasks.fixed_clip": "fixed_clip",
    "tasks.scoring": "Scoring",
}


if not TYPE_CHECKING:  # else a misspelt name would be an `object` to mypy

    def __getattr__(name: str) -> object:
        from importlib import import_module

        for place, given in _PLACES.items():
            for each in given.split():
                public, _, original = each.partition("=")
                if public == name:
                    found: object = getattr(import_module(f"{__name__}.{place}"), original or public)
                    globals()[name] = found
                    return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
