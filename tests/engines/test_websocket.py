"""Streaming over the net: nothing is lost with a connection, and what breaks the contract is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from faulty_net import FaultyNet
from hypothesis import given
from hypothesis import strategies as st
from modellab_fake_stream import FakeStream, FakeStreamOptions, sound

from pytest_modellab.cli.streaming_server import StreamingServer, load_engine
from pytest_modellab.engines import asr_contract as contract
from pytest_modellab.engines.asr_contract import ContractError
from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.websocket_asr import WebsocketAsr
from pytest_modellab.engines.websocket_options import WebsocketOptions
from pytest_modellab.engines.websocket_stream import WebsocketStream

NUMBERS = list(range(40))
TEXT = " ".join(map(str, NUMBERS))


def options(url: str, **other: Any) -> WebsocketOptions:
    return WebsocketOptions(url=url, **{"connect_timeout_s": 5.0, "answer_timeout_s": 5.0, **other})


def served(**fakes: Any) -> StreamingServer:
    return StreamingServer(FakeStream(FakeStreamOptions(**fakes)), "numbers")


def through(url: str, **other: Any) -> tuple[str, WebsocketStream, list[str]]:
    """The final text, the stream, and the partials."""
    stream = WebsocketStream(options(url, **other), "en")
    try:
        partials, samples = [], sound(NUMBERS)
        for place in range(0, len(samples), 4000):
            stream.push(samples[place : place + 4000])
            partials += [partial.text for partial in stream.partials()]
        text = stream.finish().text
        return text, stream, [*partials, *(partial.text for partial in stream.partials())]
    finally:
        stream.close()


class TestConnection:
    def test_what_is_said_arrives(self) -> None:
        with served() as server:
            text, stream, partials = through(server.url)
        assert text == TEXT
        assert stream.reconnects == 0
        for partial in partials:
            assert TEXT.startswith(partial)

    def test_partials_tell_when_they_came(self) -> None:
        with served() as server:
            stream = WebsocketStream(options(server.url), None)
            before = time.perf_counter()
            stream.push(sound([1, 2]))
            stream.finish()
            found = stream.partials()
            stream.close()
        assert found
        assert all(partial.at is not None and before <= partial.at <= time.perf_counter() for partial in found)

    @pytest.mark.parametrize("drops", [(30_000,), (30_000, 60_000), (9_000, 9_000, 100_000), (100,)])
    def test_nothing_is_lost_nor_said_twice_where_connections_are(self, drops: tuple[int, ...]) -> None:
        with served() as server, FaultyNet(server.url, drops) as net:
            text, stream, _ = through(net.url)
            assert net.dropped == len(drops)
        assert text == TEXT
        # One that breaks before the server is ready was no connection.
        assert stream.reconnects == len([size for size in drops if size > 1000])

    def test_only_what_is_not_final_is_sent_again(self) -> None:
        with served() as server, FaultyNet(server.url, (100_000,)) as net:
            stream = WebsocketStream(options(net.url, queue_s=0.1), "en")
            samples = sound(NUMBERS)
            for place in range(0, len(samples), 1600):
                stream.push(samples[place : place + 1600])
                time.sleep(0.01)  # so that finals come in between
            assert stream.finish().text == TEXT
            kept = len(stream._kept)
            stream.close()
        assert kept == 0

    def test_a_line_that_breaks_too_often_is_given_up(self) -> None:
        with (
            served() as server,
            FaultyNet(server.url, (3_000,) * 9) as net,
            pytest.raises(ConnectionError, match=r"was lost 3 times in one utterance.*`reconnects`"),
        ):
            through(net.url, reconnects=2)

    def test_a_slow_reader_holds_up_whoever_speaks_and_the_wait_is_measured(self) -> None:
        with served() as server, FaultyNet(server.url, bytes_per_s=300_000) as net:
            # Beyond what the system's own buffers take in.
            stream = WebsocketStream(options(net.url, queue_s=0.2, answer_timeout_s=60), "en")
            samples = np.tile(sound(NUMBERS), 4)
            for place in range(0, len(samples), 8000):
                stream.push(samples[place : place + 8000])
            waited = stream.waited_s
            text = stream.finish().text
            stream.close()
        assert text == " ".join([TEXT] * 4)
        assert waited > 0.1

    def test_close_before_the_end_leaves_no_thread(self) -> None:
        with served() as server:
            before = threading.active_count()
            stream = WebsocketStream(options(server.url), "en")
            stream.push(sound([1]))
            stream.close()
            stream.close()
            deadline = time.monotonic() + 10
            while threading.active_count() > before and time.monotonic() < deadline:
                time.sleep(0.05)
            assert threading.active_count() <= before


class TestEngine:
    def request(self, url: str) -> LoadRequest:
        return LoadRequest(DeviceRef("cpu"), {"url": url, "connect_timeout_s": 2.0}, None)

    def test_it_tells_what_the_server_calls_itself_and_no_secret(self) -> None:
        with served() as server:
            facts = WebsocketAsr.load(self.request(server.url + "/live?key=secret")).facts()
        assert facts["server"] == "numbers"
        assert str(facts["address"]).endswith("/live")

    def test_where_there_is_no_server_it_says_what_to_do(self) -> None:
        with pytest.raises(ConnectionError, match=r"no server at ws://127.0.0.1:9: .*modellab serve-asr MODEL"):
            WebsocketAsr.load(self.request("ws://127.0.0.1:9"))

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"url": "http://example.com"}, "url must be an address such as ws://"),
            ({"url": "ws://x", "queue_s": 0}, "queue_s must be more than 0"),
            ({"url": "ws://x", "reconnects": -1}, "reconnects must be at least 0"),
            ({"url": "ws://x", "connect_timeout_s": 0}, "connect_timeout_s must be more than 0"),
            ({"url": "ws://x", "answer_timeout_s": 0}, "answer_timeout_s must be more than 0"),
        ],
    )
    def test_wrong_options_are_refused(self, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            WebsocketOptions(**wrong)


class TestServer:
    def test_an_engine_that_fails_is_told_of(self) -> None:
        with (
            served(fault="raise") as server,
            pytest.raises(ContractError, match="RuntimeError: the fake stream was told"),
        ):
            through(server.url)

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            ("junk", "is no JSON object"),
            (json.dumps({"type": "stop"}), "of type `start` first"),
            (json.dumps({"type": "start", "protocol": "modellab.asr/9"}), "this server speaks modellab.asr/1"),
            (contract.start_message(contract.Start()).replace("16000", "8000"), "expected audio of pcm_s16le"),
            (contract.start_message(contract.Start(offset_s=-1)), "must not be negative"),
            (b"audio", "5 bytes where a JSON text was expected"),
        ],
    )
    def test_a_client_that_breaks_the_contract_is_told_how(self, sent: str | bytes, message: str) -> None:
        assert message in self.first_answer(sent)

    @pytest.mark.parametrize(("then", "message"), [(b"odd", "no whole number"), ("go on", "no JSON object")])
    def test_and_after_the_start_too(self, then: str | bytes, message: str) -> None:
        assert message in self.first_answer(contract.start_message(contract.Start()), then)

    def first_answer(self, *sent: str | bytes) -> str:
        from websockets.sync.client import connect

        with served() as server, connect(server.url) as socket:
            said = {}
            for each in sent:
                socket.send(each)
                said = json.loads(socket.recv(timeout=10))
        assert said["type"] == "status"
        assert said["state"] == "error"
        return str(said["message"])

    def test_only_engines_that_stream_are_served(self) -> None:
        class Deaf:
            tasks = frozenset({"asr"})

        with pytest.raises(ValueError, match="Deaf does not do `streaming`, only asr"):
            load_engine(Deaf, None)


Handler = Callable[[Any], None]


@contextmanager
def server_that(does: Handler) -> Iterator[str]:
    """A server that says what it is told to, once it has been sent `start`."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import serve

    def handle(socket: Any) -> None:
        try:
            socket.recv()
            does(socket)
            for _ in socket:
                pass
        except ConnectionClosed:
            pass

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


