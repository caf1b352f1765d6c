"""Metrics of translation, by sacrebleu's definitions."""

from __future__ import annotations

from pytest_modellab.core.metrics.aggregate import Ratio
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Metric, Missing

from .corpus_scores import CorpusScore
from .record import counts_of, translations_of

_TASKS = frozenset({"translate"})


def _bleu(utterance: Utterance) -> list[float] | None:
    counts = counts_of(utterance)
    return None if counts is None else [float(each) for each in counts.bleu]


def _chrf(utterance: Utterance) -> list[float] | None:
    counts = counts_of(utterance)
    return None if counts is None else [float(each) for each in counts.chrf]


def _edits(utterance: Utterance) -> tuple[float, float] | None:
    counts = counts_of(utterance)
    return None if counts is None else (counts.edits, counts.reference_words)


def _unscored(run: Run) -> Missing | None:
    found = translations_of(run)
    return None if found is None or found.unscored is None else Missing(found.unscored)


METRICS = (
    Metric(
        name="chrf",
        title="chrF",
        unit="points",
        better="higher",
        doc="chrF2 of the corpus, 0 to 100: F score of character n-grams up to six, recall counting twice "
        "(sacrebleu's, whose signature is in the record).",
        aggregate=CorpusScore("chrf"),
        contribution=_chrf,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_unscored,
        compared="intervals",
    ),
    Metric(
        name="bleu",
        title="BLEU",
        unit="points",
        better="higher",
        doc="BLEU of the corpus, 0 to 100, on raw text with case and punctuation (sacrebleu's, whose signature is in "
        "the record).",
        aggregate=CorpusScore("bleu"),
        contribution=_bleu,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_unscored,
        compared="intervals",
    ),
    Metric(
        name="ter",
        title="TER",
        unit="%",
        better="lower",
        doc="Translation edit rate of the corpus: words inserted, deleted and substituted, and phrases shifted, over "
        "the words of the references (sacrebleu's). May exceed 100 %.",
        aggregate=Ratio(),
        contribution=_edits,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_unscored,
        compared="error rate",
    ),
)
