"""The page as a format of the scorecard."""

from __future__ import annotations

from functools import partial

from pytest_modellab.core.audio_artifacts import AudioArtifacts

from . import page
from .card import Scorecard
from .earlier import earlier
from .format import FormatContext, FormatError


class PageFormat:
    """One HTML file that needs nothing but itself, or links to sounds from where it lies."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        if absent := page.missing():
            raise FormatError(f"a page takes {' and '.join(absent)}: pip install 'pytest-modellab[report]'")
        if context.place is None:
            raise FormatError("a page is a file: name it by -o FILE")
        sounds, folder = AudioArtifacts(context.reports), context.place.parent
        before = partial(earlier, context.reports)
        return page.render(card, context.load, sounds, folder, recordings=context.recordings(), earlier=before)


FORMAT = PageFormat()
