"""Files of models on other machines: found by digest, sent in pieces, refused where damaged."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pytest_modellab.assets.venvs import Plan
from pytest_modellab.catalog.environments import Environment, Environments, NoEnvironment
from pytest_modellab.core.variables import numerical
from pytest_modellab.runner.cluster import shipping
from pytest_modellab.runner.cluster.ray_host import Death, Host, code_of, environment_here, node_here
from pytest_modellab.runner.cluster.shipping import Parcel, Shelf, chunks, package_digest, parcel_of
from pytest_modellab.runner.load_order import LoadOrder, PartOrder


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a model, larger than a piece."""
    monkeypatch.setattr(shipping, "CHUNK_BYTES", 10)
    folder = tmp_path / "weights"
    (folder / "deep").mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(range(35)))
    (folder / "deep" / "empty").touch()
    (folder / "vocabulary.txt").symlink_to(folder / "model.bin")
    return folder


def sent(parcel: Parcel, shelf: Shelf, folder: Path) -> Path:
    """To a machine without shared storage."""
    hidden = folder.with_name("hidden")
    pieces = list(chunks(parcel))
    folder.rename(hidden)
    try:
        assert shelf.place(parcel) is None
        for name, piece in pieces:
            shelf.receive(parcel, name, piece)
        return shelf.complete(parcel)
    finally:
        hidden.rename(folder)


def test_what_lies_at_the_same_path_is_not_sent(weights: Path, tmp_path: Path) -> None:
    assert Shelf(tmp_path / "cache").place(parcel_of(weights)) == weights


