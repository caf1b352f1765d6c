"""The measures by name: what each means, its unit, which way is better, and how it is printed."""

import math
from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "1", "n", "x", "s", "MB", "/min", "price", "dB"]

# Per unit: the suffix, the fewest decimals, and the significant digits that small values get beyond them.
_NOTATION: dict[Unit, tuple[str, int, int]] = {
    "%": (" %", 1, 1),
    "1": ("", 2, 2),
    "n": ("", 0, 1),
    "x": (" x", 0, 2),
    "s": (" s", 2, 2),
    "MB": (" MB", 0, 2),
    "price": ("", 2, 2),
    "/min": (" /min", 1, 2),
    "dB": (" dB", 1, 2),
}
# Below this the digits would only be zeros; it is shown with "<".
_SMALLEST = 1e-5


@dataclass(frozen=True)
class Metric:
    """One measure.

    Attributes:
        name: its key in records and suites.
        title: its heading in reports.
        unit: how values are printed. A "%" is stored as a ratio (0.032 is 3.2 %), the others in the unit
            itself; "1" is a plain ratio, "n" a number of times, "x" a factor, "MB" 10^6 bytes, "/min" a number per
            minute, "price" an amount of money in the currency of the device's price.
        better: which direction is an improvement.
        doc: its definition.
    """

    name: str
    title: str
    unit: Unit
    better: Literal["lower", "higher"]
    doc: str

    @property
    def bound(self) -> Literal["max", "min"]:
        """Which side a limit is on."""
        return "max" if self.better == "lower" else "min"

    def format_gap(self, difference: float) -> str:
        """The size of a difference between two values; of two percentages it is in points."""
        return f"{abs(100 * difference):.3g} points" if self.unit == "%" else self.format(abs(difference))

    def format(self, value: float | None) -> str:
        """`value` for a person: "3.2 %", "0.12", "8.3 x", "1.24 s", "349 MB".

        None, and a value that is not a finite number, is "not available": a missing figure must never look
        like a zero. Nor does rounding turn a small figure into 0, or nearly all into 100 %: "<0.00001".
        """
        if value is None or not math.isfinite(value):
            return "not available"
        suffix, least, significant = _NOTATION[self.unit]
        shown = 100 * value if self.unit == "%" else value
        nearest = 100.0 if self.unit == "%" and shown > 50 else 0.0
        gap = shown - nearest
        if gap == 0:
            return f"{shown:.{least}f}{suffix}"
        if abs(gap) < _SMALLEST:
            return f"{'<' if gap > 0 else '>'}{nearest + math.copysign(_SMALLEST, gap):.5f}{suffix}"
        decimals = max(least, significant - 1 - math.floor(math.log10(abs(gap))))
        return f"{shown:.{decimals}f}{suffix}"


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
        Metric(
            name="judge_wer",
            title="Judge's WER",
            unit="%",
            better="lower",
            doc="WER of the recogniser that judges speech, on people's readings: no voice can be expected to beat it.",
        ),
        Metric(
            name="flawed",
            title="Flawed",
            unit="%",
            better="lower",
            doc="Share of what was spoken that has a fault of structure: silence, clipping, an offset, a length that "
            "no text of this size has, an end that is cut off.",
        ),
        Metric(
            name="distillmos",
            title="DistillMOS",
            unit="1",
            better="higher",
            doc="Mean opinion score of the speech, 1 to 5, as DistillMOS (Stahl & Gamper 2025) predicts it without "
            "listening to any reference; mean over the utterances.",
        ),
        Metric(
            name="dnsmos",
            title="DNSMOS",
            unit="1",
            better="higher",
            doc="Overall mean opinion score of the speech, 1 to 5, as DNSMOS P.835 (Reddy et al. 2022) predicts it; "
            "mean over the utterances.",
        ),
        Metric(
            name="mcd",
            title="MCD",
            unit="dB",
            better="lower",
            doc="Mel-cepstral distortion between the speech and a person's reading of the same text, aligned in time; "
            "mean over the utterances. Another voice is far away even if it is better: for one voice's versions.",
        ),
        Metric(
            name="voice_similarity",
            title="Voice similarity",
            unit="1",
            better="higher",
            doc="Whether all utterances are of one voice: mean cosine of speaker embeddings (Wan et al. 2018), of each "
            "with the first, of the first with the second.",
        ),
        Metric(
            name="first_audio_p50_s",
            title="First audio p50",
            unit="s",
            better="lower",
            doc="Median time until the first piece of audio was there, of a model that streams it.",
        ),
        Metric(
            name="first_audio_p95_s",
            title="First audio p95",
            unit="s",
            better="lower",
            doc="95th percentile of the time until the first piece of audio was there.",
        ),
        Metric(
            name="first_partial_p50_s",
            title="First partial p50",
            unit="s",
            better="lower",
            doc="Median, over the clips, of the time from where the clip begins to the first partial result with a "
            "word; the wait for the word to be spoken is in it.",
        ),
        Metric(
            name="first_partial_p95_s",
            title="First partial p95",
            unit="s",
            better="lower",
            doc="95th percentile of the same.",
        ),
        Metric(
            name="early_partials",
            title="Early partials",
            unit="%",
            better="higher",
            doc="Share of the clips with a partial result that has a word before all of their audio was handed over.",
        ),
        Metric(
            name="final_p50_s",
            title="Final p50",
            unit="s",
            better="lower",
            doc="Median, over the clips, of the time from where the last sample is spoken to the final text; what the "
            "stream is behind by then is in it.",
        ),
        Metric(
            name="final_p95_s",
            title="Final p95",
            unit="s",
            better="lower",
            doc="95th percentile of the same.",
        ),
        Metric(
            name="unstable_words",
            title="Unstable words",
            unit="%",
            better="lower",
            doc="Unstable partial word ratio (Shangguan et al. 2020): words of partial results from the first on that "
            "the next one changes, over the words of the final texts. May exceed 100 %.",
        ),
        Metric(
            name="offline_wer",
            title="Offline WER",
            unit="%",
            better="lower",
            doc="Word error rate of the same model on the same clips, each recognised as a whole.",
        ),
        Metric(
            name="streaming_loss",
            title="Streaming loss",
            unit="%",
            better="lower",
            doc="Word error rate of the final texts less that of the clips recognised as a whole, in points; below 0 "
            "where the stream does better.",
        ),
        Metric(
            name="late_max_s",
            title="Farthest behind",
            unit="s",
            better="lower",
            doc="How far the stream was behind the speaker at most, over all chunks of all clips.",
        ),
        Metric(
            name="kept_up",
            title="Kept up",
            unit="%",
            better="higher",
            doc="Share of the clips in which the stream was never more than a second behind the speaker.",
        ),
        Metric(
            name="reconnects",
            title="Reconnects",
            unit="n",
            better="lower",
            doc="How often a connection to the server was lost and made again, over all clips.",
        ),
        Metric(
            name="backpressure_s",
            title="Back-pressure",
            unit="s",
            better="lower",
            doc="Time that audio had to wait because the server didn't take it any faster, over all clips.",
        ),
        Metric(
            name="answer_accuracy",
            title="Answer accuracy",
            unit="%",
            better="higher",
            doc="Share of the turns with rules whose reply is right by them; one without a reply is wrong.",
        ),
        Metric(
            name="context_kept",
            title="Context kept",
            unit="%",
            better="higher",
            doc="Answer accuracy of the turns that only who remembers an earlier one can answer (`context: true`).",
        ),
        Metric(
            name="agreement_wer",
            title="Agreement WER",
            unit="%",
            better="lower",
            doc="Word errors of what the judge wrote down from spoken replies, against the text of the same replies.",
        ),
        Metric(
            name="missed_replies",
            title="Missed replies",
            unit="%",
            better="lower",
            doc="Share of the turns in which something was said, and no word or sound came back.",
        ),
        Metric(
            name="replies_to_noise",
            title="Replies to noise",
            unit="%",
            better="lower",
            doc="Share of the clips in which nobody speaks that were answered, with a word or a sound.",
        ),
        Metric(
            name="reply_words",
            title="Reply length",
            unit="1",
            better="lower",
            doc="Words of a reply, the median of those that have any.",
        ),
        Metric(
            name="first_token_p50_s",
            title="First token p50",
            unit="s",
            better="lower",
            doc="Time until the first of a reply's text was there, the median.",
        ),
        Metric(
            name="first_token_p95_s",
            title="First token p95",
            unit="s",
            better="lower",
            doc="Time until the first of a reply's text was there, 95 % of replies.",
        ),
        Metric(
            name="onset_p50_s",
            title="Onset p50",
            unit="s",
            better="lower",
            doc="Time until the first of a reply was there, as sound where the model speaks, else as text; the median.",
        ),
        Metric(
            name="onset_p95_s",
            title="Onset p95",
            unit="s",
            better="lower",
            doc="Time until the first of a reply was there, as sound where the model speaks, else as text; 95 %.",
        ),
    )
}
