"""What is edited while a session runs is neither stamped as measured nor kept, and what comes next is of the new."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns, StopsAt

from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.runner.edits import Edited, Imported, loaded_with, unedited
from pytest_modellab.runner.executor import LOCAL
from pytest_modellab.runner.journal import Journal
from pytest_modellab.runner.outcome import Outcome

L = TypeVar("L", bound=FakeCatalog)
ENGINE = """
from pathlib import Path
from modellab_fake_engine import FakeEngine

SAYS = {says!r}
EDIT = {edit!r}  # done by the engine itself, in the middle of a case: no clock decides when


class Editing(FakeEngine):
    needs_weights = True

    @classmethod
    def load(cls, request):
        engine = super().load(request)
        engine.says = SAYS or Path(request.weights, "says.txt").read_text()
        return engine

    def transcribe(self, clip):
        found = super().transcribe(clip)
        done = Path(self.options.log + ".edited")
        if EDIT and len(clip.samples) == 4100 and not done.exists():
            done.touch()
            exec(EDIT)
        return type(found)(self.says or found.text)
"""


class Editable(Generic[L]):
    """A lab whose engine, weights and recordings can be edited, two data sets of the same model."""

    def __init__(self, lab: L) -> None:
        self.lab = lab
        self.code, self.weights = lab.path / "editing.py", lab.catalog / "weights"
        self.weights.mkdir()
        (self.weights / "says.txt").write_text("")
        lab.ready()
        path = lab.model()
        text = path.read_text().replace("fake-for-tests", "../../editing.py:Editing")
        path.write_text(f"{text}weights: {{path: ../weights}}\n")

    def engine(self, edit: str, says: str = "") -> None:
        self.code.write_text(ENGINE.format(edit=edit, says=says))

    def measured(self) -> list[tuple[str, float]]:
        """Data set and WER of all records."""
        return sorted((record.case.dataset, record.value("wer") or 0.0) for record in self.lab.records())


@pytest.fixture
def editable(runs: FakeRuns) -> Editable[FakeRuns]:
    runs.executor = LOCAL
    return Editable(runs)


def of_code(here: Editable[Any]) -> str:
    return f"Path({str(here.code)!r}).write_text({ENGINE.format(edit='', says='wrong words said')!r})"


def of_weights(here: Editable[Any]) -> str:
    return f"Path({str(here.weights / 'says.txt')!r}).write_text('wrong words said')"


def of_a_recording(here: Editable[Any]) -> str:
    folder = here.lab.catalog / "datasets"
    return f"import shutil; shutil.copy({str(folder / 'clips-0.wav')!r}, {str(folder / 'clips-2.wav')!r})"


def of_a_reference(here: Editable[Any]) -> str:
    path = here.lab.catalog / "datasets" / "clips.jsonl"
    return f"path = Path({str(path)!r}); path.write_text(path.read_text().replace('three fine', 'four fine'))"


def of_a_recording_that_goes(here: Editable[Any]) -> str:
    return f"Path({str(here.lab.catalog / 'datasets' / 'clips-0.wav')!r}).unlink()"


EDITS: dict[Callable[[Editable[Any]], str], str] = {
    of_code: "*changed while it was measured: code: other code between samples and answers: editing.py",
    of_weights: "*changed while it was measured: weights: other weights",
    of_a_recording: "*changed while it was measured: dataset: other recordings or references",
    of_a_reference: "*changed while it was measured: dataset: other recordings or references",
    of_a_recording_that_goes: "*no audio file *clips-0.wav",
}


def journals(here: Editable[FakeRuns]) -> list[Path]:
    return list(here.lab.reports.glob("sessions/*/*.jsonl"))


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_a_case_that_was_edited_while_it_was_measured_is_broken_and_leaves_nothing(
    editable: Editable[FakeRuns], edit: Callable[[Editable[Any]], str]
) -> None:
    editable.engine(edit(editable))
    outcome = editable.lab.outcome()
    assert outcome.record is None
    assert fnmatchcase(str(outcome.broken), f"{EDITS[edit]}; nothing of it is kept: run it again")
    assert editable.lab.records() == []
    assert journals(editable) == []


def test_a_session_tells_that_a_case_was_edited(lab: FakeLab) -> None:
    here = Editable(lab)
    here.engine(of_weights(here))
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*{EDITS[of_weights]}; nothing of it is kept: run it again"])


def test_a_session_that_is_broken_off_after_an_edit_leaves_no_journal(editable: Editable[FakeRuns]) -> None:
    editable.engine(of_a_recording(editable))
    with pytest.raises(KeyboardInterrupt):
        editable.lab.run(progress=StopsAt(2))
    assert journals(editable) == []


def edited_between(here: Editable[FakeRuns], edit: Callable[[], object]) -> dict[str, Outcome]:
    """The outcomes of two cases of one model, of whose first something is edited once it has been measured."""
    here.engine("")
    here.lab.dataset("more")
    cases = here.lab.cases()
    with here.lab.session() as runner:
        runner.expect(cases)
        first = runner.run(cases[0])
        edit()
        return {cases[0].dataset.id: first, cases[1].dataset.id: runner.run(cases[1])}


def test_weights_that_change_between_two_cases_are_loaded_again(editable: Editable[FakeRuns]) -> None:
    """The worker is held for the model's next data set; what it has in memory is of before."""
    edited_between(editable, lambda: (editable.weights / "says.txt").write_text("wrong words said"))
    assert editable.measured() == [("clips", 0.0), ("more", 1.0)]
    assert editable.lab.engine_log().count("load") == 2
    editable.lab.run()
    assert editable.measured() == [("clips", 0.0), ("clips", 1.0), ("more", 1.0)]