def test_it_comes_in_pieces_and_is_there_from_then_on(weights: Path, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(weights), Shelf(tmp_path / "cache")
    assert max(len(piece) for _, piece in chunks(parcel)) == 10
    place = sent(parcel, shelf, weights)
    assert place == tmp_path / "cache" / "shipped" / parcel.digest
    assert parcel_of(place).files == parcel.files
    shutil.rmtree(weights)
    assert Shelf(tmp_path / "cache").place(parcel) == place


def test_other_bytes_at_the_same_path_are_not_taken(weights: Path, tmp_path: Path) -> None:
    parcel = parcel_of(weights)
    (weights / "model.bin").write_bytes(bytes(35))
    assert Shelf(tmp_path / "cache").place(parcel) is None


def test_what_was_damaged_since_it_came_is_replaced(weights: Path, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(weights), Shelf(tmp_path / "cache")
    place = sent(parcel, shelf, weights)
    (place / "model.bin").write_bytes(b"")
    assert sent(parcel, shelf, weights) == place
    assert parcel_of(place).files == parcel.files


def test_two_sessions_may_send_the_same(weights: Path, tmp_path: Path) -> None:
    parcel, one, other = parcel_of(weights), Shelf(tmp_path / "cache"), Shelf(tmp_path / "cache")
    for name, piece in chunks(parcel):
        one.receive(parcel, name, piece)
        other.receive(parcel, name, piece)
    assert one.complete(parcel) == other.complete(parcel)
    assert [each.name for each in (tmp_path / "cache" / "shipped").iterdir()] == [parcel.digest]


def test_what_comes_damaged_is_refused(weights: Path, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(weights), Shelf(tmp_path / "cache")
    shelf.receive(parcel, "model.bin", b"half")
    with pytest.raises(OSError, match="came damaged"):
        shelf.complete(parcel)
    assert list((tmp_path / "cache" / "shipped").iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/outside"])
def test_a_name_that_leads_elsewhere_is_refused(weights: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leads out of its folder"):
        Shelf(tmp_path / "cache").receive(parcel_of(weights), name, b"")


def test_a_single_file(weights: Path, tmp_path: Path) -> None:
    assert parcel_of(weights / "model.bin").files.keys() == {""}
    assert Shelf(tmp_path / "cache").place(parcel_of(weights / "model.bin")) == weights / "model.bin"


def test_the_code_of_the_package_has_a_digest() -> None:
    assert package_digest() == package_digest()
    assert len(package_digest()) == 64


@pytest.fixture
def own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of this process are as they were once a test is over."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CT2_FORCE_CPU_ISA"):
        monkeypatch.setenv(name, "1")
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("own_variables")
class TestHost:
    """What runs on a node, in this process."""

    ORDER = LoadOrder("no_such_module:Engine", {}, {"kind": "cpu", "index": 0, "shared": False}, None, 0, 30)

    def test_a_worker_that_cannot_load_says_so_and_one_that_died_how(self) -> None:
        host = Host()
        assert host.start(self.ORDER, code_of(self.ORDER), {}) == ""
        reply, memory = host.request(self.ORDER.message(), b"", 30)
        assert reply["error"]["type"] == "ModuleNotFoundError"
        assert reply["core_use"]["wall_s"] > 0
        assert memory["peak_rss"] > 0
        found, _ = host.request({"op": "nothing like it", "handler": "x"}, b"", 30)
        assert "error" in found
        host.close()
        ended, _ = host.request({"op": "reset-peak"}, b"", 30)
        assert isinstance(ended, Death)
        assert ended.kind == "crash"

    def test_the_worker_has_the_sessions_numerical_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Ray sets it
        monkeypatch.setenv("CT2_VERBOSE", "1")
        host = Host()
        host.start(self.ORDER, code_of(self.ORDER), {"MKL_NUM_THREADS": "3", "CT2_FORCE_CPU_ISA": "GENERIC"})
        host.close()
        assert numerical() == {"MKL_NUM_THREADS": "3", "CT2_FORCE_CPU_ISA": "GENERIC"}
        assert os.environ.get("CT2_VERBOSE") == "1"

    def test_what_must_be_on_the_node_is_named(self, tmp_path: Path) -> None:
        from dataclasses import replace

        why = Host().start(replace(self.ORDER, path=str(tmp_path / "nowhere")), {}, {})
        assert why.startswith(f"no folder {tmp_path / 'nowhere'}, of the engine, on node ")

    def test_other_code_of_an_engine_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.py"
        file.write_text("class Mine: ...\n")
        order = LoadOrder(f"{file}:Mine", {}, {"kind": "cpu", "index": 0, "shared": False}, None, 0, 30)
        code = code_of(order)
        file.write_text("class Mine:\n    worse = True\n")
        why = Host().start(order, code, {})
        assert " has other code than this session: " in why
        assert "mine" in why

    def test_weights_are_loaded_from_where_they_lie_there(self, weights: Path) -> None:
        host, parcel = Host(), parcel_of(weights)
        assert host.place(parcel)
        part = PartOrder("some:Part", {}, weights)
        order = LoadOrder("some:Engine", {}, {"kind": "cuda", "index": 3}, weights, 0, 30, parts={"asr": part})
        host._places[str(weights)] = "/there"
        told = host._placed(order.message())
        assert (told["weights"], told["parts"]["asr"]["weights"], told["device"]["index"]) == ("/there", "/there", 0)

    def test_pieces_are_received(self, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
        host, parcel = Host(), parcel_of(weights)
        pieces = list(chunks(parcel))
        shutil.rmtree(weights)
        assert not host.place(parcel)
        for name, piece in pieces:
            host.receive(parcel, name, piece)
        host.complete(parcel)
        assert host._places[str(weights)].endswith(parcel.digest)


def test_a_node_tells_what_it_is() -> None:
    node = node_here(["numpy", "no-such-package"])
    assert node.hardware["node"] == node.name
    assert node.versions["numpy"]
    assert node.versions["no-such-package"] is None
    assert node.versions["pytest-modellab's code"] == package_digest()


class TestEnvironment:
    """Of a model's own, on a node that hasn't got it."""

    def test_one_that_is_there_is_taken(self) -> None:
        here = Environment(Path(sys.executable), "3.11.0", ())
        assert environment_here(here, []) is here

    def test_an_interpreter_that_was_named_is_not_made(self, tmp_path: Path) -> None:
        told = environment_here(Environment(tmp_path / "python", "3.11.0", ()), [])
        assert str(told).startswith(f"no interpreter {tmp_path / 'python'} on node ")

    def test_one_with_a_plan_is_built_and_compared(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        plan = Plan(None, ("numpy",))
        asked = Environment(tmp_path / "python", "3.11.0", (), plan)
        built = Environment(Path(sys.executable), "3.11.0", tuple(sys.path), plan)
        monkeypatch.setattr(Environments, "built", lambda self, plan, say: built)
        assert environment_here(asked, []) is built
        assert "has {'numpy': " in str(environment_here(asked, ["numpy"]))

    def test_one_that_cannot_be_built_says_why(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(self: Environments, plan: Plan, say: object) -> None:
            raise NoEnvironment("no uv and no pip")

        monkeypatch.setattr(Environments, "built", fail)
        asked = Environment(tmp_path / "python", "3.11.0", (), Plan(None, ("numpy",)))
        assert str(environment_here(asked, [])).endswith(": no uv and no pip")
