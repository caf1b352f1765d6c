"""The measures that only speech, streams or dialogues have."""

from .metric import Metric

OF_TASKS: tuple[Metric, ...] = (
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
