"""Bundles that were forged so that everything fits again, seals and checksums too: what `modellab verify` finds."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from releases import edited, forged, lines_of, the_record

from pytest_modellab.cli import main
from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.release import bundle
from pytest_modellab.reports.release.contents import contents
from pytest_modellab.reports.release.note import CATALOG, CONTROL, NOTE, SCORECARD
from pytest_modellab.reports.release.rejudge import Rules, code, rejudged
from pytest_modellab.reports.scorecard import files
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.results.provenance import input_key
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import checksum_of, text
from pytest_modellab.results.recount import recounted
from pytest_modellab.results.verdicts import Status, case_key

OLD = Path(__file__).parents[1] / "old" / "release-bundle-1.zip"
OF_RECORDS_1 = OLD.with_name("release-bundle-2.zip")
"""Of version 2, with records of modellab.record/1 in it."""
Forgery = Callable[[Path], None]
KEY = "asr/fake:cpu:clips"


def answered_wrongly(folder: Path) -> None:
    """Turn a good bundle into one that failed: its record and scorecard are as the session would have left them."""
    path = the_record(folder)
    data = json.loads(path.read_text())
    for each in data["utterances"]:
        each["hypothesis"] = "nothing of the kind"
    record = recounted(Record.model_validate(data))
    path.write_text(text(record))
    found = contents(folder)
    assert not isinstance(found.catalog, str)
    card = Scorecard.model_validate_json((folder / SCORECARD).read_bytes())
    rules = Rules(found.catalog, found.note.catalog, "warnings", same_code=True)
    made = rejudged(card, {case_key(record.case): record}, rules).rows[KEY]
    assert made.status is Status.FAIL
    (folder / SCORECARD).write_text(files.text(card.model_copy(update={"rows": (made,)})))


def on_failed(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    """A forgery of the scorecard of a bundle that failed."""

    def forge(folder: Path) -> None:
        answered_wrongly(folder)
        on(SCORECARD, change)(folder)

    return forge


def on(name: str, change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda folder: edited(folder / name, change)


def in_text(name: str, old: str, new: str) -> Forgery:
    def forge(folder: Path) -> None:
        found = (folder / name).read_text()
        assert old in found
        (folder / name).write_text(found.replace(old, new))

    return forge


def record(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda folder: forged(folder, change)


def passed(data: dict[str, Any], **figures: float) -> None:
    """Every status of the scorecard's one row, and of its verdicts, is a pass."""
    (row,) = data["rows"]
    row["figures"].update(figures)
    row.update(status="pass", reason="")
    for verdict in row["verdicts"]:
        verdict.update(status="pass", reason="")
    data["problems"] = []


def without_verdicts(data: dict[str, Any]) -> None:
    passed(data)
    data["rows"][0].update(verdicts=[])


def by_a_baseline(data: dict[str, Any]) -> None:
    """The verdict that failed is said to be of a baseline that the bundle doesn't have."""
    passed(data)
    data["rows"][0]["verdicts"] = [{**data["rows"][0]["verdicts"][0], "source": "reports/baselines/x.jsonl"}]


def bound(value: float) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        passed(data)
        data["rows"][0]["verdicts"][0]["bound"] = value

    return change


def graded(data: dict[str, Any]) -> None:
    for criterion in data["rows"][0]["grade"]["criteria"]:
        criterion.update(letter="A+", bands={"A+": 9.0, "A": 10.0, "B": 11.0, "C": 12.0}, bound=9.0)
    data["rows"][0]["grade"].update(letter="A+")


def without_the_case(folder: Path) -> None:
    the_record(folder).unlink()
    on(SCORECARD, lambda data: data.update(rows=[], recommendations=[], models=[]))(folder)
    on(NOTE, lambda data: data.update(required=[]))(folder)


def as_version_1(folder: Path) -> None:
    on_failed(passed)(folder)
    shutil.rmtree(folder / CATALOG)
    on(NOTE, lambda data: data.update(schema="modellab.release-bundle/1"))(folder)


