"""The checks of a bundle, from its contents alone, on any machine.

Statements of a bundle are recomputed: values from the utterances, verdicts and grades by the bundle's own limits and
bands; requirements are read from its release.yaml. What can't be checked is listed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.baseline_spec import allowed
from pytest_modellab.core.stats.regression import DEFAULT
from pytest_modellab.results import baseline
from pytest_modellab.results.provenance import input_key
from pytest_modellab.results.record import Record
from pytest_modellab.results.recount import all_apart, figures_apart, recounted, stated_twice
from pytest_modellab.results.verdicts import Status, Verdict, case_key

from ..scorecard.card import Scorecard
from ..scorecard.row import Judgement, Row
from .agreement import contradictions, other_baselines
from .contents import Contents, contents
from .note import BASELINES, CATALOG, CHECKSUMS, SIGNATURE, Check, Note
from .rejudge import Rejudged, Rules, code, rejudged
from .requirements import HeldRequirement, Requirements, of_bundle, other_rules, tier_of, with_held


@dataclass(frozen=True)
class Verified:
    """The checks that were made, and what can't be checked."""

    checks: tuple[Check, ...]
    unchecked: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    """Required cases of which nobody can tell whether they got worse than their baselines."""

    @property
    def good(self) -> bool:
        return all(check.ok for check in self.checks)


def verify(folder: Path, asked: HeldRequirement | None = None) -> Verified:
    """All checks of an unpacked bundle, also against the requirements `asked`.

    Raises ReleaseError where there is no note.
    """
    sums = Check("checksums", tuple(_sums(folder)))
    found = contents(folder)
    catalog = found.catalog if isinstance(found.catalog, Catalog) else None
    required = _required(found, catalog, asked)
    note = found.note
    same_code = note.code == code()
    recounts, control_recounts = _Recounts(found.records, same_code), _Recounts(found.control_records, same_code)
    judged = _rejudged(found.card, recounts, Rules(catalog, note.catalog, "warnings", same_code))
    of_control = Rules(catalog, note.catalog, "failures", same_code, whole=False)
    control = _rejudged(found.control, control_recounts, of_control)
    if not note.whole and isinstance(found.control, Scorecard):
        control = _taken_over(found.control)
    checks: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("records are whole, where they belong, and as they were written", lambda: iter(found.damaged)),
        ("it has the catalog that it was judged by", lambda: _no_catalog(found)),
        ("what is required is what release.yaml asks for", lambda: iter(required.problems)),
        ("every required case has its record", lambda: _missing(found, required)),
        ("every record is of this commit and session, and fresh", lambda: _stale(found, required)),
        ("values follow from the utterances", lambda: iter((*recounts.problems, *control_recounts.problems))),
        ("records agree with the catalog, and with those of the control", lambda: contradictions(found, catalog)),
        ("the scorecard follows from records, limits and grades", lambda: _disagreements(found.card, judged)),
        ("every required case passed its gates", lambda: _not_passed(judged, found.card, required)),
        ("no case is worse than its baseline", lambda: _regressions(found, required, catalog)),
        ("a model that is wrong on purpose is stopped in every required case",
         lambda: _blunt(found.control, control, required)),
        ("cases without a record are named, and there are no others", lambda: _unnamed(found, catalog)),
        ("nothing was wrong when it was made", lambda: iter(note.found)),
    ]  # fmt: skip
    unchecked = [*_unchecked(note, found.card, same_code), *judged.unchecked, *control.unchecked]
    if asked is not None and asked.whole:
        checks.append(("its catalog is the one that is asked for", lambda: _other_catalog(found, catalog, asked)))
    if asked is not None and asked.baselines is not None:
        beside = asked.baselines
        checks.append(("its baselines are those beside that catalog", lambda: other_baselines(found, beside)))
    else:
        unchecked.append(
            "that its baselines are the ones that were committed: --require CATALOG, a folder, compares them with"
            " reports/baselines of its repository"
        )
    made = tuple(Check(name, tuple(check())) for name, check in checks)
    return Verified((sums, *made), tuple(unchecked), _undecided(found, required, catalog))


