"""The same clips as a table, a Kaldi folder, cuts, a data set of the hub, and on shared storage."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from fakelab import FakeCatalog
from webserver import REVISION

REPO = "lab/calls"
HEAD = {"schema": "modellab.dataset/1", "tasks": ["asr"], "tiers": ["smoke", "real_e2e"], "language": "en"}


def clips(catalog: FakeCatalog) -> tuple[Path, list[dict[str, Any]]]:
    """Write the clips of a fake catalog, and give their folder and the rows of their manifest."""
    catalog.dataset().unlink()
    manifest = catalog.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    manifest.unlink()
    for number, row in enumerate(rows):
        row |= {"speaker": f"s{number % 2}", "accent": "welsh"}
    return manifest.parent, rows


def write_spec(catalog: FakeCatalog, form: Mapping[str, Any], **more: Any) -> Path:
    return catalog.spec("datasets/clips.yaml", {**HEAD, "id": "clips", **form, **more})


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> None:
    names = list(rows[0])
    lines = [delimiter.join(names), *(delimiter.join(str(row[name]) for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_parquet(
    path: Path, rows: Sequence[Mapping[str, Any]], folder: Path, *, embedded: bool, group: int = 2
) -> None:
    """A Parquet file of the rows; `embedded`: with the audio in it, as Hugging Face's library writes it."""
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    names = columns.pop("audio_filepath")
    columns["audio"] = [{"bytes": (folder / name).read_bytes(), "path": name} for name in names] if embedded else names
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=group)


def write_kaldi(folder: Path, rows: Sequence[Mapping[str, Any]], prefix: str = "../") -> None:
    folder.mkdir(exist_ok=True)
    files = {
        "wav.scp": [f"{row['id']} {prefix}{row['audio_filepath']}" for row in rows],
        "text": [f"{row['id']} {row['text']}" for row in rows],
        "utt2spk": [f"{row['id']} {row['speaker']}" for row in rows],
        "spk2gender": ["s0 f", "s1 m"],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_hub(home: Path, files: Mapping[str, Path], repo: str = REPO) -> None:
    """A cache as the hub's library leaves it, with a data set's files at REVISION."""
    root = home / "hub" / f"datasets--{repo.replace('/', '--')}"
    for name, path in files.items():
        data = path.read_bytes()
        blob = root / "blobs" / hashlib.sha256(data).hexdigest()
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(data)
        link = root / "snapshots" / REVISION / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))


def offline_hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub's library have its cache in a folder, and no network."""
    import huggingface_hub.constants  # noqa: F401 - which reads the variables when it is first imported

    for name, value in {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(home))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@contextmanager
def in_memory() -> Iterator[Any]:
    """The file system memory://, empty before and after."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@contextmanager
def s3_server() -> Iterator[Any]:
    """The bucket `speech` of a server of S3 on 127.0.0.1, which environment variables lead to."""
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    # What it stores is of the process, and outlives it.
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        system = s3fs.S3FileSystem()
        system.mkdir("speech")
        yield system
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def upload(system: Any, place: str, folder: Path) -> None:
    """Copy the files of a folder to a file system."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        system.pipe_file(f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes())