def old_control(folder: Path) -> None:
    """A control that failed, by the word of a bundle of version 1 and not by its figures."""
    with bundle.unpacked(OLD) as old:
        shutil.rmtree(folder)
        shutil.copytree(old, folder)
    on(CONTROL, lambda data: [each.update(value=0.0) for each in data["rows"][0]["verdicts"]])(folder)
    on(CONTROL, lambda data: data["rows"][0]["verdicts"][1].update(value=1.0))(folder)


def another_model(folder: Path) -> None:
    path = the_record(folder)
    data = json.loads(path.read_text())
    data["case"]["model"], data["id"] = "better", "0123abcd"
    place = folder / "records" / "better" / "asr" / "20260101T030405678-cpu-clips-0123abcd.json"
    place.parent.mkdir(parents=True)
    place.write_text(text(Record.model_validate(data)))


def by_other_code(folder: Path) -> None:
    on_failed(passed)(folder)
    on(NOTE, lambda data: data.update(code="0" * 64))(folder)


def spoiled(path: Path) -> None:
    path.write_text("schema: x")


def without_limits(folder: Path) -> None:
    on_failed(by_a_baseline)(folder)
    (folder / CATALOG / "limits.yaml").unlink()


def of_the_control(folder: Path) -> None:
    """The answers of the control as those of the model, and the other way round."""
    ours = the_record(folder)
    (theirs,) = (folder / "control-records").rglob("*.json")
    mine, other = ours.read_text(), theirs.read_text()
    ours.unlink()
    theirs.unlink()
    (ours.parent / theirs.name).write_text(other)
    (theirs.parent / ours.name).write_text(mine)


def elsewhere(folder: Path) -> None:
    path = the_record(folder)
    place = folder / "records" / "better" / "asr" / path.name
    place.parent.mkdir(parents=True)
    path.rename(place)


