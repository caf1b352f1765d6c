"""Sessions of streaming cases, with an engine that reads numbers off the samples: records, gates, variables."""

from __future__ import annotations

import pytest
from fakelab import FakeLab
from fakeruns import FakeRuns
from quietness import quiet
from streamlab import TEXTS, model, stream_lab
from streamlab import streams as made_streams

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.load import load
from pytest_modellab.cli import main
from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.results.rescore import rescore
from pytest_modellab.results.shards import Shard
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.streaming.record import stream_of, streams_of


@pytest.fixture
def streams(runs: FakeRuns) -> FakeRuns:
    return made_streams(runs)


class TestSession:
    def test_it_passes_alone_and_beside_others(self, lab: FakeLab) -> None:
        stream_lab(lab)
        assert lab.run().ret == 0
        assert lab.run("-n2", "--lab-fresh").ret == 0
        alone, beside = lab.records()
        # What differs between two runs of the same thing is marked, in streams as elsewhere.
        assert canonical(beside) == canonical(alone)

    def test_variables_that_are_wrong_are_refused_before_anything_is_run(
        self, lab: FakeLab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream_lab(lab)
        monkeypatch.setenv("MODELLAB_ASR_VAD", "perhaps")
        monkeypatch.setenv("MODELLAB_ASR_DEVICE", "gpu")
        result = lab.run()
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*MODELLAB_ASR_DEVICE=gpu: no device*", "MODELLAB_ASR_VAD=perhaps: expected*"])


class TestRecord:
    def test_one_paced_pass_gives_texts_and_latencies(self, streams: FakeRuns) -> None:
        record = streams.measured()
        assert [each.hypothesis for each in record.utterances] == list(TEXTS)
        summary = streams_of(record)
        assert summary is not None
        assert (summary.chunk_s, summary.pace) == (0.2, 3)
        assert [each.kind for each in record.timing.passes] == ["accuracy and timing"]
        for name in ("wer", "offline_wer", "streaming_loss", "unstable_words"):
            assert record.value(name) == 0
        for name in ("early_partials", "kept_up"):
            assert record.value(name) == 1
        first = record.value("first_partial_p50_s")
        assert first is not None
        assert first >= 0.2 / 3
        assert (record.value("final_p95_s") or 0) > 0
        for name in ("reconnects", "backpressure_s"):
            assert record.value(name) is None
            assert record.why_missing(name) == "the stream goes to no server"
        (streamed, _) = (stream_of(each) for each in record.utterances)
        assert streamed is not None
        assert [each.text for each in streamed.partials] == ["1 2", "1 2 3 4", "1 2 3 4 5 6"]

    def test_beside_others_texts_come_without_a_pace_and_latencies_from_a_pass_alone(self, streams: FakeRuns) -> None:
        alone = streams.measured()
        beside = streams.measured(alone=False, fresh=True)
        assert [each.kind for each in beside.timing.passes] == ["accuracy", "timing"]
        assert beside.value("first_partial_p50_s") is not None
        assert beside.value("kept_up") == 1
        assert [each.hypothesis for each in beside.utterances] == [each.hypothesis for each in alone.utterances]
        # What differs between two runs of the same thing is marked, in streams as elsewhere.
        assert canonical(beside) == canonical(alone)

    def test_words_that_are_taken_back_are_counted(self, streams: FakeRuns) -> None:
        model(streams, unsure=True)
        # Each partial ends in a word that isn't so: three of six words, three of five.
        assert streams.measured().value("unstable_words") == pytest.approx(6 / 11)

    def test_a_stream_that_is_too_slow_fails_its_gate(self, streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        quiet(monkeypatch)
        model(streams, first_push_s=1.3)
        record = streams.measured()
        assert record.value("kept_up") == 0
        catalog = load(streams.catalog, streams.path)
        (row,) = judged("s", catalog, [(record, streams.path)], required=[], strict="failures").rows
        assert row.status is Status.FAIL

    def test_what_raises_fails_the_utterance(self, streams: FakeRuns) -> None:
        model(streams, fault="raise")
        record = streams.measured()
        assert record.summary.answered == 0
        assert record.why_missing("early_partials") == "no utterance was answered"
        assert record.utterances[0].error is not None
        assert "told to fail" in record.utterances[0].error.message

    def test_scoring_again_counts_the_words_of_streams_again(self, streams: FakeRuns) -> None:
        model(streams, unsure=True)
        record = streams.measured()
        again = rescore(record)
        assert (again.values, again.parts) == (record.values, record.parts)
        # The basic normalizer takes numbers as they are; all stays as it was.
        assert rescore(record, TextRules("whisper-basic")).value("unstable_words") == pytest.approx(6 / 11)

    def test_the_engine_that_is_wrong_on_purpose_fails(self, streams: FakeRuns) -> None:
        assert (streams.measured(control=True).value("wer") or 0) > 0.1

    def test_pace_and_chunks_are_inputs(self, streams: FakeRuns) -> None:
        record = streams.measured()
        assert record.provenance.inputs["stream"] == {"chunk_s": 0.2, "pace": 3}
        streams.measured()
        assert len(streams.records()) == 1
        path = streams.catalog / "datasets" / "numbers.yaml"
        path.write_text(path.read_text().replace("pace: 3", "pace: 4"))
        other = streams.measured()
        assert other.provenance.key != record.provenance.key

    def test_without_a_pace_nothing_is_timed_and_the_record_says_why(self, streams: FakeRuns) -> None:
        path = streams.catalog / "datasets" / "numbers.yaml"
        path.write_text(path.read_text().replace("pace: 3", "pace: null"))
        record = streams.measured()
        assert record.value("kept_up") is None
        assert record.why_missing("kept_up") == "the data set has `pace: null`"

    def test_shards_are_joined_with_their_figures(self, streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        model(streams, unsure=True)
        whole = streams.measured()
        streams.commanded(monkeypatch)
        for i in (1, 2):
            streams.reports = streams.path / f"shard-{i}"
            assert streams.measured(shard=Shard(i, 2)).shard is not None
        assert main(["merge", "shard-1", "shard-2", "--output", "joined"]) == 0
        (path,) = (streams.path / "joined" / "runs").rglob("*.json")
        joined = read(path)
        assert joined.value("unstable_words") == whole.value("unstable_words")
        assert joined.value("early_partials") == 1
        found = streams_of(joined)
        assert found is not None
        assert found.chunk_s == 0.2

    def test_stream_goes_with_its_task(self, streams: FakeRuns) -> None:
        path = streams.catalog / "datasets" / "numbers.yaml"
        path.write_text(path.read_text().replace("- streaming", "- asr"))
        with pytest.raises(CatalogError, match=r"numbers.yaml:.*`stream` goes with the task streaming"):
            streams.cases()


class TestVariables:
    def test_what_is_chosen_stands_in_the_record_and_its_key(
        self, streams: FakeRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = streams.measured()
        monkeypatch.setenv("MODELLAB_ASR_CHUNK_SECONDS", "0.3")
        monkeypatch.setenv("MODELLAB_ASR_LANGUAGE", "en")
        monkeypatch.setenv("MODELLAB_ASR_VAD", "on")
        after = streams.measured()
        assert after.provenance.key != before.provenance.key
        assert after.provenance.inputs["stream"]["chunk_s"] == 0.3
        assert after.provenance.inputs["options"]["language"] == "en"
        assert after.provenance.inputs["options"]["vad_filter"] is True
        found = streams_of(after)
        assert found is not None
        assert found.chunk_s == 0.3

    def test_a_model_that_is_chosen_runs_whatever_its_tier_and_no_other_does(
        self, streams: FakeRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model(streams, "spare", tiers=())
        monkeypatch.setenv("MODELLAB_ASR_MODEL", "spare")
        assert streams.measured().case.model == "spare"
        assert len(streams.records()) == 1
