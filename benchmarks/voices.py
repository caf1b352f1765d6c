"""Do voices rank as ears would rank them? `python benchmarks/voices.py [GOOD] [FLOOR] [DATASET]`.

Runs both voices (kokoro-heart and espeak-ng-en on speak-en by default; what did not change is not run again), and tells
the paired differences of their round-trip WER and their predicted quality, utterance by utterance. Then spoils what the
good one said: white noise at 20 and at 0 dB has to lower its predicted quality step by step, and an utterance without
its last third has to be seen as broken off, by its sound or by what the judge hears.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import numpy as np

from pytest_modellab.catalog.datasets import degraded
from pytest_modellab.catalog.load import load
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics import hidden_errors
from pytest_modellab.core.metrics.pace import hurried, pace
from pytest_modellab.core.metrics.speech import analyse_speech
from pytest_modellab.core.stats.intervals import mean_interval
from pytest_modellab.engines.base import Clip
from pytest_modellab.results import baseline
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import newest_first, read
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.judge_setup import predictor, set_up_judges
from pytest_modellab.runner.judges import Listener
from pytest_modellab.runner.local import LocalWorker
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session
from pytest_modellab.tasks.tts.record import speech_of

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"


def measured(model: str, dataset: str) -> Record:
    """The newest record of a voice, measured now unless nothing has changed."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "real_e2e", "suites/test_20_tts.py"]
    subprocess.run([*command, "--lab-model", model, "--lab-dataset", dataset], cwd=ROOT, check=False)
    return read(newest_first((REPORTS / "runs" / model / "tts").glob(f"*-{dataset}-*.json"))[0])


def interval(values: Sequence[float]) -> str:
    found = mean_interval(values)
    assert found is not None
    return f"{mean(values):+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def scores(name: str, clips: Sequence[Clip]) -> list[float]:
    order = predictor(name, {"kind": "cpu", "index": 0, "shared": False}, 0)
    with Listener(name, order, lambda _: LocalWorker()) as listener:
        return [listener.rate_clip(clip) for clip in clips]


def main() -> None:
    good, floor, dataset = (*sys.argv[1:], *("kokoro-heart", "espeak-ng-en", "speak-en")[len(sys.argv) - 1 :])
    first, second = measured(good, dataset), measured(floor, dataset)
    for record in (first, second):
        shown = ", ".join(
            f"{name} {record.value(name)}" for name in ("wer", "judge_wer", "distillmos", "dnsmos", "rtf")
        )
        print(f"{record.case.model}: {shown}")
    print(f"{floor} against {good}, WER: {baseline.against(second, baseline.of(first))}")
    for name in ("distillmos", "dnsmos"):
        pairs = [
            (one.quality[name], other.quality[name])
            for a, b in zip(first.utterances, second.utterances, strict=True)
            if (one := speech_of(a)) and (other := speech_of(b)) and name in one.quality and name in other.quality
        ]
        if pairs:
            print(f"{name}, {floor} - {good}, mean of {len(pairs)}: {interval([b - a for a, b in pairs])}")
    spoil(first)


def spoil(record: Record) -> None:
    """Noise, and the last third gone."""
    sounds = AudioArtifacts(REPORTS)
    said = [(each, speech) for each in record.utterances if (speech := speech_of(each)) and speech.audio]
    rate = 16_000
    clean = [sounds.samples(str(speech.audio), rate) for _, speech in said]
    random = np.random.default_rng(0)

    def noisy(snr_db: float) -> list[Clip]:
        mixed = [degraded.mixed(each.astype(np.float64), degraded.white(len(each), random), snr_db) for each in clean]
        return [Clip(np.clip(each, -1, 1).astype(np.float32), rate) for each in mixed]

    levels = [("clean", [Clip(each, rate) for each in clean]), ("20 dB", noisy(20)), ("0 dB", noisy(0))]
    rated = {name: scores("distillmos", clips) for name, clips in levels}
    print("distillmos in noise: " + ", ".join(f"{name} {mean(each):.2f}" for name, each in rated.items()))
    falling = [a > b > c for a, b, c in zip(*rated.values(), strict=True)]
    print(f"falls step by step in {sum(falling)} of {len(falling)} utterances")

    cut = [each[: len(each) * 2 // 3] for each in clean]
    references = [result.reference for result, _ in said]
    looked = [analyse_speech(each, rate, text) for each, text in zip(cut, references, strict=True)]
    faults = [each.faults for each in looked]
    paces = [
        pace(text, len(each) / rate, found.silence) for each, text, found in zip(cut, references, looked, strict=True)
    ]
    whole = [pace(result.reference, speech.seconds, speech.silence) for result, speech in said]
    # Each compared with the others, which are whole.
    quick = [hurried([*whole[:i], each, *whole[i + 1 :]])[i] is not None for i, each in enumerate(paces)]
    loud = [any("cut off" in fault for fault in each) for each in faults]
    catalog = load(ROOT / "fixtures", ROOT)
    judge = catalog.datasets[record.case.dataset].judge
    assert judge is not None
    runner = Runner(catalog, Session(REPORTS, "benchmark", own=True), Settings())
    dataset = catalog.datasets[record.case.dataset]
    judges = set_up_judges(judge.model_copy(update={"quality": (), "readings": None}), dataset, runner)
    normalize = record.rules.of("en")
    with Listener(judges.model, judges.order, runner.start_worker) as listener:
        heard = [listener.transcribe(Clip(each, rate, "en")) for each in cut]
    lost = [
        hidden_errors.lost_end(normalize(reference).split(), normalize(text).split()) >= hidden_errors.LOST_WORDS
        for reference, text in zip(references, heard, strict=True)
    ]
    caught = [any(each) for each in zip(loud, quick, lost, strict=True)]
    how = f"{sum(loud)} by their end, {sum(quick)} by their pace, {sum(lost)} by the words"
    print(f"without the last third: {how}; {sum(caught)} of {len(caught)} caught")
    print(
        "missed: "
        + (", ".join(result.id for (result, _), each in zip(said, caught, strict=True) if not each) or "none")
    )
    runner.session.end(whole=True)


if __name__ == "__main__":
    main()
