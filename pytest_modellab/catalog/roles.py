"""The tasks that auxiliary models do for a data set: who transcribes speech, speaks prompts, and grades replies."""

from __future__ import annotations

JUDGE = "asr"
"""Of a judge: it transcribes what models say."""
VOICE = "tts"
"""Of a voice: it speaks what users say in dialogues."""
GRADER = "chat"
"""Of a grader: it says yes or no to a rubric, and is told in writing."""
