"""Are faults in an engine wrapper found? `python benchmarks/planted_faults.py [DATASET] [RERUNS]`.

Runs Whisper base (int8, beam 1) on a real data set, prompts-en by default, and keeps its answers as the baseline. Then
the same with a fault planted in the wrapper: one word in fifteen dropped, the wrong language, audio degraded to five
bits. Then RERUNS times afresh without a fault, and a thousand random swaps between the baseline's answers and those of
the degraded run, which share no systematic difference once swapped: how often does the comparison raise an alarm?
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from pytest_modellab.catalog import known
from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.paired import compare
from pytest_modellab.results import baseline
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read

ROOT = Path(__file__).parent.parent
MODEL = "faster-whisper-base"
FAULTS = ("dropped words", "wrong language", "degraded audio")
SWAPS = 1000


def catalog(folder: Path, fault: str) -> None:
    """This repository's catalog without its limits, and `fault` in one of its models."""
    shutil.copytree(ROOT / "fixtures", folder / "lab", dirs_exist_ok=True)
    (folder / "lab" / "limits.yaml").unlink(missing_ok=True)
    spec = known.content(MODEL)
    spec |= {"engine": "faulty-whisper", "tiers": ["smoke", "real_e2e"], "options": {"beam_size": 1, "fault": fault}}
    spec["devices"] = {"cpu": spec["devices"]["cpu"]}
    (folder / f"lab/models/{MODEL}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    (folder / "pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\n")
    (folder / "test_run.py").write_text("def test_run(run): assert run.wer < 10\n")


def run(folder: Path, fault: str, dataset: str) -> Record:
    """One fresh session."""
    catalog(folder, fault)
    before = set((folder / "reports").rglob("runs/**/*.json"))
    paths = [str(Path(__file__).parent / "faulty_engine"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "smoke or real_e2e"]
    done = subprocess.run(
        [*command, "--lab-model", MODEL, "--lab-dataset", dataset, "--lab-fresh"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    new = set((folder / "reports").rglob("runs/**/*.json")) - before
    if len(new) != 1:
        sys.exit(done.stdout + done.stderr)
    return read(new.pop())


def main() -> None:
    dataset = sys.argv[1] if len(sys.argv) > 1 else "prompts-en"
    reruns = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = run(folder, "none", dataset)
        saved = baseline.of(good)
        interval = good.interval("wer")
        shown = "" if interval is None else f" [{interval.low:.2%}, {interval.high:.2%}]"
        print(f"{dataset}: WER {good.value('wer'):.2%}{shown}, {good.summary.utterances} utterances", flush=True)
        spoiled = good
        for fault in FAULTS:
            spoiled = run(folder, fault, dataset)
            print(f"{fault}: {baseline.against(spoiled, saved)}", flush=True)
        print(f"swaps: {swaps(good, spoiled) / SWAPS:.1%} of {SWAPS} raise an alarm", flush=True)
        outcomes = [baseline.against(run(folder, "none", dataset), saved).finding.outcome for _ in range(reruns)]
        print(f"reruns: {outcomes.count('unchanged')} of {reruns} are unchanged")


def swaps(one: Record, other: Record) -> int:
    """Alarms among pairs whose answers are swapped at random, utterance by utterance: there is nothing to find."""
    random = np.random.default_rng(0)

    def errors(record: Record) -> list[int]:
        return [each.errors for each in record.utterances]

    pair = np.array([errors(one), errors(other)])
    words = [each.parts["asr"].words.units for each in one.utterances]
    clusters = [each.speaker for each in one.utterances]
    alarms, places = 0, np.arange(pair.shape[1])
    for _ in range(SWAPS):
        chosen = random.integers(0, 2, pair.shape[1])
        found = compare(pair[chosen, places].tolist(), pair[1 - chosen, places].tolist(), words, clusters, 1000)
        alarms += found is not None and found.p_rise <= ALPHA
    return alarms


if __name__ == "__main__":
    main()
