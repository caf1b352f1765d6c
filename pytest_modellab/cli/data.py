"""`modellab data [list|prepare|check]`."""

from __future__ import annotations

import argparse

from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog.dataset_forms import FORMS
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.sound_check import check_sounds
from pytest_modellab.catalog.specs import DatasetSpec
from pytest_modellab.core import audio
from pytest_modellab.core.console import counted, printable, printable_lines
from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.metrics.hidden_errors import count_term
from pytest_modellab.core.text import DEFAULT
from pytest_modellab.core.text.oddities import OF_DEFAULT_SCORER, oddities
from pytest_modellab.tasks.registry import TASKS

from .command import Commands
from .place import chosen, open_catalog
from .tell import tell, tell_lines

# What a check listens at; findings do not depend on it.
_MOST_ODD = 5
_CHECK_RATE = 16_000


def run(options: argparse.Namespace) -> int:
    """Do one of the three to the named data sets, by default to all."""
    catalog = open_catalog(options)
    specs = chosen("data set", options.datasets or ["*"], catalog.datasets) if catalog.datasets else []
    if options.action == "list":
        return _list(specs)
    failed = 0
    for spec in specs:
        try:
            dataset = prepare(spec, catalog, Store(), asked=True)
        except Unavailable as error:
            failed += 1
            tell_lines(f"{spec.id}: not available\n{printable_lines(str(error))}")
        except (StoreError, DatasetError) as error:
            failed += 1
            tell_lines(str(error))
        else:
            failed += _report(dataset, check=options.action == "check")
    return 1 if failed else 0


def _list(specs: list[DatasetSpec]) -> int:
    from tabulate import tabulate

    rows = [
        [
            spec.id,
            ", ".join(spec.tasks),
            ", ".join(spec.tiers) or "-",
            spec.language or "-",
            FORMS[spec.form_name].summary(spec.given),
            spec.title,
        ]
        for spec in specs
    ]
    tell_lines(tabulate(rows, ["data set", "tasks", "tiers", "language", "from", "title"]))
    return 0


def _report(dataset: Dataset, *, check: bool) -> int:
    """Print what a prepared set holds; with `check`, decode every clip. 1 where a clip can't be used, else 0."""
    lines = [f"  {note}" for note in dataset.notes]
    lines += [f"  {id}: left out: {why}" for id, why in dataset.left_out.items()]
    seconds = 0.0
    broken = 0
    transcripts = _of_transcripts(dataset.spec)
    for utterance in dataset.utterances:
        try:
            if check:
                samples = utterance.samples(_CHECK_RATE)
                seconds += len(samples) / _CHECK_RATE
                # Texts that aren't what is said tell only whether anything is.
                said = utterance.text if transcripts or not utterance.text else None
                found = audio.check(samples, _CHECK_RATE, said)
                lines += [f"  {utterance.id}: {each.kind}: {each.message}" for each in found]
            else:
                seconds += utterance.seconds
        except audio.AudioError as error:
            broken = 1
            lines.append(f"  {error}")
    if check:
        lines += [f"  {id}: end: {remark}" for id, remark in check_sounds(dataset.utterances).remarks.items()]
        lines += _unsaid(dataset)
        lines += _odd_texts(dataset) if transcripts else []
    speakers = len({utterance.speaker for utterance in dataset.utterances if utterance.speaker})
    known = counted(speakers, "known speaker") if speakers else "speakers unknown"
    tell(f"{dataset.spec.id}: {counted(len(dataset.utterances), 'utterance')}, {seconds / 60:.1f} min, {known}")
    tell(f"  scorer {dataset.rules.scorer} {dataset.rules.version} (language: {dataset.spec.language or 'not stated'})")
    tell(f"  fingerprint {dataset.fingerprint}")
    tell_lines("\n".join(map(printable, lines)) if lines else "  nothing odd found" if check else "  ready")
    return broken


def _of_transcripts(spec: DatasetSpec) -> bool:
    """Whether texts are what is said: labels, times of speakers and translations have an error of their own."""
    return any(TASKS[name].transcripts for name in spec.tasks)


def _odd_texts(dataset: Dataset) -> list[str]:
    """A line for each kind of text that is scored in a way that its writer may not expect, with the utterances."""
    found: dict[str, list[str]] = {}
    for each in dataset.utterances:
        for kind, detail in oddities(each.text, canonical_language(each.language)):
            if kind not in OF_DEFAULT_SCORER or dataset.rules.scorer == DEFAULT:
                found.setdefault(kind, []).append(f"{each.id} ({detail})")
    return [
        f"  {kind} in {counted(len(where), 'text')}: {'; '.join(where[:_MOST_ODD])}"
        + (f"; and {len(where) - _MOST_ODD} more" if len(where) > _MOST_ODD else "")
        for kind, where in found.items()
    ]


def _unsaid(dataset: Dataset) -> list[str]:
    """A line for each term of the glossary and the names that no reference holds: it can't be missed either."""
    texts = [(rules := dataset.rules.of(each.language), rules(each.text).split()) for each in dataset.utterances]
    return [
        f"  {key}: `{term}` is in no reference"
        for key, terms in (("glossary", dataset.spec.glossary), ("names", dataset.spec.names))
        for term in terms
        if not any(count_term(normalize(term).split(), text) for normalize, text in texts)
    ]


def add(commands: Commands) -> None:
    """Add the command with its options."""
    sets = commands.add(
        "data", run, "List, fetch or check the data sets of the catalog.", example="data check smoke-en"
    )
    sets.add_argument("action", nargs="?", choices=("list", "prepare", "check"), default="list")
    sets.add_argument("datasets", nargs="*", metavar="DATASET", help="ids or globs (default: all)")
