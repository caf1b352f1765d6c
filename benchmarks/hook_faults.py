"""Does the pre-push hook stop what it should? `python benchmarks/hook_faults.py [UTTERANCES] [RUNS]`.

A git repository with tiny.en (int8, beam 1) in a wrapper, the first UTTERANCES clips (120 by default) of prompts-en
and the answers of a good run as baseline. Then RUNS pushes (20 by default) of commits with a fault planted in the
wrapper, in turn one word in fifteen dropped, audio degraded to five bits, the wrong language; and as many of a commit
without one. Every push is measured afresh.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import yaml
from overhead import ROOT, write_catalog

from pytest_modellab.catalog import known

FAULTS = ("dropped words", "degraded audio", "wrong language")
GIT = ("git", "-c", "user.name=runner", "-c", "user.email=runner@example.org", "-c", "commit.gpgsign=false")


class Repository:
    def __init__(self, folder: Path, utterances: int) -> None:
        self.folder = folder
        paths = [str(Path(__file__).parent / "faulty_engine"), os.environ.get("PYTHONPATH", "")]
        self.variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        write_catalog(folder, utterances)
        for path in (folder / "lab" / "models").iterdir():
            path.unlink()
        shutil.copy(ROOT / "suites" / "test_05_baseline.py", folder)
        limits = {"schema": "modellab.limits/1", "limits": [{"metric": "success_rate", "min": 1.0}]}
        (folder / "lab" / "limits.yaml").write_text(yaml.safe_dump(limits))
        (folder / ".gitignore").write_text("reports/*\n!reports/baselines\nremote.git\n__pycache__\n")
        self.model("none")
        self.done("git", "init", "-q", "-b", "main")
        self.done("git", "init", "-q", "--bare", "remote.git")
        self.done("git", "remote", "add", "origin", "remote.git")
        self.done(sys.executable, "-m", "pytest", "-q", "-m", "smoke")
        self.done(sys.executable, "-m", "pytest_modellab.cli", "baseline", "save")
        self.commit("good")
        self.done(sys.executable, "-m", "pytest_modellab.cli", "hook", "install")

    def model(self, fault: str) -> None:
        spec = known.content("faster-whisper-tiny.en")
        spec |= {"id": "tiny", "engine": "faulty-whisper", "tiers": ["smoke"], "languages": []}
        spec |= {"options": {"beam_size": 1, "fault": fault}, "devices": {"cpu": spec["devices"]["cpu"]}}
        (self.folder / "lab" / "models" / "tiny.yaml").write_text(yaml.safe_dump(spec))

    def done(self, *command: str) -> None:
        found = self.run(*command)
        if found.returncode:
            sys.exit(f"{' '.join(command)}\n{found.stdout}{found.stderr}")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        start = GIT if command[0] == "git" else command[:1]
        return subprocess.run(
            [*start, *command[1:]], cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )

    def commit(self, message: str) -> None:
        self.done("git", "add", ".")
        self.done("git", "commit", "-q", "--allow-empty", "-m", message)

    def pushed(self, fault: str, branch: str) -> bool:
        """Whether a commit with `fault` gets through the hook, measured afresh."""
        self.model(fault)
        self.commit(fault)
        shutil.rmtree(self.folder / "reports" / "runs")
        found = self.run("git", "push", "origin", f"HEAD:refs/heads/{branch}")
        there = self.run("git", "ls-remote", "--exit-code", "origin", f"refs/heads/{branch}").returncode == 0
        if there != (fault == "none"):
            print(found.stdout + found.stderr)
        return there


def main() -> None:
    utterances = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as name:
        repository = Repository(Path(name), utterances)
        stopped: Counter[str] = Counter()
        passed = 0
        for i in range(runs):
            fault = FAULTS[i % len(FAULTS)]
            stopped[fault] += not repository.pushed(fault, f"faulty-{i}")
            passed += repository.pushed("none", f"clean-{i}")
            print(f"{i + 1} of {runs}: {stopped.total()} faults stopped, {passed} clean commits passed", flush=True)
    told = ", ".join(f"{fault} {count}" for fault, count in stopped.items())
    print(
        f"{utterances} utterances: {stopped.total()} of {runs} faults stopped ({told}); {passed} of {runs} clean pushed"
    )


if __name__ == "__main__":
    main()
