"""Files of the cache by their digest, stored by several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytest_modellab.assets.store.blobs import Blobs


def test_the_same_content_may_be_taken_by_many_at_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    for content in range(20):
        pieces = [b"speech", str(content).encode()]
        with ThreadPoolExecutor(8) as pool:
            (sha256,) = set(pool.map(blobs.take, [pieces] * 24))
        assert blobs.verified(sha256) is not None
    assert list((tmp_path / "tmp").iterdir()) == []