def consistent(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    """Change the record, with its key and all figures that follow."""

    def forge(folder: Path) -> None:
        path = the_record(folder)
        data = json.loads(path.read_text())
        change(data)
        data["provenance"]["key"] = input_key(data["provenance"]["inputs"])
        again = recounted(Record.model_validate({**data, "seal": None}))
        path.write_text(text(again.model_copy(update={"seal": checksum_of(again)})))

    return forge


def inputs(**changes: Any) -> Forgery:
    return consistent(lambda data: data["provenance"]["inputs"].update(changes))


def without_failures(data: dict[str, Any]) -> None:
    data.update(utterances=data["utterances"][1:], findings=[])


def as_if_fewer_were_asked(data: dict[str, Any]) -> None:
    without_failures(data)
    data["provenance"]["inputs"].update(utterances=len(data["utterances"]))


def as_answered(data: dict[str, Any]) -> None:
    """As somebody would who makes the references fit the answers."""
    for each in data["utterances"]:
        each.update(hypothesis="of that kind", reference="of that kind")


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "the status of a row": (
        on_failed(lambda data: data["rows"][0].update(status="pass")),
        f"{KEY}: the scorecard says pass, its values and limits give fail",
    ),
    "every status": (on_failed(passed), f"{KEY}: fail: WER"),
    "a figure, too": (
        on_failed(lambda data: passed(data, wer=0.0)),
        "the scorecard's row: figures.wer: says 0.0, comes to",
    ),
    "a bound of a verdict": (on_failed(bound(9.9)), "its verdict on wer (lab/limits.yaml:3) has the bound 9.9"),
    "a verdict left out": (
        on_failed(without_verdicts),
        "it lacks the verdict on wer (lab/limits.yaml:3), which is fail",
    ),
    "bands of a grade": (on_failed(graded), f"{KEY}: the scorecard grades it A+, its values and bands give F"),
    "a recommendation": (
        on(SCORECARD, lambda data: data["recommendations"][0].update(text="another model")),
        "recommendations[0].text: says 'another model'",
    ),
    "an interval": (
        on(SCORECARD, lambda data: data["rows"][0]["intervals"]["wer"].update(high=0.001)),
        "intervals.wer.high: says 0.001",
    ),
    "an interval of the record": (
        record(lambda data: data["values"]["wer"]["interval"].update(high=0.001)),
        "values.wer.interval.high: says 0.001",
    ),
    "counts of errors": (
        record(lambda data: data["utterances"][0].update(parts=data["utterances"][1]["parts"], hypothesis="no")),
        "utterance clip-0: its counts of errors aren't those of its texts",
    ),
    "a quantile": (record(lambda data: data["values"]["latency_p95_s"].update(value=1e-9)), "says latency_p95_s 1e-09"),
    "an input": (
        record(lambda data: data["provenance"]["inputs"].update(seed=12345)),
        "its key isn't that of its inputs",
    ),
    "no requirement in the note": (
        on(NOTE, lambda data: data.update(required=[])),
        f"{KEY}: release.yaml requires it, the note doesn't list it",
    ),
    "no requirement in release.yaml": (
        in_text(f"{CATALOG}/release.yaml", "required:\n- fake:cpu:*", "required: []"),
        "release.yaml:2: `required`: needs at least 1 item",
    ),
    "no release.yaml": (lambda folder: (folder / CATALOG / "release.yaml").unlink(), "the bundle has no release.yaml"),
    "another requirement": (
        in_text(f"{CATALOG}/release.yaml", "fake:cpu:*", "fake:cuda:*"),
        "release.yaml: no case of the catalog matches `fake:cuda:*`",
    ),
    "an age that the release.yaml doesn't allow": (
        on(NOTE, lambda data: data.update(max_age_days=99)),
        "the note says max_age_days 99",
    ),
    "a case that is gone": (without_the_case, f"{KEY}: has no record, and the note doesn't say why"),
    "another session": (on(NOTE, lambda data: data.update(session="x")), "is of another session"),
    "another commit": (on(NOTE, lambda data: data.update(commit="0" * 40)), "is of commit"),
    "answers of the control": (of_the_control, f"{KEY}: fail: WER"),
    "a record of another case": (elsewhere, "which belongs elsewhere"),
    "utterances that are left out": (consistent(without_failures), "holds 4 utterances, its inputs say 5"),
    "utterances that are left out, and not asked for": (
        consistent(as_if_fewer_were_asked),
        "holds 4 utterances, the control's record 5; at place 0 'clip-1', in the control's 'clip-0'",
    ),
    "references": (consistent(as_answered), "utterance clip-0: its reference is 'of that kind', in the control's"),
    "the length of a clip": (
        consistent(lambda data: data["utterances"][0].update(audio_s=3.0)),
        "utterance clip-0: its audio is 3 s long, in the control's record",
    ),
    "the normalizer": (
        consistent(lambda data: data["normalizer"].update(name="characters", version=TextRules("characters").version)),
        "normalizer: the record has 'characters', its spec 'modellab' (",
    ),
    "options": (inputs(options={"answers": {}}), "inputs.options.log: the record has none, its spec '"),
    "an engine": (inputs(engine="other:Engine"), "inputs.engine: the record has 'other:Engine', its spec '"),
    "a device": (
        inputs(device={"kind": "cuda", "index": 0}),
        "inputs.device: the record has {'kind': 'cuda', 'index': 0}, its spec",
    ),
    "weights": (inputs(weights="0" * 64), f"inputs.weights: the record has '{'0' * 64}', its spec None ("),
    "a data set": (inputs(dataset="0" * 64), f"inputs.dataset: is '{'0' * 57}"),
    "options of the catalog": (
        in_text(f"{CATALOG}/models/fake.yaml", "one fine day", "one fine way"),
        "the record has 'one fine day', its spec 'one fine way' (",
    ),
    "a glossary of the catalog": (
        in_text(f"{CATALOG}/datasets/clips.yaml", "language: en", "language: en\nglossary: [fine day]"),
        "glossary: the record has [], its spec ['fine day'] (",
    ),
    "a language of the catalog": (
        in_text(f"{CATALOG}/datasets/clips.yaml", "language: en", "language: de"),
        "language: the record has 'en', its spec 'de' (",
    ),
    "a control that failed": (
        on(CONTROL, lambda data: data["rows"][0].update(status="pass")),
        f"{KEY}: the scorecard says pass, its values and limits give fail",
    ),
    "no record of the control": (
        lambda folder: shutil.rmtree(folder / "control-records"),
        f"{KEY}: has a row with values, but no record",
    ),
    "a limit of the catalog": (in_text(f"{CATALOG}/limits.yaml", "max: 0.1", "max: 0.9"), "its limit is 0.9"),
    "no limit in the catalog": (
        lambda folder: (folder / CATALOG / "limits.yaml").unlink(),
        f"{KEY}: its verdict on wer is of lab/limits.yaml:3, where there is no such limit",
    ),
    "a verdict of nothing that is there": (on_failed(by_a_baseline), f"{KEY}: fail: WER"),
    "a verdict of nothing that is there, and no limit": (without_limits, f"{KEY}: not-available"),
    "a catalog that can't be read": (
        lambda folder: spoiled(folder / CATALOG / "limits.yaml"),
        "catalog: catalog/limits.yaml:1",
    ),
    "an earlier version of a bundle that failed": (as_version_1, f"{KEY}: fail: WER"),
    "a control that nobody ran": (old_control, f"{KEY}: a model that is wrong on purpose came out as pass"),
    "a case that the catalog doesn't have": (another_model, "and the catalog has no such case"),
    "code that nobody has": (
        by_other_code,
        f"{KEY}: the scorecard says pass, its values and limits give fail",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_forged_is_found(released: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    forge, told = FORGERIES[name]
    forge(released)
    bundle.write_checksums(released)
    assert main(["verify", str(released)]) == 1
    said = capsys.readouterr().out
    assert "ok   checksums" in said
    assert told in said


def test_the_bundle_that_is_forged_is_good(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle.write_checksums(released)
    assert main(["verify", str(released)]) == 0
    said = capsys.readouterr().out
    assert not lines_of(said)
    assert said.rstrip().endswith(f"modellab verify: good: {released}")
    assert "unsigned: it does not show who made it" in said
    assert "not checked: answers, times, memory and the machine are as the records say" in said


def test_a_bundle_that_was_judged_by_other_code_says_what_isnt_compared(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on(NOTE, lambda data: data.update(code="0" * 64))(released)
    bundle.write_checksums(released)
    assert main(["verify", str(released)]) == 0
    said = capsys.readouterr().out
    assert "not checked: intervals and the words of reasons: it was judged by other code" in said
    assert "not checked: recommendations: other code may choose by other rules" in said
    assert json.loads((released / NOTE).read_text())["code"] != code()


class TestOldBundles:
    def test_one_of_version_1_is_checked_as_far_as_it_goes(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["verify", str(OLD)]) == 0
        said = capsys.readouterr().out
        assert "good as far as a bundle of version 1 can be checked" in said
        assert "not checked: limits, grades, release.yaml and the control's answers" in said

    def test_one_whose_records_are_of_version_1_is_checked_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["verify", str(OF_RECORDS_1)]) == 0
        said = capsys.readouterr().out
        assert "ok   values follow from the utterances" in said
        assert "ok   a model that is wrong on purpose is stopped in every required case" in said

    def test_a_number_that_was_edited_in_such_a_record_is_found(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with bundle.unpacked(OF_RECORDS_1) as folder:
            shutil.copytree(folder, tmp_path / "old")
        path = the_record(tmp_path / "old")
        data = json.loads(path.read_text()) | {"seal": None}
        data["summary"]["wer"] = 0.01
        path.write_text(json.dumps(data | {"seal": hashlib.sha256(to_json(data)).hexdigest()}))
        bundle.write_checksums(tmp_path / "old")
        assert main(["verify", str(tmp_path / "old")]) == 1
        assert "says wer 0.01, its utterances come to 0.0" in capsys.readouterr().out

    def test_one_that_requires_nothing_is_not_good(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with bundle.unpacked(OLD) as folder:
            shutil.copytree(folder, tmp_path / "old")
        on(NOTE, lambda data: data.update(required=[]))(tmp_path / "old")
        bundle.write_checksums(tmp_path / "old")
        assert main(["verify", str(tmp_path / "old")]) == 1
        assert lines_of(capsys.readouterr().out) == ["what is required is what release.yaml asks for"]
