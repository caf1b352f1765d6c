"""Paths of files on shared storage: their parts, and what lies within a folder."""

from __future__ import annotations

import pytest

from pytest_modellab.core.remote_path import RemotePath, is_remote


@pytest.mark.parametrize("name", ["calls/a.wav", "/data/a.wav", "C://data/a.wav", "~/a.wav", "a:b", "S3://bucket/a"])
def test_a_path_without_a_protocol_is_on_this_machine(name: str) -> None:
    assert not is_remote(name)


@pytest.mark.parametrize("name", ["s3://bucket/a.wav", "memory://a", "https://host/a.wav", "file:///a", "ftp://host/a"])
def test_one_with_a_protocol_is_not(name: str) -> None:
    assert is_remote(name)


def test_its_parts() -> None:
    path = RemotePath("s3://bucket/calls/2026/a.wav")
    assert (path.protocol, path.name) == ("s3", "a.wav")
    assert path.parent == RemotePath("s3://bucket/calls/2026")
    assert path.parent.joined("b/c.wav") == RemotePath("s3://bucket/calls/2026/b/c.wav")
    assert RemotePath("s3://bucket/calls/").joined("a.wav").url == "s3://bucket/calls/a.wav"
    assert RemotePath("s3://bucket/calls").joined("../a b.wav").url == "s3://bucket/a b.wav"
    assert RemotePath("memory://").joined("a.wav").url == "memory://a.wav"
    assert RemotePath("https://host/calls").joined("a #1.wav").url == "https://host/calls/a%20%231.wav"


def test_an_address_is_called_without_its_query_and_without_a_password() -> None:
    path = RemotePath("https://ann:secret@host/calls/a.wav?version=3")
    assert path.name == "a.wav"
    assert str(path) == "https://host/calls/a.wav?version=3"
    assert str(RemotePath("s3://bucket/a@b.wav")) == "s3://bucket/a@b.wav"


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("s3://bucket/calls/a.wav", True),
        ("s3://bucket/calls/deep/er/a.wav", True),
        ("s3://bucket/calls/x/../a.wav", True),
        ("s3://bucket/calls", True),
        ("s3://bucket/callsigns/a.wav", False),
        ("s3://bucket/calls/../other/a.wav", False),
        ("s3://bucket/../../a.wav", False),
        ("s3://other/calls/a.wav", False),
        ("gs://bucket/calls/a.wav", False),
    ],
)
def test_what_lies_within_a_folder(path: str, inside: bool) -> None:
    assert RemotePath(path).is_within(RemotePath("s3://bucket/calls/")) is inside


def test_dots_that_an_address_hides_are_followed() -> None:
    folder = RemotePath("https://host/calls")
    assert RemotePath("https://host/calls/%61.wav").is_within(folder)
    assert not RemotePath("https://host/calls/%2e%2e/other/a.wav").is_within(folder)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("file:///data/a.wav", "write a path on this machine without `file://`"),
        ("ftp://host/a.wav", "unknown protocol `ftp`; allowed: s3, gs"),
        ("memory://a.zip::s3://bucket", "no path of a file"),
        ("s3://bucket/a\nb", "no path of a file"),
    ],
)
def test_what_is_no_such_path_is_refused(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RemotePath(path)
