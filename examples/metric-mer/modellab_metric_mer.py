"""Match error rate, as `jiwer.mer` defines it: word errors over all places where reference and answer were aligned."""

from pytest_modellab import SPEAKER, Metric, Ratio


def errors_of_matches(utterance):
    transcript = utterance.parts.get("asr")
    return transcript and (transcript.words.errors, transcript.words.errors + transcript.words.hits)


MER = Metric(
    name="mer",
    title="MER",
    unit="%",
    better="lower",
    doc="Match error rate: word errors over all word matches, right and wrong. At most 100 %.",
    aggregate=Ratio(),
    contribution=errors_of_matches,
    cluster=SPEAKER,
    column="MER",
)
