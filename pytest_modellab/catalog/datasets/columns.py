"""Which column of a table holds what: as the YAML file says, else by the usual names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..corpus_specs import COLUMN_KEYS
from ..errors import nearest

USUAL: Mapping[str, tuple[str, ...]] = {
    "audio": ("audio", "audio_filepath", "file", "path"),
    "text": ("text", "transcript", "transcription", "sentence"),
    "language": ("language", "lang"),
}
"""The names that are looked for; of any other key its own."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "audio": (
        *USUAL["audio"],
        *("file_name", "filename", "file_path", "filepath", "audio_path", "audio_file", "wav", "wav_path"),
        *("wav_filename", "recording", "clip", "sound"),
    ),
    "text": (
        *USUAL["text"],
        *("reference", "ref", "normalized_text", "transcription_normalized", "raw_text", "label", "words"),
    ),
    "speaker": ("speaker", "speaker_id", "spk", "spk_id", "client_id", "speaker_name"),
    "language": (*USUAL["language"], "locale"),
    "id": ("id", "utt_id", "utterance_id"),
}
"""The names of columns that are recognised, the likeliest first; letters' case, spaces and hyphens don't count."""
NEEDED = ("audio", "text")


def resolved(
    names: Sequence[str],
    named: Mapping[str, str | None],
    *,
    sounds: Collection[str] = (),
    sought: Collection[str] = COLUMN_KEYS,
) -> tuple[dict[str, str], list[str]]:
    """The column of each key, and what is wrong.

    `named` are those that the YAML file names; `sought` the keys whose usual names are looked for besides; `sounds`
    the columns that hold audio files, which go before those that hold paths.
    """
    columns: dict[str, str] = {}
    problems: list[str] = []
    for key in COLUMN_KEYS:
        if key in named:
            column = named[key]
            if column is not None and column not in names:
                near = nearest(column, names)
                hint = f"did you mean `{near}`? " if near else ""
                problems.append(f"no column `{column}`, which `{key}` names; {hint}columns: {', '.join(names)}")
            elif column is not None:
                columns[key] = column
        elif key in sought:
            column, problem = _usual(key, names, {each for each in named.values() if each}, sounds)
            if column is not None:
                columns[key] = column
            if problem:
                problems.append(problem)
    return columns, problems


def _usual(
    key: str, names: Sequence[str], taken: Collection[str], sounds: Collection[str]
) -> tuple[str | None, str | None]:
    """The column that a key's usual names lead to, and what is wrong."""
    usual = USUAL.get(key, (key,))
    found = [each for each in usual if each in names and each not in taken]
    if key == "audio" and any(each in sounds for each in found):
        found = [each for each in found if each in sounds]
    if len(found) > 1:
        either = " or ".join(f"`{each}`" for each in found)
        return None, f"the column of `{key}` may be {either}: name it, as in `{key}: {found[0]}`"
    if not found and key in NEEDED:
        return None, (
            f"no column is called as that of `{key}` usually is ({', '.join(usual)}): name it, as in"
            f" `{key}: {names[0] if names else 'COLUMN'}`; columns: {', '.join(names) or 'none'}"
        )
    return (found[0] if found else None), None
