"""Parts of a data set by what its utterances have in common, so that a good whole doesn't hide a bad part."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .stored import field, labels

if TYPE_CHECKING:
    from ..stats.labels import Labels
    from .measured import Row

OWN = ("speaker", "language", "kind", "snr", "duration")
"""Ways of slicing that every data set has; the others are the attributes of its utterances."""

# A rate on fewer words is too uncertain: at 10 % WER, 100 words have a standard error of 3 points if words were
# independent, which they are not.
FEWEST_WORDS = 100
FEWEST_UTTERANCES = 5

SNR_EDGES_DB = (0.0, 5.0, 10.0, 20.0)
DURATION_EDGES_S = (2.0, 5.0, 10.0, 30.0)


def parts_by(rows: Sequence[Row], by: str) -> Labels:
    """The part that each utterance belongs to in one way of slicing, as `values` tells it."""
    from ..stats.labels import Labels

    match by:
        case "speaker" | "language" | "kind":
            return labels(rows, by)
        case "snr":
            ratios = field(rows, "snr_db")
            return Labels.of(None if snr is None else band(snr, SNR_EDGES_DB, "dB") for snr in ratios)
        case "duration":
            return Labels.of(band(seconds, DURATION_EDGES_S, "s") for seconds in field(rows, "audio_s"))
        case _:
            return Labels.of(attributes.get(by) for attributes in field(rows, "attributes"))


def values(row: Row) -> Mapping[str, str | None]:
    """The part that an utterance belongs to in each way of slicing; None where it isn't known.

    An attribute that is called like a way that every data set has doesn't replace it.
    """
    return {
        **row.attributes,
        "speaker": row.speaker,
        "language": row.language,
        "kind": row.kind,
        "snr": None if row.snr_db is None else band(row.snr_db, SNR_EDGES_DB, "dB"),
        "duration": band(row.audio_s, DURATION_EDGES_S, "s"),
    }


def band(value: float, edges: tuple[float, ...], unit: str) -> str:
    """The name of the band between two edges, the lower one included: "below 0 dB", "0 to 5 dB", "20 dB or more"."""
    place = bisect_right(edges, value)
    if place == 0:
        return f"below {edges[0]:g} {unit}"
    if place == len(edges):
        return f"{edges[-1]:g} {unit} or more"
    return f"{edges[place - 1]:g} to {edges[place]:g} {unit}"
