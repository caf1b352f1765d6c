"""`modellab run`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modellab.assets.store import StoreError
from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog.cases import Case
from pytest_modellab.core import audio
from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag
from pytest_modellab.core.text import DEFAULT, TextRules
from pytest_modellab.engines.base import Clip
from pytest_modellab.reports.explanation import aligned
from pytest_modellab.runner.executor import WorkerDied
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.live import LiveModel, ModelError
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session
from pytest_modellab.tasks.asr.scoring import transcript

from .command import Commands
from .exits import Exit, UsageError
from .place import find_catalog
from .project.scratch import named, scratch
from .tell import tell, tell_lines

# A data set, as a case has one; nothing of it is heard.
_DATA = (
    "schema: modellab.dataset/1\nid: given\ntasks: [asr]\ntiers: []\nmade: [{id: none, sound: silence, seconds: 1}]\n"
)
_ROOM = 10_000
"""Lines of an alignment."""


def run(options: argparse.Namespace) -> int:
    """Transcribe audio files, one after the other; 1 where one of them can't be."""
    _check_there(options.audio)
    references = _references(options)
    language = _language(options.language)
    model = named(options.model)
    with scratch(find_catalog(options), [model]) as place:
        (place / "lab/datasets/given.yaml").write_text(_DATA, encoding="utf-8")
        catalog = load(place / "lab", place)
        case = _case(catalog, model.id, options.device)
        runner = Runner(catalog, Session(place / "reports", "run", own=True), Settings(fresh=True))
        try:
            if (why := runner.absent(case)) is not None:
                tell_lines(f"modellab: {why}", file=sys.stderr)
                return Exit.WRONG
            return _transcribed(runner, case, options.audio, references, language)
        except ModelError as error:
            # What the engine said, without where it said it.
            tell(f"modellab: {model.id}: {str(error).strip().splitlines()[-1]}", file=sys.stderr)
            return Exit.WRONG
        except (WorkerDied, StoreError) as error:
            tell_lines(f"modellab: {error}", file=sys.stderr)
            return Exit.WRONG
        finally:
            runner.close()


def _case(catalog: Catalog, id: str, device: str) -> Case:
    model = catalog.models[id]
    if "asr" not in model.tasks:
        raise UsageError(f"{id} is for {', '.join(model.tasks)}: it transcribes nothing")
    if device not in model.devices:
        raise UsageError(f"{id} has no device `{device}`; it has {', '.join(model.devices)}")
    return Case("asr", model, catalog.devices[device], catalog.datasets["given"])


def _transcribed(
    runner: Runner, case: Case, files: Sequence[Path], references: Sequence[str | None], language: str | None
) -> int:
    begun = time.perf_counter()
    broken = False
    with LiveModel.start(runner, case) as live:
        tell(f"{case.model.id} on {case.device.id}: loaded in {time.perf_counter() - begun:.2f} s")
        for i, (path, reference) in enumerate(zip(files, references, strict=True)):
            try:
                clip = Clip(audio.load(path, live.rate), live.rate, language)
            except audio.AudioError as error:
                broken = True
                tell_lines(f"\n{error}")
                continue
            begun = time.perf_counter()
            answer = live.transcribe(clip)
            took = time.perf_counter() - begun
            first = ", the first call" if i == 0 else ""
            tell(f"\n{path}: {clip.seconds:.2f} s in {took:.2f} s, RTF {took / clip.seconds:.3f}{first}".lstrip())
            tell(f"  {answer.text.strip() or '(nothing)'}")
            if reference is not None:
                for line in _compared(reference, answer.text, answer.language or language):
                    tell_lines(f"  {line}")
    return Exit.WRONG if broken else Exit.OK


def _compared(reference: str, hypothesis: str, language: str | None) -> Iterator[str]:
    """The errors of an answer, then both texts aligned, as they are scored."""
    normalize = TextRules(DEFAULT).of(language)
    words = transcript(reference, hypothesis, normalize).words
    rate = "CER" if normalize.unit == "characters" else "WER"
    counts = f"S {words.substitutions}, D {words.deletions}, I {words.insertions}"
    yield f"{rate} {100 * words.errors / words.units:.1f} %: {words.errors} errors in {words.units} ({counts})"
    yield from (line.removeprefix("    ") for line in aligned(*normalize.pair(reference, hypothesis), _ROOM))


def _check_there(files: Sequence[Path]) -> None:
    for path in files:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")


def _references(options: argparse.Namespace) -> list[str | None]:
    """A reference for each audio file. Raises UsageError."""
    given = options.reference
    if not given:
        return [None] * len(options.audio)
    if len(given) != len(options.audio):
        raise UsageError(f"--reference is given {len(given)} times, for {len(options.audio)} audio files: one for each")
    found: list[str | None] = []
    for each in given:
        if each.endswith(".txt") and not Path(each).is_file():
            raise UsageError(f"--reference {each}: no such file")
        try:
            text = Path(each).read_text(encoding="utf-8-sig") if each.endswith(".txt") else each
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--reference {each}: can't be read as UTF-8 text: {error}") from None
        if not text.strip():
            raise UsageError("--reference: an empty reference can't be scored")
        found.append(text.strip())
    return found


def _language(given: str | None) -> str | None:
    try:
        return None if given is None else canonical_tag(given)
    except LanguageTagError as error:
        raise UsageError(f"--language: {error}") from None


def add(commands: Commands) -> None:
    """Add the command with its options."""
    ran = commands.add(
        "run",
        run,
        "Transcribe audio files with a model of the catalog or a known one: text, time, RTF; WER with a reference.",
        example="run faster-whisper-tiny.en call.wav --reference 'what is said in it'",
    )
    ran.add_argument("model", metavar="MODEL", help="its id, also with options: ID[beam_size=1]")
    ran.add_argument("audio", nargs="+", type=Path, metavar="AUDIO", help="audio files")
    ran.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="TEXT",
        help="what is said, or a .txt file with it; once for each audio file",
    )
    ran.add_argument("--language", metavar="TAG", help="of the recordings (default: as the model detects)")
    ran.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
