"""The scorecard as JSON, for programs."""

from __future__ import annotations

import json

from .card import Scorecard
from .files import text
from .format import FormatContext


class JsonFormat:
    """The fields of scorecard.json, in ASCII."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        return json.dumps(json.loads(text(card)), indent=1) + "\n"


FORMAT = JsonFormat()
