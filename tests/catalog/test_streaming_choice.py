"""Environment variables choose what streams: models, devices and options of the plan, and nothing else."""

from __future__ import annotations

import pytest
from fakeruns import FakeRuns
from streamlab import ENGINE, model
from streamlab import streams as made_streams

from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.streaming_choice import plan_here


@pytest.fixture
def streams(runs: FakeRuns) -> FakeRuns:
    return made_streams(runs)


def test_other_tasks_are_left_alone_and_share_no_worker(streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    streams.model()
    streams.dataset()
    both = streams.spec("datasets/both.yaml", {})
    text = (streams.catalog / "datasets" / "numbers.yaml").read_text()
    both.write_text(text.replace("id: numbers", "id: both").replace("- streaming", "- streaming\n- asr"))
    path = streams.catalog / "models" / "numbers.yaml"
    path.write_text(path.read_text().replace("- streaming", "- streaming\n- asr"))
    catalog = load(streams.catalog, streams.path)
    plain, _ = plan_here(catalog)
    assert len({case.group for case in plain if case.model.id == "numbers"}) == 1
    monkeypatch.setenv("MODELLAB_ASR_VAD", "on")
    monkeypatch.setenv("MODELLAB_ASR_PROVIDER", ENGINE)
    chosen, problems = plan_here(catalog)
    assert not problems
    assert {case.key for case in chosen} == {case.key for case in plain}
    assert len({case.group for case in chosen if case.model.id == "numbers"}) == 2
    for case in chosen:
        assert case.model.options.get("vad_filter") == (True if case.task == "streaming" else None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PROVIDER", "fake", "no provider of the catalog's; allowed: modellab_fake_stream:FakeStream"),
        ("MODEL", "nunbers", "no model for streaming; did you mean `numbers`? allowed: numbers"),
        ("DEVICE", "cuda", "no device; allowed: cpu"),
        ("COMPUTE", "int8", "has no option `compute_type`"),
        (
            "LANGUAGE",
            "english please",
            "`english please` is no language tag (ISO 639 or",
        ),
        ("LANGUAGE", "xx", "`xx` is no language tag"),
        ("LANGUAGE", "germn", "did you mean `de`? `auto` has it detected"),
        ("CHUNK_SECONDS", "fast", "expected a number of seconds from 0.01 to 30"),
        ("CHUNK_SECONDS", "nan", "expected a number of seconds"),
        ("CHUNK_SECONDS", "31", "expected a number of seconds"),
        ("VAD", "perhaps", "expected on or off"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(
    streams: FakeRuns, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"MODELLAB_ASR_{name}", value)
    _, problems = plan_here(load(streams.catalog, streams.path))
    (problem,) = problems
    assert problem.startswith(f"MODELLAB_ASR_{name}={value}: ")
    assert message in problem


def test_what_is_empty_is_not_set(streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = load(streams.catalog, streams.path)
    plain = plan_here(catalog)
    for name in ("PROVIDER", "MODEL", "DEVICE", "COMPUTE", "LANGUAGE", "CHUNK_SECONDS", "VAD"):
        monkeypatch.setenv(f"MODELLAB_ASR_{name}", "")
    assert plan_here(catalog) == plain


def test_a_language_must_be_one_that_the_model_speaks(streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    path = streams.catalog / "models" / "numbers.yaml"
    path.write_text(path.read_text() + "languages: [en]\n")
    monkeypatch.setenv("MODELLAB_ASR_LANGUAGE", "de")
    _, problems = plan_here(load(streams.catalog, streams.path))
    assert problems[0].startswith("MODELLAB_ASR_LANGUAGE=de: numbers speaks en alone")


def test_all_of_a_choice_reaches_the_case_it_is_of(streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    model(streams, "spare", tiers=())
    chosen = {"MODEL": "spare", "DEVICE": "cpu", "LANGUAGE": "en", "CHUNK_SECONDS": "0.3", "VAD": "off"}
    for name, value in chosen.items():
        monkeypatch.setenv(f"MODELLAB_ASR_{name}", value)
    cases, problems = plan_here(load(streams.catalog, streams.path))
    assert not problems
    (case,) = cases
    assert (case.model.id, case.device.id, case.tiers) == ("spare", "cpu", ("smoke", "smoke_all"))
    assert (case.model.options["language"], case.model.options["vad_filter"]) == ("en", False)
    assert case.dataset.stream is not None
    assert case.dataset.stream.chunk_s == 0.3


def test_auto_is_what_the_engine_is_told(streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_ASR_LANGUAGE", "auto")
    cases, problems = plan_here(load(streams.catalog, streams.path))
    assert not problems
    assert cases[0].model.options["language"] == "auto"
