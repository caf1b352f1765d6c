"""Sessions that end at the same moment on one folder of reports: whether one trips over another.

    python benchmarks/session_ends.py [--processes 4] [--ends 10000]

Each process makes a session with a plan and a journal, ends it, and makes the next. Every fourth one leaves answers
that no record has, which the next session of that process takes over. Ends with 1 if a process met an error, or if
folders are left that hold nothing to take over.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
import traceback
from pathlib import Path

from pytest_modellab.runner.journal import Journal
from pytest_modellab.runner.session import Session

CASE = "asr/model@cpu/data"


def ends(reports: Path, name: int, count: int) -> int:
    """So many sessions, one after the other; how many of them met an error."""
    errors = 0
    for i in range(count):
        try:
            one_session(reports, f"{name}-{i}", unrecorded=i % 4 == 3, key=str(name))
        except Exception:  # counted, whatever it is
            errors += 1
            if errors <= 3:
                traceback.print_exc()
    return errors


def one_session(reports: Path, id: str, *, unrecorded: bool, key: str) -> None:
    session = Session(reports, id, own=True)
    session.note_plan([CASE])
    with session.running(CASE):
        session.adopt(CASE, key)
        with Journal.open(session.journal(CASE), {"key": key, "case": CASE}) as journal:
            journal.append({"utterance": id})
        session.note_outcome(CASE, {"record": None if unrecorded else "somewhere"})
    session.end(whole=True)


def run(processes: int, count: int) -> int:
    """The errors of so many ends, shared by so many processes."""
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(processes) as pool:
        share = count // processes
        errors = sum(pool.starmap(ends, [(Path(folder), name, share) for name in range(processes)]))
        # The next session clears away what two left as they removed one folder at once.
        Session(Path(folder), "last", own=True).end(whole=True)
        left = list((Path(folder) / "sessions").iterdir())
        if len(left) > processes:
            print(f"{len(left)} folders are left of at most {processes}", file=sys.stderr)
            errors += 1
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--ends", type=int, default=10_000)
    options = parser.parse_args()
    start = time.perf_counter()
    errors = run(options.processes, options.ends)
    seconds = time.perf_counter() - start
    print(f"{options.ends} sessions ended in {options.processes} processes, {seconds:.0f} s: {errors} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
