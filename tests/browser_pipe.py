"""A browser that is told what to do, key by key, over a pair of pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 30.0
"""How long one answer may take."""

MOVED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipes where the browser looks for them; not every shell can: dash knows 0 to 9 only."""

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
"""Events in which a page speaks to its console, and the browser of its faults."""

FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


class Page:
    """An open page: keys are pressed and scripts run in it. ``complaints`` holds what it or the
    browser wrote to the console since it was opened."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._rest, self._number, self._session, self._context = b"", 0, "", ""
        self.complaints: list[dict[str, Any]] = []

    def open(self, address: str, *, wide: int = 1400, dark: bool = False) -> None:
        """Goes to ``address`` as somebody who was never there, and waits until it is loaded.

        The page before it is closed, and all that it left behind is gone.
        """
        self._session = ""
        if self._context:
            self.ask("Target.disposeBrowserContext", browserContextId=self._context)
        self._context = self.ask("Target.createBrowserContext")["browserContextId"]
        own = {"url": "about:blank", "browserContextId": self._context}
        asked = {"targetId": self.ask("Target.createTarget", **own)["targetId"], "flatten": True}
        self._session = self.ask("Target.attachToTarget", **asked)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        size = {"width": wide, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        night = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[calm, night])
        self.complaints.clear()
        self.ask("Page.navigate", url=address)
        while self._next(time.monotonic() + SECONDS).get("method") != "Page.loadEventFired":
            pass
        self.run(FRAMES)

    def printed(self) -> bytes:
        """The page as a PDF."""
        told = self.ask("Page.printToPDF", preferCSSPageSize=True)
        return base64.b64decode(told["data"])

    def press(self, key: str) -> None:
        """Presses and lets go of a key, as a hand would."""
        code, text = KEYS[key]
        name = "Space" if key == " " else key
        told = {"key": key, "code": name, "windowsVirtualKeyCode": code}
        down = "keyDown" if text else "rawKeyDown"
        self.ask("Input.dispatchKeyEvent", type=down, **told, **({"text": text} if text else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **told)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        told = self.ask("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The browser's answer to one message; events that come before it are passed over."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while True:
            told = self._next(until)
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                return dict(told["result"])

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._reading, 1 << 16)
            assert piece, "the browser ended"
            self._rest += piece
        one, self._rest = self._rest.split(b"\0", 1)
        told = dict(json.loads(one))
        if told.get("method") in COMPLAINTS and told.get("sessionId") == self._session:
            self.complaints.append(told["params"])
        return told


@contextmanager
def browser(path: str, profile: Path) -> Iterator[Page]:
    """A headless browser without network that listens on descriptor 3 and answers on 4."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    # Far from 3 and 4, so that neither is written over before it is used.
    low, high = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (theirs_in, theirs_out))
    started = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", "-c", MOVED, str(low), str(high), path),
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-first-run", "--disable-extensions"),
            *("--remote-debugging-pipe", f"--user-data-dir={profile}"),
        ],
        pass_fds=(low, high),
        stderr=subprocess.DEVNULL,
    )
    for one in (theirs_in, theirs_out, low, high):
        os.close(one)
    try:
        yield Page(ours_in, ours_out)
    finally:
        started.kill()
        started.wait(SECONDS)
        os.close(ours_in)
        os.close(ours_out)
