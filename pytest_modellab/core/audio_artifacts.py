"""Synthesized speech as FLAC files by content: `reports/audio/<first two digits>/<digest>.flac`, each stored once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from . import audio
from .atomic import replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_BYTES = 50_000_000
"""Of the sound of one record: some half an hour at 24 kHz. What is beyond goes once it has been judged."""


class AudioArtifacts:
    """A folder of audio files, named by digest."""

    def __init__(self, reports: Path) -> None:
        self._folder = reports / "audio"

    def keep(self, samples: NDArray[np.float32], rate: int) -> str:
        """Store samples of shape (n,) at `rate` Hz as 16-bit FLAC; the digest of their rate and 16-bit values.

        What is beyond full scale is clipped. Raises OSError.
        """
        import numpy as np
        import soundfile

        pcm = np.clip(np.rint(samples.astype(np.float64) * 32767), -32768, 32767).astype("<i2")
        digest = hashlib.sha256(f"{rate}\n".encode() + pcm.tobytes()).hexdigest()
        path = self.path(digest)
        if path.exists():
            return digest
        with replacing(path) as file:
            soundfile.write(file, pcm, rate, format="FLAC", subtype="PCM_16")
        return digest

    def path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.flac"

    def samples(self, digest: str, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,) at `rate` Hz. Raises audio.AudioError."""
        return audio.load(self.path(digest), rate)

    def bound(self, digests: Iterable[str]) -> None:
        """Remove what is beyond `KEPT_BYTES`, the last first."""
        total = 0
        for digest in dict.fromkeys(digests):
            path = self.path(digest)
            if path.exists():
                total += path.stat().st_size
                if total > KEPT_BYTES:
                    path.unlink()
