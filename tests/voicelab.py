"""A scratch repository whose voice and judge are fakes: sessions of speech synthesis."""

from __future__ import annotations

from typing import Any, TypeVar

from fakelab import FakeCatalog

Catalog = TypeVar("Catalog", bound=FakeCatalog)
VOICE = "modellab_fake_engine:FakeVoice"


TEXTS = {"one": "one fine day", "two": "two fine days", "three": "three fine days"}


SIZES = {"one fine day": 16_000, "two fine days": 17_000, "three fine days": 18_000}


SUITE = """
import pytest

pytestmark = pytest.mark.tts


def test_intelligibility(run, limits):
    assert run.wer <= limits.wer


def test_success(run):
    assert run.success_rate >= 1.0
"""


def ready(
    lab: Catalog,
    *,
    heard: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    judge: dict[str, Any] | None = None,
    prompts: dict[str, str] | None = None,
    judge_options: dict[str, Any] | None = None,
    sizes: dict[str, int] = SIZES,
) -> Catalog:
    """A voice, a judge that hears what was said but for `heard` (text -> what it hears), and texts to speak."""
    texts = TEXTS if prompts is None else prompts
    answers = {str(sizes.get(text, 8000)): (heard or {}).get(text, text) for text in texts.values()}
    lab.spec(
        "models/ear.yaml",
        {
            "schema": "modellab.model/1",
            "id": "ear",
            "engine": "fake-for-tests",
            "tasks": ["asr"],
            "tiers": [],
            "devices": {"cpu": {}},
            "timeouts": {"load_s": 30},
            "options": {"answers": answers, "log": str(lab.log), **(judge_options or {})},
        },
    )
    lab.spec(
        "models/voice.yaml",
        {
            "schema": "modellab.model/1",
            "id": "voice",
            "engine": VOICE,
            "tasks": ["tts"],
            "tiers": ["smoke"],
            "devices": {"cpu": {}},
            "options": {"sizes": sizes, "faults": faults or {}, "log": str(lab.log)},
        },
    )
    lab.spec(
        "datasets/texts.yaml",
        {
            "schema": "modellab.dataset/1",
            "id": "texts",
            "tasks": ["tts"],
            "tiers": ["smoke"],
            "language": "en",
            "judge": judge or {"asr": "ear"},
            "prompts": [{"id": id, "text": text} for id, text in texts.items()],
        },
    )
    return lab