def undecided(folder: Path) -> tuple[str, ...]:
    """What the note of a bundle in the making has to say of gates against baselines that could not tell."""
    found = contents(folder)
    catalog = found.catalog if isinstance(found.catalog, Catalog) else None
    return _undecided(found, _required(found, catalog, None), catalog)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> list[str]:
    """The files of a bundle that its checksums cover, in order: all but these and their signature."""
    beside = {folder / CHECKSUMS, folder / SIGNATURE}
    paths = (path for path in folder.rglob("*") if path.is_file() and path not in beside)
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _sums(folder: Path) -> Iterator[str]:
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        yield f"{CHECKSUMS}: can't be read: {error}"
        return
    stated = {name: sha for sha, _, name in (line.partition("  ") for line in lines)}
    there = set(files(folder))
    for name in sorted(stated.keys() | there):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in stated:
            yield f"{name}: was not in the bundle when it was made"
        elif digest(folder / name) != stated[name]:
            yield f"{name}: was changed after the bundle was made"


def _required(found: Contents, catalog: Catalog | None, asked: HeldRequirement | None) -> Requirements:
    note = found.note
    if catalog is not None:
        required = of_bundle(catalog, note.required)
        if (note.max_age_days, note.baselines) != (required.max_age_days, required.baselines):
            told = f"the note says max_age_days {note.max_age_days:g} and baselines {note.baselines}, release.yaml not"
            required = Requirements(
                required.keys, required.max_age_days, required.baselines, (*required.problems, told)
            )
    else:
        problems = () if note.required else ("nothing was required",)
        required = Requirements(note.required, note.max_age_days, note.baselines, problems)
    there = [case_key(record.case) for record in found.records.values()]
    return required if asked is None else with_held(required, asked, there)


def _no_catalog(found: Contents) -> Iterator[str]:
    if found.note.whole and isinstance(found.catalog, str):
        yield from (f"{CATALOG}: {line.strip()}" for line in found.catalog.splitlines())


class _Recounts:
    """Records whose values were recomputed from their utterances, with the differences found."""

    def __init__(self, records: Mapping[str, Record], same_code: bool) -> None:
        self.by_case: dict[str, Record] = {}
        self.problems: list[str] = []
        for name, record in records.items():
            self.problems += [f"{name}: {told}" for told in self._recounted(record, same_code)]

    def _recounted(self, record: Record, same_code: bool) -> Iterator[str]:
        key = case_key(record.case)
        try:
            again = recounted(record)
        except Exception as error:  # what no run could have written may break whatever counts it
            yield f"can't be counted again: {type(error).__name__}: {error}"
            return
        if key in self.by_case:
            return  # told where cases are looked at
        self.by_case[key] = again
        if again.normalizer.version != record.normalizer.version:
            yield (
                f"was scored with {record.normalizer.name} {record.normalizer.version}, here is"
                f" {again.normalizer.version}: install that version to check its scores"
            )
            return
        yield from figures_apart(record, again, same_code=same_code)
        yield from stated_twice(record)
        if record.provenance.key != input_key(record.provenance.inputs):
            yield "its key isn't that of its inputs"
        if same_code:
            yield from all_apart(record, again)


def _rejudged(card: Scorecard | str, recounts: _Recounts, rules: Rules) -> Rejudged:
    if isinstance(card, str):
        return Rejudged({}, (card,), ())
    return rejudged(card, recounts.by_case, rules)


def _taken_over(control: Scorecard) -> Rejudged:
    """The rows of a control whose records the bundle doesn't hold: of their word only what the figures bear out."""
    rows = {}
    for row in (each for each in control.rows if each.measured):
        failed = any(_beyond(verdict) for verdict in row.verdicts)
        rows[case_key(row.case)] = row.model_copy(update={"status": row.status if failed else Status.PASS})
    return Rejudged(rows, (), ())


