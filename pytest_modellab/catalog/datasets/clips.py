"""A data set out of single clips in packages, archives or folders, each pinned by its digest."""

from __future__ import annotations

from pytest_modellab.assets.store import Store, Wanted
from pytest_modellab.core.ffmpeg import format_of

from ..catalog import Catalog
from ..specs import ClipSpec, DatasetSpec
from ..weights import mirror_sources
from .archives import Archives
from .recording import FileRecording
from .utterance import Utterance


def from_clips(
    spec: DatasetSpec, clips: tuple[ClipSpec, ...], catalog: Catalog, archives: Archives, store: Store
) -> tuple[Utterance, ...]:
    wanted = []
    for clip in clips:
        mirrors = mirror_sources(clip.sha256, catalog.mirrors, catalog.folder)
        # An archive is fetched only for what the cache lacks.
        absent = store.path(clip.sha256) is None
        sources = (archives.member_source(clip.archive, clip.member), *mirrors) if absent else ()
        # The blob keeps no suffix: the format is read from the bytes, or named.
        wanted.append(Wanted(clip.id, clip.sha256, None, sources))
    paths = store.fetch(wanted)
    return tuple(
        Utterance(
            id=clip.id,
            text=clip.text,
            recording=FileRecording(paths[clip.id], clip.sha256, form=format_of(clip.member)),
            speaker=clip.speaker,
            language=clip.language or spec.language,
            kind=clip.kind,
        )
        for clip in clips
    )
