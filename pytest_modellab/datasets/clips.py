"""A data set out of single clips in packages or folders, each pinned by its digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..catalog.specs import ArchiveSpec, ClipSpec, DatasetSpec, MirrorSpec
from ..store import Folder, Sdist, Source, Store, Wanted, Wheel
from ..weights import mirror_sources
from .model import Utterance
from .recording import FileRecording


def from_archives(
    spec: DatasetSpec,
    clips: tuple[ClipSpec, ...],
    mirrors: Mapping[str, tuple[MirrorSpec, ...]],
    folder: Path,
    store: Store,
) -> tuple[Utterance, ...]:
    wanted = []
    for clip in clips:
        first = _archive_source(spec.archives[clip.archive], clip.member, folder / "datasets")
        sources = (first, *mirror_sources(clip.sha256, mirrors, folder))
        # The blob keeps no suffix: soundfile reads the format from the bytes.
        wanted.append(Wanted(clip.id, clip.sha256, None, sources))
    paths = store.fetch(wanted)
    return tuple(
        Utterance(
            id=clip.id,
            text=clip.text,
            recording=FileRecording(paths[clip.id], clip.sha256),
            speaker=clip.speaker,
            language=clip.language or spec.language,
            kind=clip.kind,
        )
        for clip in clips
    )


def _archive_source(archive: ArchiveSpec, member: str, here: Path) -> Source:
    if archive.wheel is not None:
        return Wheel(archive.wheel, member)
    if archive.sdist is not None:
        return Sdist(archive.sdist, member)
    return Folder(here / str(archive.folder), member)
