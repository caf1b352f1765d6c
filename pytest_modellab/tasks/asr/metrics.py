"""Metrics of recognition: error rates against the reference, and the time of a clip of fixed length."""

from __future__ import annotations

from pytest_modellab.core.metrics.aggregate import Ratio, Single
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, TIME_SPREAD, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.speed import quantile
from pytest_modellab.core.metrics.stored import field
from pytest_modellab.core.text import Unit
from pytest_modellab.tasks.run_metrics import batched

NOBODY_SPEAKS = Missing("no speech in this data set", possible=False)
ONE_AT_A_TIME = Missing("answered one at a time, not in batches", possible=False)
_NO_CLIP = Missing("only recognition is timed on a clip of 5 s")


def nobody_speaks(run: Run) -> Missing | None:
    """Why there is no value over words where every reference was left empty."""
    return NOBODY_SPEAKS if run.wordless else None


def _no_words(run: Run) -> Missing | None:
    languages = languages_counted(run)
    if run.wordless or not languages["characters"]:
        return nobody_speaks(run)
    if languages["words"]:
        return _mixed(run)
    return Missing(f"words aren't divided by spaces in {languages['characters']}: see CER")


def _mixed(run: Run) -> Missing | None:
    """Why there is no rate over languages in which different units are counted."""
    languages = languages_counted(run)
    if run.wordless or not all(languages.values()):
        return nobody_speaks(run)
    return Missing(
        f"words are counted in {languages['words']}, characters in {languages['characters']}: see the macro average"
        " (`macro_error`, for a limit, too) and the rates by language"
    )


def languages_counted(run: Run) -> dict[Unit, str]:
    """The languages of a run by what is counted in them, as text; "" where there are none."""
    found: dict[Unit, dict[str, None]] = {"words": {}, "characters": {}}
    rules = run.rules
    for language in dict.fromkeys(field(run.utterances, "language")):
        normalizer = rules.of(language)
        found[normalizer.unit][normalizer.language or "an unknown language"] = None
    return {unit: ", ".join(sorted(each)) for unit, each in found.items()}


def _one_language(run: Run) -> Missing | None:
    part = run.parts.get("asr")
    if part is not None and sum(each.words.units > 0 for each in part.languages) < 2:
        return Missing("fewer than two languages: see WER or CER", possible=False)
    return nobody_speaks(run)


def _weighted_errors(utterance: Utterance) -> tuple[float, float] | None:
    """Errors and units, weighted so that each language of the run has the same units."""
    transcript, run = utterance.parts.get("asr"), utterance.run
    if transcript is None or "asr" not in run.parts:
        return None
    weight = run.parts["asr"].weights.get(run.rules.of(utterance.row.language).language)
    return None if weight is None else (weight * transcript.words.errors, weight * transcript.words.units)


def _language(utterance: Utterance) -> str:
    return utterance.run.rules.of(utterance.row.language).language


def _no_rate(run: Run) -> Missing:
    if "asr" in run.parts:
        return Missing("no reference has a word left after normalisation")
    without_transcript = "chat" in run.parts
    why = (
        "the model reports no transcript of its input" if without_transcript else f"{run.case.task} has no transcripts"
    )
    return Missing(why, possible=False)


def _word_errors(utterance: Utterance) -> tuple[float, float] | None:
    transcript = utterance.parts.get("asr")
    return None if transcript is None else (transcript.words.errors, transcript.words.units)


def _character_errors(utterance: Utterance) -> tuple[float, float] | None:
    transcript = utterance.parts.get("asr")
    return None if transcript is None else (transcript.characters.errors, transcript.characters.units)


def _padding(utterance: Utterance) -> tuple[float, float] | None:
    batch = utterance.row.batch
    return None if batch is None else (batch.longest_s - utterance.row.audio_s, batch.longest_s)


METRICS = (
    Metric(
        name="wer",
        title="WER",
        unit="%",
        better="lower",
        doc="Word error rate of the corpus: words substituted, deleted and inserted in all utterances, "
        "over the words of all references. May exceed 100 %. For speech synthesis it is intelligibility: of what "
        "the data set's judge, a recogniser, wrote down from the speech, against the text (round trip).",
        aggregate=Ratio(),
        contribution=_word_errors,
        cluster=SPEAKER,
        missing=_no_words,
        empty=_no_rate,
        compared="error rate",
    ),
    Metric(
        name="cer",
        title="CER",
        unit="%",
        better="lower",
        doc="Character error rate of the corpus, as the word error rate; spaces between words count. "
        "In scripts without them it replaces the word error rate.",
        aggregate=Ratio(),
        contribution=_character_errors,
        cluster=SPEAKER,
        missing=_mixed,
        empty=_no_rate,
        compared="error rate",
        said_by="wer",
    ),
    Metric(
        name="macro_error",
        title="Macro error",
        unit="%",
        better="lower",
        doc="Macro average over the languages of the data set: the mean of their WERs; of CERs where words aren't "
        "divided by spaces. Every language counts the same, however many words it has.",
        aggregate=Ratio(),
        contribution=_weighted_errors,
        cluster=SPEAKER,
        stratum=_language,
        missing=_one_language,
        empty=_no_rate,
        compared="error rate",
        column="macro",
    ),
)

CLIP_METRICS = (
    Metric(
        name="clip5_s",
        title="5 s clip",
        unit="s",
        better="lower",
        doc="Median time of a warm call on a fixed clip of five seconds, made of the data set's first utterances; "
        "recognition only.",
        aggregate=Single(lambda run: quantile(run.timing.clip5_calls_s, 0.5), spread=TIME_SPREAD),
        timed="calls",
        tasks=frozenset({"asr"}),
        elsewhere=dict.fromkeys(("tts", "chat", "streaming"), _NO_CLIP),
        missing=batched,
    ),
    Metric(
        name="padded_share",
        title="Padding",
        unit="%",
        better="lower",
        doc="Share of the audio in batches that is padding, were every clip padded to the longest of its batch. "
        "Engines that pad to a window of their own, as Whisper's do to 30 s, pad more.",
        aggregate=Ratio(method=None),
        contribution=_padding,
        tasks=frozenset({"asr"}),
        elsewhere=dict.fromkeys(("tts", "chat", "streaming"), ONE_AT_A_TIME),
        empty=lambda run: ONE_AT_A_TIME,
        compared=NotCompared("it describes the batches, not the model"),
    ),
)
