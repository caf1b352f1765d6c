"""Signatures of bundles: on their checksums, by OpenSSH's `ssh-keygen -Y`, which needs no network.

The signature lies in the bundle as `checksums.sha256.sig`; the checksums cover every other file.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from .note import CHECKSUMS, SIGNATURE, Check, ReleaseError

NAMESPACE = "modellab-release"
"""What a key signs for: a signature for anything else doesn't count."""
_TOOL = "ssh-keygen"


def can_sign(key: Path) -> None:
    """Raise ReleaseError unless `key` can sign: told before anything runs, not after hours."""
    with tempfile.TemporaryDirectory(prefix="modellab-sign-") as name:
        (Path(name) / CHECKSUMS).write_text("", encoding="utf-8")
        sign(Path(name), key)


def sign(folder: Path, key: Path) -> None:
    """Sign a folder with checksums with an SSH key: a private one, or a public one whose private key is with ssh-agent.

    Raises ReleaseError.
    """
    if not key.is_file():
        raise ReleaseError(f"{key}: no such key; `ssh-keygen -t ed25519 -f {key}` makes one")
    (folder / SIGNATURE).unlink(missing_ok=True)
    done = _ask(["sign", "-q", "-f", str(key), "-n", NAMESPACE, str(folder / CHECKSUMS)], b"", interactive=True)
    if done.returncode or not (folder / SIGNATURE).is_file():
        raise ReleaseError(f"{key} can't sign: {_said(done)}")


def signed(folder: Path, allowed: Path | None) -> tuple[Check | None, str]:
    """The check of a bundle's signature against the keys in `allowed`, and what to say of who made it.

    `allowed` is an allowed_signers file (ssh-keygen(1)): a name and a public key a line. Without one nobody is asked
    for, and nothing is checked but whether there is a signature. Raises ReleaseError where that can't be told.
    """
    name = "it is signed by somebody who is allowed to"
    signature = folder / SIGNATURE
    if allowed is not None and not allowed.is_file():
        raise ReleaseError(f"{allowed}: no such file; it has a name and a public SSH key a line (ssh-keygen(1))")
    if not signature.is_file():
        unsigned = "unsigned: it does not show who made it; anyone can make such a bundle"
        return (None, unsigned) if allowed is None else (Check(name, ("it has no signature",)), unsigned)
    if allowed is None:
        return None, "signed, by whom was not checked: --signed-by names the keys that are allowed to"
    data = _checksums(folder)
    found = _ask(["find-principals", "-s", str(signature), "-f", str(allowed)], b"")
    who = next(iter(found.stdout.decode("utf-8", "replace").splitlines()), "")
    if found.returncode or not who:
        return Check(name, (f"its key is not in {allowed}: {_said(found)}",)), "signed by none of the allowed keys"
    done = _ask(["verify", "-s", str(signature), "-f", str(allowed), "-I", who, "-n", NAMESPACE], data)
    if done.returncode:
        return Check(name, (f"not what {who} signed: {_said(done)}",)), "the signature is not one of this bundle"
    return Check(name, ()), f"signed by {who}"


def _checksums(folder: Path) -> bytes:
    try:
        return (folder / CHECKSUMS).read_bytes()
    except OSError:
        return b""  # reported by the checks


def _ask(arguments: list[str], data: bytes, *, interactive: bool = False) -> subprocess.CompletedProcess[bytes]:
    """`interactive`: it may ask for the key's passphrase."""
    tool = shutil.which(_TOOL)
    if tool is None:
        raise ReleaseError(f"signatures need {_TOOL}, which is part of OpenSSH: apt-get install openssh-client")
    given = None if interactive else data
    return subprocess.run([tool, "-Y", *arguments], input=given, capture_output=True, check=False)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else f"{_TOOL} ended with {done.returncode}"