def _beyond(verdict: Judgement) -> bool:
    """Whether a figure lies beyond its bound, by what a verdict states of both."""
    if verdict.value is None or verdict.bound is None:
        return False
    over, under = verdict.value > verdict.bound, verdict.value < verdict.bound
    return over if verdict.comparison.startswith("<") else under


def _other_catalog(found: Contents, catalog: Catalog | None, asked: HeldRequirement) -> Iterator[str]:
    if catalog is None:
        yield str(found.catalog)
    elif asked.catalog is None:
        yield f"{asked.spec.origin.rpartition(':')[0]} lies in no catalog"
    else:
        yield from other_rules(catalog, asked.catalog)


def _unchecked(note: Note, card: Scorecard | str, same_code: bool) -> Iterator[str]:
    """What no check of a bundle can tell."""
    if not note.whole:
        yield (
            "limits, grades, release.yaml and the control's answers: a bundle of version 1 doesn't hold them;"
            " bounds and bands are taken from its scorecard"
        )
    elif not same_code:
        yield "intervals and the words of reasons: it was judged by other code than is installed here"
        yield "values of metrics that this code defines in another way, or that the other code didn't have"
        yield "recommendations: other code may choose by other rules"
    yield "answers, times, memory and the machine are as the records say; tests that failed are as the scorecard says"
    yield "that nothing was wrong when it was made, the list of what was installed, and the command are as it says"
    if isinstance(card, Scorecard) and any(row.since_last is not None for row in card.rows):
        yield "how figures differ from those of the run before, which the bundle doesn't hold"


def _missing(found: Contents, required: Requirements) -> Iterator[str]:
    for key in required.keys:
        records = found.of(key)
        if not records:
            yield f"{key}: there is no record of it"
        elif len(records) > 1:
            yield f"{key}: there are {len(records)} records of it, of which one at most is the release's"
        else:
            (record,) = records
            if record.limited_to is not None:
                yield f"{key}: only {record.limited_to} utterances were run"
            elif record.shard is not None:
                yield f"{key}: only shard {record.shard.cut} was run"
            elif record.ran_on is not None:
                yield f"{key}: it {record.ran_on}"
            elif record.failure is not None:
                yield f"{key}: {record.failure.message}"
            elif any(each.error is not None for each in record.utterances):
                answered = sum(each.error is None for each in record.utterances)
                yield f"{key}: {answered} of {len(record.utterances)} utterances were answered"


def _stale(found: Contents, required: Requirements) -> Iterator[str]:
    note = found.note
    if isinstance(found.card, Scorecard) and found.card.session != note.session:
        yield f"the scorecard is of session {found.card.session}, the release of {note.session}"
    control = found.control.session if isinstance(found.control, Scorecard) else ""
    sessions = {**dict.fromkeys(found.records, note.session), **dict.fromkeys(found.control_records, control)}
    for name, record in {**found.records, **found.control_records}.items():
        origin = record.provenance
        try:
            age = datetime.fromisoformat(note.created) - datetime.fromisoformat(origin.created)
        except (ValueError, TypeError):  # no time, or one without its zone
            yield f"{name}: made {origin.created!r}, the release {note.created!r}: its age is unknown"
            continue
        if origin.commit != note.commit:
            yield f"{name}: is of commit {str(origin.commit)[:12]}, the release of {note.commit[:12]}"
        elif origin.dirty:
            yield f"{name}: was made with uncommitted changes"
        elif origin.session != sessions[name]:
            yield f"{name}: is of another session, {origin.session}"
        elif origin.rescored is not None or origin.stands_again is not None:
            yield f"{name}: was not measured in this session, but brought forward"
        elif age > timedelta(days=required.max_age_days):
            yield f"{name}: is {age.days} days older than the release; at most {required.max_age_days:g} are allowed"
        elif age < timedelta(0):
            yield f"{name}: is younger than the release, by its own word ({origin.created})"