READY = json.dumps({"type": "status", "state": "ready", "protocol": contract.PROTOCOL})


def saying(*messages: str | bytes) -> Handler:
    def handle(socket: Any) -> None:
        for each in messages:
            socket.send(each)

    return handle


def upon_stop(*messages: str) -> Handler:
    def handle(socket: Any) -> None:
        socket.send(READY)
        while not isinstance(socket.recv(), str):
            pass
        saying(*messages)(socket)

    return handle


class TestBrokenContract:
    @pytest.mark.parametrize(
        ("does", "message"),
        [
            (saying("hello"), "which is no JSON object"),
            (saying("[1]"), "which is no JSON object"),
            (saying(b"\x00\x01"), "2 bytes where a JSON text was expected"),
            (saying(json.dumps({"type": "transcript"})), "type 'transcript'.*allowed are status, asr_partial"),
            (
                saying(READY.replace("asr/1", "asr/2")),
                "speaks 'modellab.asr/2', this client modellab.asr/1: use a server",
            ),
            (saying(json.dumps({"type": "asr_partial", "text": "x"})), "before `ready`"),
            (saying(json.dumps({"type": "status", "state": "error", "message": "too many"})), "says: too many"),
            (saying(), "has not said `ready` in 0.5 s.*`connect_timeout_s`"),
            (saying(READY, json.dumps({"type": "asr_partial"})), "`text` must be text"),
            (saying(READY, json.dumps({"type": "asr_final", "text": "x"})), "`end_s` must be a number of seconds"),
            (saying(READY, json.dumps({"type": "asr_final", "text": "x", "end_s": 99})), "ends at 99 s; it must lie"),
            (saying(READY, json.dumps({"type": "asr_final", "text": "x", "end_s": -2})), "ends at -2 s; it must lie"),
            (saying(READY, json.dumps({"type": "final_summary", "text": "x"})), "before it was sent `stop`"),
            (saying(READY, json.dumps({"type": "status", "state": "error"})), "gives up: it does not say why"),
            (upon_stop(), "said nothing for .* since `stop`.*`answer_timeout_s`"),
        ],
    )
    def test_it_is_told_and_not_tried_again(self, does: Handler, message: str) -> None:
        def talk(stream: WebsocketStream) -> None:
            stream.push(sound([1]))
            time.sleep(0.3)  # so that what comes before `stop` has come
            stream.finish()

        with server_that(does) as url:
            stream = WebsocketStream(options(url, connect_timeout_s=0.5, answer_timeout_s=0.5), "en")
            with pytest.raises(ContractError, match=message):
                talk(stream)
            stream.close()

    def test_a_server_that_hangs_up_without_a_word_is_a_lost_connection(self) -> None:
        with (
            server_that(lambda socket: socket.close()) as url,
            pytest.raises(ConnectionError, match="was lost 2 times"),
        ):
            through(url, reconnects=1)

    def test_other_states_and_fields_are_passed_over(self) -> None:
        news = json.dumps({"type": "status", "state": "warming up", "percent": 50})
        summary = json.dumps({"type": "final_summary", "text": "all of it", "confidence": 0.9})
        with server_that(upon_stop(news, summary)) as url:
            assert through(url)[0] == "all of it"


class TestTexts:
    @pytest.mark.parametrize(
        ("pieces", "text"),
        [
            ((), ""),
            (("a",), "a"),
            (("a", "b"), "a b"),
            (("a ", "b"), "a b"),
            (("a", " b"), "a b"),
            (("", "b"), "b"),
            (("今日は", "晴れ"), "今日は晴れ"),
        ],
    )
    def test_pieces_are_joined_by_one_space_where_there_is_writing_with_spaces(
        self, pieces: tuple[str, ...], text: str
    ) -> None:
        assert contract.joined(pieces) == text

    @given(st.lists(st.integers(-32768, 32767), max_size=50))
    def test_sixteen_bits_go_there_and_back(self, values: list[int]) -> None:
        samples = np.asarray(values, dtype=np.float32) / np.float32(32768)
        assert np.array_equal(contract.from_pcm(contract.to_pcm(samples)), samples)

    def test_beyond_full_scale_is_clipped(self) -> None:
        assert contract.from_pcm(contract.to_pcm(np.asarray([2.0, -2.0], dtype=np.float32))) == pytest.approx(
            [32767 / 32768, -1.0]
        )
