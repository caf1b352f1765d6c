"""The measures by name: what each means, its unit, which way is better."""

from .metric import Metric, Unit
from .of_tasks import OF_TASKS

__all__ = ["METRICS", "TIMED", "WITH_INTERVAL", "Metric", "Unit", "noise_of"]

WITH_INTERVAL = frozenset(
    {
        *("wer", "cer", "success_rate", "rtf", "latency_p50_s", "latency_p95_s"),
        *("looped", "truncated", "glossary_recall", "number_recall", "name_recall"),
        *("punctuation_error", "casing_error", "language_accuracy"),
        *("flawed", "distillmos", "dnsmos", "mcd", "voice_similarity", "first_audio_p50_s", "first_audio_p95_s"),
        *("first_partial_p50_s", "first_partial_p95_s", "final_p50_s", "final_p95_s"),
        *("early_partials", "unstable_words", "offline_wer", "kept_up"),
        *("answer_accuracy", "context_kept", "agreement_wer", "missed_replies", "replies_to_noise"),
        *("first_token_p50_s", "first_token_p95_s", "onset_p50_s", "onset_p95_s"),
    }
)
"""Metrics of many utterances, whose interval a limit can be judged by; the others are single measurements."""

TIMED = frozenset(
    {
        *("rtf", "rtfx", "latency_p50_s", "latency_p95_s", "clip5_s", "load_s", "first_call_s", "cost_per_audio_hour"),
        *("first_audio_p50_s", "first_audio_p95_s"),
        *("first_partial_p50_s", "first_partial_p95_s", "final_p50_s", "final_p95_s"),
        *("late_max_s", "kept_up", "backpressure_s"),
        *("first_token_p50_s", "first_token_p95_s", "onset_p50_s", "onset_p95_s"),
    }
)
"""Metrics that a noisy machine makes worse than they are."""

_LOADING = frozenset({"load_s", "first_call_s"})
"""Those of them that are over before calls are timed."""


def noise_of(metric: str, noisy: str | None, noisy_loading: str | None) -> str | None:
    """Why a figure can't be relied on, of a run whose calls and whose loading were noisy for these reasons.

    None where nothing speaks against it, and for what is no time.
    """
    if metric not in TIMED:
        return None
    return (noisy_loading if metric in _LOADING else None) or noisy


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="wer",
            title="WER",
            unit="%",
            better="lower",
            doc="Word error rate of the corpus: words substituted, deleted and inserted in all utterances, "
            "over the words of all references. May exceed 100 %. For speech synthesis it is intelligibility: of what "
            "the data set's judge, a recogniser, wrote down from the speech, against the text (round trip).",
        ),
        Metric(
            name="cer",
            title="CER",
            unit="%",
            better="lower",
            doc="Character error rate of the corpus, as the word error rate; spaces between words count. "
            "In scripts without them it stands in place of the word error rate.",
        ),
        Metric(
            name="rtf",
            title="RTF",
            unit="1",
            better="lower",
            doc="Real-time factor: total processing time over total audio time, for speech synthesis of the audio "
            "made. Real time is 1.",
        ),
        Metric(
            name="rtfx",
            title="RTFx",
            unit="x",
            better="higher",
            doc="Inverse real-time factor: seconds of audio processed per second.",
        ),
        Metric(
            name="latency_p50_s",
            title="Latency p50",
            unit="s",
            better="lower",
            doc="Median time of a warm call, over the utterances.",
        ),
        Metric(
            name="latency_p95_s",
            title="Latency p95",
            unit="s",
            better="lower",
            doc="95th percentile of the time of a warm call, over the utterances.",
        ),
        Metric(
            name="clip5_s",
            title="5 s clip",
            unit="s",
            better="lower",
            doc="Median time of a warm call on a fixed clip of five seconds, made of the data set's first utterances; "
            "recognition only.",
        ),
        Metric(
            name="load_s",
            title="Load",
            unit="s",
            better="lower",
            doc="Cold load in a fresh process: from importing the library until the model is ready.",
        ),
        Metric(
            name="first_call_s",
            title="First call",
            unit="s",
            better="lower",
            doc="Time of the first call after loading, with whatever is still built or compiled in it.",
        ),
        Metric(
            name="cost_per_audio_hour",
            title="Cost",
            unit="price",
            better="lower",
            doc="Price of the device time that an hour of audio takes, one clip after the other: RTF times the price "
            "of an hour of the device in devices.yaml.",
        ),
        Metric(
            name="peak_rss_mb",
            title="Peak memory",
            unit="MB",
            better="lower",
            doc="Peak resident set size of the model's own process, in 10^6 bytes.",
        ),
        Metric(
            name="peak_device_mb",
            title="Device memory",
            unit="MB",
            better="lower",
            doc="Highest memory of the model's process on NVIDIA devices, by NVML after each answer, in 10^6 bytes.",
        ),
        Metric(
            name="model_size_mb",
            title="Model size",
            unit="MB",
            better="lower",
            doc="The model's files on disk, in 10^6 bytes.",
        ),
        Metric(
            name="success_rate",
            title="Success rate",
            unit="%",
            better="higher",
            doc="Share of the utterances for which the engine returned a result.",
        ),
        Metric(
            name="insertions_per_min",
            title="Insertions",
            unit="/min",
            better="lower",
            doc="Words written where nobody speaks, per minute of such audio: in answers to utterances whose reference "
            "has no words.",
        ),
        Metric(
            name="looped",
            title="Looped",
            unit="%",
            better="lower",
            doc="Share of the answers that hold a loop: up to 40 words four or more times in a row, more than twice as "
            "often as in the reference; or a text that zlib compresses more than 2.4 times, and 1.5 times better than "
            "the reference.",
        ),
        Metric(
            name="truncated",
            title="Truncated",
            unit="%",
            better="lower",
            doc="Share of the answers that stop three or more words short of their reference, of those whose reference "
            "has more than three.",
        ),
        Metric(
            name="length_deviation",
            title="Length deviation",
            unit="%",
            better="lower",
            doc="How far the words of all answers, over the words of their references, are from 1, above or below.",
        ),
        Metric(
            name="glossary_recall",
            title="Glossary recall",
            unit="%",
            better="higher",
            doc="Share of the data set's glossary terms said that stand in the answer to the same utterance.",
        ),
        Metric(
            name="name_recall",
            title="Name recall",
            unit="%",
            better="higher",
            doc="Share of the data set's names said that stand in the answer to the same utterance.",
        ),
        Metric(
            name="number_recall",
            title="Number recall",
            unit="%",
            better="higher",
            doc="Share of the numbers said that stand in the answer to the same utterance, in their order.",
        ),
        Metric(
            name="worst_slice_wer",
            title="Worst slice WER",
            unit="%",
            better="lower",
            doc="Highest WER of a part of the data (a speaker, language, kind, band of signal-to-noise ratio or of "
            "duration) with at least 100 reference words in 5 utterances.",
        ),
        Metric(
            name="punctuation_error",
            title="Punctuation error",
            unit="%",
            better="lower",
            doc="Marks missing, put in or of another kind, over the places where reference or answer has one, behind "
            "words that answer each other, in utterances whose reference is punctuated.",
        ),
        Metric(
            name="casing_error",
            title="Casing error",
            unit="%",
            better="lower",
            doc="Recognised words whose capital and small letters differ, over recognised words, in utterances whose "
            "reference has both.",
        ),
        Metric(
            name="language_accuracy",
            title="Language accuracy",
            unit="%",
            better="higher",
            doc="Share of the answers whose language, left to the model to detect, was the utterance's.",
        ),
        *OF_TASKS,
    )
}