def _disagreements(card: Scorecard | str, judged: Rejudged) -> Iterator[str]:
    yield from judged.problems
    if isinstance(card, str):
        return
    yield from card.problems
    if card.partial:
        yield f"the session was not whole: {card.partial}"


def _row_of(card: Scorecard | str, key: str) -> Row | None:
    return None if isinstance(card, str) else next((row for row in card.rows if case_key(row.case) == key), None)


def _not_passed(judged: Rejudged, card: Scorecard | str, required: Requirements) -> Iterator[str]:
    """By the rows made anew of the records, whatever the scorecard says."""
    for key in required.keys:
        row, stated = judged.rows.get(key), _row_of(card, key)
        if row is not None and row.status is not Status.PASS:
            yield f"{key}: {row.status}: {row.reason}"
        elif stated is None:
            yield f"{key}: has no row in the scorecard"
        elif row is None or stated.status is not Status.PASS:
            yield f"{key}: {stated.status}: {stated.reason or 'its row has no record to follow from'}"


def _regressions(found: Contents, required: Requirements, catalog: Catalog | None) -> Iterator[str]:
    for key, judged in _against_baselines(found, required, catalog):
        if judged is None:
            if required.baselines == "required":
                case = key.partition("/")[2]
                yield f"{key}: has no baseline; `modellab baseline save {case}` keeps one, to be committed"
        elif judged.status is Status.FAIL:
            yield f"{key}: {judged.reason}"
        elif judged.status is Status.INCONCLUSIVE and required.baselines == "required":
            yield f"{key}: {judged.reason}; release.yaml has `baselines: required`"


def _undecided(found: Contents, required: Requirements, catalog: Catalog | None) -> tuple[str, ...]:
    """The required cases of which nobody can tell whether they got worse than their baselines, and why."""
    return tuple(
        f"{key}: {judged.reason}"
        for key, judged in _against_baselines(found, required, catalog)
        if judged is not None and judged.status is Status.INCONCLUSIVE
    )


def _against_baselines(
    found: Contents, required: Requirements, catalog: Catalog | None
) -> Iterator[tuple[str, Verdict | None]]:
    """Each required case in which somebody speaks, and its verdict against its baseline: None without one."""
    for key in required.keys:
        for record in found.of(key):
            if not record.comparable:
                continue
            path = baseline.place(record, found.folder / BASELINES)
            limits = DEFAULT if catalog is None else allowed(catalog.baseline_limits, record.case, catalog.shown)
            there = path.exists()
            read = partial(baseline.of_case, path, record.case)
            yield key, baseline.judge(record, read, path.name, allowed=limits).verdict if there else None


def _blunt(control: Scorecard | str, judged: Rejudged, required: Requirements) -> Iterator[str]:
    yield from judged.problems
    if isinstance(control, str):
        return
    for key in required.keys:
        row, stated = judged.rows.get(key), _row_of(control, key)
        if row is None:
            yield f"{key}: was not tried with the wrong model{f': {stated.reason}' if stated else ''}"
        elif row.status is not Status.FAIL:
            yield f"{key}: a model that is wrong on purpose came out as {row.status}: give it a limit that can fail"


def _unnamed(found: Contents, catalog: Catalog | None) -> Iterator[str]:
    """Cases of the release's tier that have neither a record nor a reason why not; and records of none."""
    if catalog is None:
        return
    for record in found.records.values():
        ref = record.case
        known = ref.model in catalog.models and ref.device in catalog.devices and ref.dataset in catalog.datasets
        if not known:
            yield f"{case_key(ref)}: there is a record of it, and the catalog has no such case"
    named = {each.case for each in found.note.not_run} | {case_key(record.case) for record in found.records.values()}
    for case in tier_of(catalog):
        if case.key not in named:
            yield f"{case.key}: has no record, and the note doesn't say why"
