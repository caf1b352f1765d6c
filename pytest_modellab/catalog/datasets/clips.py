"""The form `clips`: single clips in packages, archives or folders, each pinned by its digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_modellab.assets.store import WantedFile
from pytest_modellab.core.ffmpeg import format_of

from ..errors import suggest
from ..specs import ClipSpec, DatasetSpec
from ..weights import mirror_sources
from .access import DatasetAccess
from .form import DatasetForm, Location
from .recording import FileRecording
from .utterance import Utterance


def from_clips(spec: DatasetSpec, clips: tuple[ClipSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
    catalog, store = access.catalog, access.store
    wanted = []
    for clip in clips:
        mirrors = mirror_sources(clip.sha256, catalog.mirrors, catalog.folder)
        # An archive is fetched only for what the cache lacks.
        absent = store.path(clip.sha256) is None
        sources = (access.archives.member_source(clip.archive, clip.member), *mirrors) if absent else ()
        # The blob keeps no suffix: the format is read from the bytes, or named.
        wanted.append(WantedFile(clip.id, clip.sha256, None, sources))
    paths = store.fetch(wanted)
    return tuple(
        Utterance(
            id=clip.id,
            text=clip.text,
            recording=FileRecording(paths[clip.id], clip.sha256, form=format_of(clip.member), channel=spec.channel),
            speaker=clip.speaker,
            language=clip.language or spec.language,
            kind=clip.kind,
        )
        for clip in clips
    )


def unknown_archive(name: str, spec: DatasetSpec) -> str | None:
    """The message about an archive that the set doesn't have; None where it has it."""
    return None if name in spec.archives else f"unknown archive `{name}`; {suggest(name, spec.archives)}"


class _Clips(DatasetForm[tuple[ClipSpec, ...]]):
    goes_with = frozenset({"archives", "channel"})

    def mistakes(self, spec: DatasetSpec, given: tuple[ClipSpec, ...]) -> Iterator[tuple[Location, str]]:
        for i, clip in enumerate(given):
            if message := unknown_archive(clip.archive, spec):
                yield (i, "archive"), message

    def read(self, spec: DatasetSpec, given: tuple[ClipSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
        return from_clips(spec, given, access)

    def summary(self, given: tuple[ClipSpec, ...]) -> str:
        return f"{len(given)} clips"


FORM = _Clips()
