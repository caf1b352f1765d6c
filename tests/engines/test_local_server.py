"""Servers on this machine, by their port."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from pytest_modellab.engines.local_server import LocalServer

BUSY = """
import socket, time
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    while time.process_time() < 0.5:
        pass
    print("busy", flush=True)
    input()
"""


def test_processor_time_and_memory_of_the_process_that_listens() -> None:
    command = [sys.executable, "-c", BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        found = LocalServer.at(f"http://127.0.0.1:{port}/v1")
        assert server.stdout.readline() == "busy\n"
        assert found is not None
        assert 0.4 <= found.cpu_s() < 5
        assert 2e6 < found.rss_bytes() < 1e9
        server.kill()
        server.wait()
        assert (found.cpu_s(), found.rss_bytes()) == (0, 0)


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://127.0.0.1:9/v1"])
def test_a_server_that_is_elsewhere_or_not_there(url: str) -> None:
    assert LocalServer.at(url) is None


def test_this_process_is_no_other_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        assert LocalServer.at(f"http://127.0.0.1:{own.getsockname()[1]}/v1") is None
