"""A scratch catalog of each task, whose models are fakes."""

from __future__ import annotations

from collections.abc import Callable

import chatlab as chat
import diarlab
import voicelab as tts
from fakelab import FakeCatalog
from streamlab import streams
from wordlab import translations, words


def ready_chat(lab: FakeCatalog) -> None:
    """A model that hears questions, which a voice asks."""
    chat.model(lab, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=chat.SIZES)
    chat.listener(lab)
    chat.dialogues(lab)


READY: dict[str, Callable[[FakeCatalog], object]] = {
    "asr": FakeCatalog.ready,
    "streaming": streams,
    "words": words,
    "translate": translations,
    "tts": tts.ready,
    "chat": ready_chat,
    "diarize": diarlab.ready,
}
"""What writes the catalog, by task."""
