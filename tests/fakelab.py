"""A scratch repository with a catalog whose models are fakes: for faults, bookkeeping and scale."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import soundfile
import yaml
from configs import without

from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.fixed_clip import CLIP_S

SUITE = """
import pytest

pytestmark = pytest.mark.asr


def test_wer(run, limits):
    assert run.wer <= limits.wer


def test_success(run):
    assert run.success_rate >= 1.0
"""

QUIET = """
import pytest_modellab.results.conditions as conditions

conditions.CORE_WAIT_BOUND = conditions.SPREAD_BOUND = 1e9
"""

# Samples of the first clip; each further one is a little longer, which is how the fake engine tells them apart.
FIRST_LENGTH = 4000
STEP = 100


class FakeCatalog:
    """Writes a catalog, and reads what was made of it. Every data set holds the same clips."""

    texts: Sequence[str] = ("one fine day", "two fine days", "three fine days")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.catalog = self.path / "lab"
        for name in ("models", "datasets"):
            (self.catalog / name).mkdir(parents=True)
        self.log = self.path / "engine.log"

    def size(self, index: int) -> str:
        """What the fake engine knows the clip by."""
        return str(FIRST_LENGTH + STEP * index)

    def model(self, id: str = "fake", *, wrong: Mapping[int, str] | None = None, **options: Any) -> Path:
        """A model that answers every clip rightly, but for `wrong`: clip index -> text."""
        answers = {self.size(i): text for i, text in enumerate(self.texts)}
        answers |= {self.size(i): text for i, text in (wrong or {}).items()}
        return self.spec(
            f"models/{id}.yaml",
            {
                "schema": "modellab.model/1",
                "id": id,
                "engine": options.pop("engine", "fake-for-tests"),
                "tasks": ["asr"],
                "tiers": options.pop("tiers", ["smoke", "real_e2e"]),
                "timeouts": options.pop("timeouts", {"utterance_s": 30, "load_s": 30}),
                "devices": options.pop("devices", {"cpu": {}}),
                "options": {"answers": answers, "log": str(self.log), **options},
            },
        )

    def dataset(self, id: str = "clips", **extra: Any) -> Path:
        """A data set of `texts`, as a manifest beside short clips of noise."""
        folder = self.catalog / "datasets"
        random = np.random.default_rng(0)
        rows = []
        for i, text in enumerate(self.texts):
            samples = random.normal(0, 0.1, int(self.size(i))).astype(np.float32)
            soundfile.write(folder / f"{id}-{i}.wav", samples, 16_000, subtype="PCM_16")
            rows.append(json.dumps({"audio_filepath": f"{id}-{i}.wav", "text": text, "id": f"clip-{i}"}))
        (folder / f"{id}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return self.spec(
            f"datasets/{id}.yaml",
            {
                "schema": "modellab.dataset/1",
                "id": id,
                "tasks": ["asr"],
                "tiers": ["smoke", "real_e2e"],
                "language": "en",
                "manifest": f"{id}.jsonl",
                **extra,
            },
        )

    def limits(self, *limits: Mapping[str, Any]) -> Path:
        return self.spec("limits.yaml", {"schema": "modellab.limits/1", "limits": list(limits)})

    def roles_of_any_size(self) -> Path:
        """The default roles, given on however few words."""
        data = default_profiles().model_dump(mode="json", by_alias=True)
        for role in data["roles"].values():
            role["least_words"] = 0
        return self.spec("profiles.yaml", data)

    def spec(self, name: str, data: Mapping[str, Any]) -> Path:
        path = self.catalog / name
        path.write_text(yaml.safe_dump(dict(data), sort_keys=False), encoding="utf-8")
        return path

    def ready(self, **options: Any) -> Self:
        """One model, one data set, one limit."""
        self.model(**options)
        self.dataset()
        self.limits({"metric": "wer", "max": 0.1})
        return self

    def records(self) -> list[Record]:
        """Every record so far, the oldest first."""
        paths = sorted((self.path / "reports" / "runs").rglob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [read(path) for path in paths]

    def record(self) -> Record:
        (record,) = self.records()
        return record

    def clips_heard(self) -> list[str]:
        """The clips that fake engines were given, in order, by size; the fixed clip of timing left out."""
        fixed = str(round(CLIP_S * 16_000))
        return [line for line in self.engine_log() if line.isdigit() and line != fixed]

    def engine_log(self) -> list[str]:
        """What the fake engines did, in order: `load`, a clip's size, `close`."""
        return self.log.read_text().split() if self.log.exists() else []


class FakeLab(FakeCatalog):
    """Writes the catalog and runs pytest on it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        super().__init__(pytester.path)
        self.pytester = pytester
        # A page takes longer than such a session does; tests of it ask for one.
        pytester.makeini("[pytest]\nmodellab_catalog = lab\nmodellab_page = false\n")
        pytester.makepyfile(test_suite=SUITE)
        self.subprocess = False

    def quiet(self) -> FakeLab:
        """Let nothing count as noise: for tests of speed, which run beside others. In processes of their own."""
        self.pytester.makeconftest(QUIET)
        self.subprocess = True
        return self

    def run(self, *arguments: str) -> pytest.RunResult:
        """pytest with these arguments: in this process, which is quicker, unless xdist is asked for.

        The whole scorecard is printed, unless they say otherwise.

        xdist hands its workers the sys.path of interpreter start-up, where the fake engine is only found through
        PYTHONPATH.
        """
        if not any(argument.startswith("--lab-card") for argument in arguments):
            arguments = ("--lab-card=full", *arguments)
        if self.subprocess or any(argument.startswith("-n") and argument != "-n0" for argument in arguments):
            # Nor are hypothesis and anyio wanted there, which take a while to import.
            unwanted = without("cacheprovider", "hypothesispytest", "anyio")
            return self.pytester.runpytest_subprocess(*unwanted, *arguments)
        return self.pytester.runpytest_inprocess(*without("cacheprovider"), *arguments)

    def scorecard(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads((self.path / "reports" / "scorecard.json").read_text(encoding="utf-8"))
        return card