def test_code_that_changes_between_two_cases_is_not_half_new(editable: Editable[FakeRuns]) -> None:
    """The session has imported the engine's class, of which it asks the rate; only the worker could load it again."""
    code = ENGINE.format(edit="", says="wrong words said")
    told = str(edited_between(editable, lambda: editable.code.write_text(code))["more"].broken)
    assert "editing.py changed since this session began" in told
    assert told.endswith("run it again")
    assert editable.measured() == [("clips", 0.0)]
    editable.lab.run()
    assert editable.measured() == [("clips", 0.0), ("clips", 1.0), ("more", 1.0)]


INPUTS: dict[str, Any] = {
    "task": "asr",
    "model": "a",
    "weights": "w",
    "dataset": "d",
    "code": {"mine.py": "1", "pytest_modellab.core.audio": "1"},
    "versions": {"numpy": "2"},
    "parts": {"asr": {"model": "b", "weights": "w", "code": {"part.py": "1"}, "versions": {}}},
    "judge": {"model": "j", "code": {"pytest_modellab.core.text": "1"}, "versions": {"numpy": "2"}},
}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("code", "mine.py"), "mine.py"),
        (("code", "pytest_modellab.core.audio"), "pytest_modellab.core.audio"),
        (("versions", "numpy"), "numpy"),
        (("parts", "asr", "code", "part.py"), "part.py"),
        (("judge", "code", "pytest_modellab.core.text"), "pytest_modellab.core.text"),
    ],
)
def test_what_a_process_has_imported_is_known_by_its_first_use(path: tuple[str, ...], told: str) -> None:
    imported = Imported()
    imported.check(INPUTS)
    imported.check(json.loads(json.dumps(INPUTS)))
    other = json.loads(json.dumps(INPUTS))
    place = other
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "another"
    with pytest.raises(Edited, match=f"{told} changed since this session began"):
        imported.check(other)


def test_a_module_of_that_name_is_another_models_own() -> None:
    imported = Imported()
    imported.check(INPUTS)
    imported.check({**INPUTS, "model": "c", "code": {"mine.py": "2"}})


def test_what_a_model_was_loaded_with_is_all_but_what_its_cases_differ_in() -> None:
    assert set(loaded_with(INPUTS)) == {"model", "weights", "versions", "parts"}
    assert loaded_with({**INPUTS, "new": 1}) != loaded_with(INPUTS)


def test_a_discarded_journal_is_gone(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "a.jsonl", {"key": "k"}) as journal:
        journal.append({"utterance": "u"})
        journal.discard()
    assert not (tmp_path / "a.jsonl").exists()


class TestUnknown:
    """A full disk, or a connection that fails, is no edit: what was answered is kept to go on from."""

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.ESTALE])
    @pytest.mark.parametrize("wrapped", [False, True])
    def test_what_was_answered_is_kept_and_no_record_made(self, number: int, wrapped: bool) -> None:
        def again() -> dict[str, Any]:
            failed = OSError(number, "failed")
            if wrapped:
                raise DatasetError("can't be read") from failed
            raise failed

        discarded: list[str] = []
        told = r"isn't known: .*; its answers are kept: run it again"
        with pytest.raises(Edited, match=told), unedited({"code": "a"}, again, lambda: discarded.append("all")):
            pass
        assert not discarded
        with pytest.raises(KeyboardInterrupt), unedited({"code": "a"}, again, lambda: discarded.append("all")):
            raise KeyboardInterrupt
        assert not discarded

    def test_what_is_gone_was_changed(self) -> None:
        def again() -> dict[str, Any]:
            raise FileNotFoundError(errno.ENOENT, "gone")

        discarded: list[str] = []
        told = "nothing of it is kept"
        with pytest.raises(Edited, match=told), unedited({"code": "a"}, again, lambda: discarded.append("all")):
            pass
        assert discarded == ["all"]
