"""Writes the checkpoint that openai-whisper loads: `model.pt`, by torch in a process of its own.

`python -m pytest_modellab.assets.convert.openai_whisper SOURCE FILE` is that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import whisper
from .errors import WeightsDamaged

FILE = "model.pt"
_REFUSED = 3


def write(source: Path, folder: Path, python: str = sys.executable) -> None:
    """Write `model.pt` into `folder` by an interpreter that has torch. Raises WeightsDamaged."""
    done = subprocess.run(
        [python, "-P", "-m", __name__, str(source), str(folder / FILE)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode == _REFUSED:
        raise WeightsDamaged(done.stderr.strip())
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise WeightsDamaged(f"{source} could not be written as a checkpoint (exit code {done.returncode}):\n{last}")


def _save(source: Path, file: Path) -> None:
    import torch

    model = whisper.read(source)
    dims = asdict(model.dims)
    # Copies: torch wants memory that it may write to, and the file is mapped read-only.
    tensors = {name: torch.from_numpy(values.copy()) for name, values in model.tensors.items()}
    torch.save({"dims": dims, "model_state_dict": tensors}, file)
    found: dict[str, Any] = torch.load(file, weights_only=True)
    state = found["model_state_dict"]
    same = found["dims"] == dims and list(state) == list(tensors)
    if not same or not all(torch.equal(state[name], values) for name, values in tensors.items()):
        raise WeightsDamaged(f"{file} holds other weights than were written")


def main() -> int:
    source, file = map(Path, sys.argv[1:])
    try:
        _save(source, file)
    except WeightsDamaged as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
