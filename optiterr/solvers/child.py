"""The child's side of a supervised solve: runs one solver, streams what it finds, never prints."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from optiterr.model import Model
    from optiterr.solution import Improvement

ROOT = str(Path(__file__).parents[2])
"""The folder in which the package lies."""

ASK_SECONDS = 0.02
"""A solver's question whether to stop is answered anew at most this often."""

LONGEST = 1 << 20
"""Bytes of a message to the nursery at most: an environment is part of it."""

ALIGNED = 64
"""Arrays begin in the file of a job at multiples of so many bytes."""


def pack(model: Model) -> dict[str, Any]:
    """The fields of ``model`` in a form that pickles."""
    return {
        "account_ids": model.account_ids,
        "rep_ids": model.rep_ids,
        "pairs": model.pairs,
        "costs": dict(model.costs),
        "constants": dict(model.constants),
        "blocks": model.blocks,
    }


def unpack(fields: dict[str, Any]) -> Model:
    """The model that :func:`pack` took apart."""
    from optiterr.model import Model

    views = {name: MappingProxyType(fields[name]) for name in ("costs", "constants")}
    return Model(**{**fields, **views})


def arrays(file: IO[bytes], sizes: list[int]) -> list[memoryview]:
    """The arrays of ``sizes`` bytes that follow in ``file``, in memory only where they are read.

    They may be written to, which leaves the file as it is.
    """
    whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    found, at = [], file.tell()
    for size in sizes:
        at += -at % ALIGNED
        found.append(whole[at : at + size])
        at += size
    return found


class Line:
    """The child's end of the wire: sends whole messages, hears the word to stop."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._turn = folder, threading.Lock()
        # What native code prints must not reach the wire: file 1 becomes a copy of file 2.
        self._wire = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self.stop = threading.Event()

    def send(self, *message: object) -> None:
        """Send one message."""
        raw = pickle.dumps(message, protocol=5)
        try:
            with self._turn:
                for part in (len(raw).to_bytes(8, "little"), raw):
                    data = memoryview(part)
                    while data:
                        data = data[self._wire.write(data) :]
        except BrokenPipeError:
            # The parent is gone: whoever listens ends this process, and nothing goes on until then.
            threading.Event().wait()

    def listen(self) -> None:
        """Wait for the parent's word; without a parent, nothing of this solve stays behind."""
        while os.read(0, 1):
            self.stop.set()
        # Whoever wants to send now waits for the end, so that the solve cannot end before this.
        self._turn.acquire(timeout=1.0)
        _end_children()
        shutil.rmtree(self._folder, ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def _end_children() -> None:
    """Kill every process that this one started, and wait until they are gone."""
    import psutil

    with contextlib.suppress(psutil.Error):
        family = psutil.Process().children(recursive=True)
        for each in family:
            with contextlib.suppress(psutil.Error):
                each.kill()
        psutil.wait_procs(family, timeout=5)


class Streamed:
    """A report that sends improvements to the parent and passes its word to stop on."""

    def __init__(self, line: Line, model: Model) -> None:
        self._line, self._model, self._asked = line, model, 0.0

    def __call__(self, improvement: Improvement, x: NDArray[np.float64] | None = None) -> bool:
        import numpy as np

        if x is not None or not improvement.empty or improvement.phase:
            choice = None if x is None else self._model.choice(np.asarray(x)).astype(np.int32)
            self._line.send("improvement", improvement, choice)
        elif perf_counter() - self._asked < ASK_SECONDS:
            return False
        self._asked = perf_counter()
        return self._line.stop.is_set()


def limit_memory(gigabytes: float | None) -> None:
    """A backstop behind the parent's watch: address space well above the limit."""
    if gigabytes is None:
        return
    try:
        import resource
    except ImportError:  # not on this system: the parent's watch stands alone
        return
    room = int(2 * gigabytes * 2**30 + 4 * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (room if hard < 0 else min(room, hard), hard))


def _import_ours(root: str, path: list[str]) -> None:
    """Import the package from ``root``, where the parent has it; all else is found on ``path``."""
    sys.path[:] = path
    if "optiterr" in sys.modules:  # forked from where it was loaded for the same parent
        return
    spec = PathFinder.find_spec("optiterr", [root])
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["optiterr"] = module_from_spec(spec)
    spec.loader.exec_module(module)


def main(job: str) -> None:
    """Run the job in the file ``job`` and send its solution.

    Whatever the solver writes for itself goes into the folder of ``job``, which the parent removes.
    """
    folder = Path(job).parent
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    line = Line(folder)
    threading.Thread(target=line.listen, daemon=True).start()
    with Path(job).open("rb") as file:
        head = pickle.load(file)
        _import_ours(head["root"], head["path"])
        limit_memory(head["memory_gb"])
        try:
            function = pickle.loads(head["function"])
        except (ImportError, AttributeError) as error:
            line.send("broken", f"cannot import the solver: {error}")
            return
        rest = pickle.load(file)
        body = pickle.loads(rest, buffers=arrays(file, head["sizes"]))
    with contextlib.suppress(OSError):
        Path(job).unlink()
    model = unpack(body["model"])
    line.send("ready")
    try:
        solution = function(model, body["limits"], body["start"], Streamed(line, model))
    except MemoryError:
        line.send("memory")
    except Exception as error:  # noqa: BLE001 - the edge of a process: the text goes to the parent
        line.send("broken", f"{type(error).__name__}: {error}")
    else:
        try:
            line.send("solution", solution)
        except Exception as error:  # noqa: BLE001 - an answer that cannot be sent is malformed
            line.send("malformed", f"{type(solution).__name__} that cannot be sent ({error})")


def run(job: str) -> NoReturn:
    """Be the process of the job in the file ``job``, to the end."""
    code = 1
    try:
        main(job)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - the edge of a process: what it says last is read there
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Threads of native libraries must not delay or crash the end.
    os._exit(code)


def nurse(handle: int) -> None:
    """Be the nursery at the socket ``handle``: see :mod:`optiterr.solvers.nursery`."""
    wire = socket.socket(fileno=handle)
    root, path, idle = pickle.loads(wire.recv(LONGEST))
    _import_ours(root, path)
    from optiterr.solvers import nursery

    nursery.serve(wire, idle)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        nurse(int(sys.argv[2]))
    else:
        run(sys.argv[1])
