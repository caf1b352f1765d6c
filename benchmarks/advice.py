"""How often the recommended model is truly worse than another one, by the rules of the scorecard and by simpler ones.

    python benchmarks/advice.py [RUNS]

Five models with true error rates drawn evenly between 8 and 14 % and speeds drawn between 0.05 and 0.5 answer the same
utterances of ten words; speakers and utterances differ in difficulty, the same for all. `values` takes the lowest
measured error rate, and for a fast model the lowest RTF of those within two points of it; `tests` are the rules of
docs/scorecard.md, with the number of words that they ask for and without it. A choice is said to be open where its text
names models that no test tells it apart from, or is provisional.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.reports.scorecard.contest import Contest
from pytest_modellab.reports.scorecard.grade import Grade
from pytest_modellab.reports.scorecard.recommendation import recommend
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status, case_key

MODELS = 5
WORDS = (60, 300, 1_100, 5_000)
UTTERANCE_WORDS = 10
SPEAKERS = 20
SPEAKER_SD, UTTERANCE_SD = 0.4, 0.7
"""Standard deviations of the logarithm of difficulty."""
ROLES = ("primary-asr", "fast-asr")
GAPS = (0.01, 0.03)


@dataclass(frozen=True)
class Drawn:
    """One drawn session: the true rates and speeds, the errors (models, utterances), and the speakers."""

    rates: np.ndarray[Any, Any]
    speeds: np.ndarray[Any, Any]
    errors: np.ndarray[Any, Any]
    speakers: np.ndarray[Any, Any]


def draw(random: np.random.Generator, words: int) -> Drawn:
    count = words // UTTERANCE_WORDS
    rates = random.uniform(0.08, 0.14, MODELS)
    speeds = np.exp(random.uniform(np.log(0.05), np.log(0.5), MODELS))
    speakers = random.integers(0, SPEAKERS, count)
    effects = random.normal(0, SPEAKER_SD, SPEAKERS)[speakers] + random.normal(0, UTTERANCE_SD, count)
    difficulty = np.exp(effects - (SPEAKER_SD**2 + UTTERANCE_SD**2) / 2)
    errors = random.poisson(rates[:, None] * difficulty * UTTERANCE_WORDS)
    return Drawn(rates, speeds, errors, speakers)


def records(drawn: Drawn) -> Iterator[tuple[Row, Record]]:
    """What comparisons read of rows and records, and no more."""
    for model, (errors, speed) in enumerate(zip(drawn.errors, drawn.speeds, strict=True)):
        case = CaseRef(task="asr", model=f"model-{model}", device="cpu", dataset="talk")
        count = len(errors)
        row = Row(
            case=case,
            title=case.model,
            status=Status.PASS,
            figures={"wer": float(errors.sum()) / (count * UTTERANCE_WORDS), "rtf": float(speed)},
            grade=Grade(letter="A"),
            utterances=count,
            words=count * UTTERANCE_WORDS,
            data="d",
            machine="m",
            record="r",
        )
        utterances = [
            SimpleNamespace(
                id=f"{i:05}",
                speaker=str(speaker),
                error=None,
                audio_s=4.0,
                processing_s=4.0 * speed,
                parts={"asr": SimpleNamespace(words=SimpleNamespace(errors=int(wrong), units=UTTERANCE_WORDS))},
            )
            for i, (wrong, speaker) in enumerate(zip(errors, drawn.speakers, strict=True))
        ]
        yield row, cast(Record, SimpleNamespace(case=case, utterances=utterances))


def lowest(drawn: Drawn, role: str) -> int:
    """The model by the values alone."""
    wer = drawn.errors.mean(axis=1) / UTTERANCE_WORDS
    if role == "primary-asr":
        return int(np.argmin(wer))
    near = wer <= wer.min() + 0.02
    return int(np.argmin(np.where(near, drawn.speeds, np.inf)))


def advised(drawn: Drawn, profile: ProfileSpec, role: str) -> tuple[int | None, bool]:
    """The model by the rules of the scorecard, None for none; and whether the choice says that it is not by WER."""
    made = list(records(drawn))
    contest = Contest({case_key(row.case): record for row, record in made})
    found = recommend(role, profile, [row for row, _ in made], contest)
    if found.case is None:
        return None, False
    return int(found.case.model.rpartition("-")[2]), "not told apart" in found.text or bool(found.provisional)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    profiles = default_profiles().roles
    print("| role | words | rules | none | worse by 1 point | of these open | worse by 3 points | of these open |")
    print("|---|---|---|---|---|---|---|---|")
    for role in ROLES:
        anyhow = profiles[role].model_copy(update={"least_words": 0})
        for words in WORDS:
            random = np.random.default_rng(words)
            counts: Counter[tuple[str, str]] = Counter()
            for _ in range(runs):
                drawn = draw(random, words)
                advice = advised(drawn, anyhow, role)
                choices = {
                    "values": (lowest(drawn, role), False),
                    "tests, any number of words": advice,
                    "tests": advice if words >= profiles[role].least_words else (None, False),
                }
                for rules, (model, open_) in choices.items():
                    if model is None:
                        counts[rules, "none"] += 1
                        continue
                    behind = drawn.rates[model] - drawn.rates.min()
                    for gap in GAPS:
                        counts[rules, f"{gap}"] += behind >= gap
                        counts[rules, f"{gap} open"] += behind >= gap and open_
            for rules in choices:
                share = [100 * counts[rules, key] / runs for key in ("none", "0.01", "0.01 open", "0.03", "0.03 open")]
                print(f"| {role} | {words:,} | {rules} | {' | '.join(f'{each:.0f}' for each in share)} |", flush=True)


if __name__ == "__main__":
    main()
