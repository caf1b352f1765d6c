"""The protocol of a task: its requests, the scoring of its answers, its metrics, columns and grades."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.catalog.specs import DatasetSpec
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.core.metrics.measured import HasParts, Row
    from pytest_modellab.engines.base import Engine

    from .requests import Requests
    from .scoring import Scoring
    from .sweeps import SweptRun
    from .timeline import Lane


@dataclass(frozen=True)
class TimedText:
    """A piece of an answer's text, when it is said in the recording, in seconds, and a few words about it."""

    text: str
    start_s: float
    end_s: float
    note: str = ""


class Task:
    """A task, as a subclass of this class and an entry point of the group `modellab.tasks` that is an instance of it.

    The entry point has the task's name. Its module is imported when a session collects tests: it should import what is
    expensive in `requests` only.

    Attributes:
        name: the catalog's word for it, and a marker of pytest.
        title: for the list of markers.
        order: its place among the tasks, the lowest first.
        handler: the module that answers its requests in the worker.
        request_module: the module that `requests` takes them from, where it isn't the task's own. What it and the
            handler import counts as code that answers depend on.
        error_metric: the error rate that baselines and comparisons are about, one of `compared="error rate"`; None for
            WER, or CER where words aren't divided by spaces.
        quality: the metric that its runs are ranked by; None for the error rate.
        texts_tell: whether an answer's text tells how right it is: baselines hold texts.
        speed: the metric of speed that its runs are compared by on the page.
        curve: a metric of throughput and one of latency that the page draws against each other, a line through the
            levels of a data set; None for no such drawing.
        columns: metric and heading of each column of its tables.
        least_needed: what a narrow terminal goes without, the first of it first: metrics of `columns`, `device`,
            `interval` and `weakest`.
        grades: how it is graded in a catalog without a grades.yaml: `criteria`, for each metric the worst values that
            still earn A+, A, B and C; and `provisional_below_words` and the like, as there. {} for no
            grades.
        hub_task: the Hugging Face hub's word for it; "" where it has none.
        given_audio: whether models are given the recordings of the data set.
        may_be_written: whether some engines are given in writing what others hear.
        may_speak: whether models may answer aloud.
        needs_judge: whether a data set must name a judge for it.
        alone: whether its runs hold the machine alone, also where other cases run beside them.
        whole: whether a data set of it can't be cut into shards: a part of it would be another thing.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    order: ClassVar[int] = 100
    handler: ClassVar[str]
    request_module: ClassVar[str] = ""
    error_metric: ClassVar[str | None] = None
    quality: ClassVar[str | None] = None
    texts_tell: ClassVar[bool] = True
    speed: ClassVar[str] = "rtf"
    curve: ClassVar[tuple[str, str] | None] = None
    columns: ClassVar[Sequence[tuple[str, str]]] = (("latency_p50_s", "latency"), ("peak_rss_mb", "memory"))
    least_needed: ClassVar[Sequence[str]] = ("peak_rss_mb", "device", "interval", "weakest")
    grades: ClassVar[Mapping[str, Any]] = {}
    hub_task: ClassVar[str] = ""
    given_audio: ClassVar[bool] = True
    needs_judge: ClassVar[bool] = False
    may_be_written: ClassVar[bool] = False
    may_speak: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    whole: ClassVar[bool] = False

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        """The requests for `dataset`; sounds of the replies are kept as `artifacts`."""
        raise NotImplementedError

    def requests_with(
        self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts, options: Mapping[str, Any]
    ) -> Requests:
        """As `requests`, of an engine that is loaded with `options`: by default they change nothing."""
        return self.requests(dataset, engine, artifacts)

    def scoring(self) -> Scoring:
        """How its answers become the parts of a record."""
        from .scoring import Scoring

        return Scoring(self.name)

    @property
    def transcripts(self) -> bool:
        """Whether its texts are transcripts, whose errors are counted in words or characters."""
        return self.error_metric is None and self.texts_tell

    def quality_metric(self, error_metric: str) -> str:
        """The metric that a run is ranked by; `error_metric` is `wer` or `cer`, as the run counts."""
        return self.quality or error_metric

    def speaks(self, engine: type[Engine]) -> bool:
        """Whether an engine answers in speech, so that judges are needed."""
        return False

    def hears_prompts(self, engine: type[Engine]) -> bool:
        """Whether an engine is given as speech what the data set has as text, spoken by its `voice`."""
        return False

    def takes_silence(self, engine: Callable[[], type[Engine] | None]) -> bool:
        """Whether an engine can be given a clip in which nobody speaks.

        `engine` imports its module; None where that isn't allowed, or there is no such engine.
        """
        return True

    def anchored(self, dataset: DatasetSpec) -> bool:
        """Whether it counts times from where the speech of a recording ends, so that a detector is asked for it."""
        return False

    def show(self, row: Row) -> Iterable[str]:
        """Notes of the page on one utterance, beside its texts, times and attributes; a few words each."""
        return ()

    def timed_words(self, row: Row) -> Sequence[TimedText]:
        """The words of an answer whose times are known: on the page each lights up while its recording plays."""
        return ()

    def swept(self, run: HasParts) -> SweptRun | None:
        """A curve of the page through the settings of a run's model, by the run's `parts`; None for none."""
        return None

    def lanes(self, row: Row) -> Iterable[Lane]:
        """Lines of a timeline of one utterance, which the page draws above each other."""
        return ()

    def inputs(self, dataset: DatasetSpec) -> Mapping[str, Any]:
        """What else of a data set's spec can change an answer, as JSON: part of the input key."""
        return {}
