"""How large the report is and how long it takes: to write, to open, to search and to sort.

``python benchmarks/report_page.py --accounts 5000 50000 --cases 12`` prints a line for each size.
Accounts, reps and plans are made up: books are counted by the same code as real ones, and nothing
is solved. Opening is timed in headless Chromium, from the start of loading to the end of the
page's script and the first drawing after it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import select
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.outputs.html import page
from optiterr.pairs import Pairs, great_circle_km
from optiterr.plan import PairCount, Plan, SolverReport
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.travel import Travel

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ACCOUNTS_OF_A_REP = 90

PROBE = """
<script>addEventListener("load", () => {
  const loaded = performance.now();
  requestAnimationFrame(() => setTimeout(async () => {
    const drawn = performance.now();
    const wait = (ms) => new Promise((go) => setTimeout(go, ms));
    const box = document.querySelector("[data-live=accounts]"), find = box.querySelector("input[type=search]");
    const count = () => box.querySelector("output").textContent, before = count();
    const asked = performance.now();
    find.value = "account 49"; find.dispatchEvent(new Event("input"));
    while (count() === before && performance.now() - asked < 20000) await wait(1);
    const found = performance.now() - asked;
    find.value = ""; find.dispatchEvent(new Event("input")); await wait(400);
    const heads = [...box.querySelectorAll("th button")];
    const sort = (name) => { const began = performance.now(); heads.find((one) => one.textContent === name).click(); return performance.now() - began; };
    const told = { loaded, drawn, found, number: sort("Revenue"), text: sort("Account"), nodes: document.querySelectorAll("*").length };
    const out = document.createElement("pre"); out.id = "probe"; out.textContent = JSON.stringify(told); document.body.append(out);
    document.title = "done";
  }));
});</script>
"""  # noqa: E501


def problem_of(accounts: int, seed: int) -> Problem:
    """Accounts around a hundred cities of the states, and reps who live in some of them."""
    rng = np.random.default_rng(seed)
    reps = max(4, accounts // ACCOUNTS_OF_A_REP)
    city = np.stack([rng.uniform(31, 47, 100), rng.uniform(-119, -78, 100)], axis=1)
    home = city[rng.integers(0, 100, accounts)] + rng.normal(0, 0.7, (accounts, 2))
    base = city[rng.integers(0, 100, reps)] + rng.normal(0, 0.2, (reps, 2))
    table = pd.DataFrame(
        {
            "account_id": [f"A{k:06}" for k in range(accounts)],
            "name": [f"Account {k} of the {k % 97}th street" for k in range(accounts)],
            "revenue": np.round(rng.lognormal(11, 1, accounts), -2),
            "workload": np.round(rng.uniform(4, 40, accounts), 1),
            "latitude": np.round(home[:, 0], 4),
            "longitude": np.round(home[:, 1], 4),
        }
    )
    roster = pd.DataFrame(
        {
            "rep_id": [f"R{k:04}" for k in range(reps)],
            "name": [f"Rep number {k}" for k in range(reps)],
            "manager": [f"Manager {k % max(1, reps // 8)}" for k in range(reps)],
            "capacity": 1e9,
            "latitude": base[:, 0],
            "longitude": base[:, 1],
        }
    )
    owner = nearest(table, roster, rng, 4)
    table["owner_id"] = roster["rep_id"].to_numpy()[owner]
    none = Pairs.of([], [], accounts)
    return Problem(table, roster, owner.astype(np.int32), none, accounts * reps, "nearest")


def nearest(
    accounts: pd.DataFrame, reps: pd.DataFrame, rng: np.random.Generator, most: int
) -> np.ndarray:
    """One of the ``most`` nearest reps for each account, drawn at random."""
    found = np.empty(len(accounts), dtype=np.int64)
    for some in np.array_split(np.arange(len(accounts)), max(1, len(accounts) // 4000)):
        way = great_circle_km(
            accounts["latitude"].to_numpy()[some, None],
            accounts["longitude"].to_numpy()[some, None],
            reps["latitude"].to_numpy()[None],
            reps["longitude"].to_numpy()[None],
        )
        near = np.argsort(way, axis=1)[:, :most]
        found[some] = near[np.arange(len(some)), rng.integers(0, near.shape[1], len(some))]
    return found


def comparison_of(accounts: int, cases: int, seed: int) -> tuple[Comparison, float]:
    """Plans that each move about a third of the accounts, compared, and the seconds of that."""
    problem = problem_of(accounts, seed)
    rules: dict[str, Rule] = {
        "hours": Capacity(measure="workload", limit="capacity"),
        "even": Balance(measure="revenue", price=100),
        "travel": Travel(price=0.01),
    }
    rng = np.random.default_rng(seed + 1)
    plans = []
    for k in range(cases):
        other = nearest(problem.accounts, problem.reps, rng, 2)
        rep = np.where(rng.random(accounts) < 0.4, other, problem.owner)
        ids = problem.rep_ids[rep]
        plan = Plan.model_validate(
            {
                "status": "feasible",
                "name": f"plan-{k}",
                "cost": 100.0 + k,
                "bound_proved": 99.0,
                "gap_proved": (1.0 + k) / (100 + k),
                "assignment": dict(zip(problem.account_ids, ids, strict=True)),
                "pairs": PairCount(considered=1, possible=1),
                "solver": SolverReport(name="made up"),
                "fingerprint": "0" * 64,
                "scenario": {},
            }
        )
        plans.append(plan)
    began = time.perf_counter()
    made = [
        summarise(plan.name, plan, problem, rules, scenario_title=f"Plan {k}")
        for k, plan in enumerate(plans)
    ]
    told = compare("made-up", "A made-up study", made, summarise_today(problem, rules))
    return told, time.perf_counter() - began


def opened(text: str) -> dict[str, Any]:
    """Milliseconds in the browser, from the start of loading."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "page.html"
        file.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
        hear, say = os.pipe(), os.pipe()

        def piped() -> None:
            """The browser takes orders on 3 and answers on 4, each ended by a zero byte."""
            orders, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (say[0], hear[1]))
            os.dup2(orders, 3)
            os.dup2(answers, 4)

        ran = subprocess.Popen(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
                *("--remote-debugging-pipe", f"--user-data-dir={folder}/profile"),
                *("--window-size=1400,900", "about:blank"),
            ],
            preexec_fn=piped,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _asked(say[1], hear[0], file.as_uri())
        finally:
            ran.terminate()
            ran.wait()
            for end in (*hear, *say):
                os.close(end)


def _asked(say: int, hear: int, address: str) -> dict[str, Any]:
    """Opens the page in a tab of its own and waits until the probe has written its numbers."""
    rest, order = b"", 0

    def ask(method: str, session: str = "", **params: Any) -> dict[str, Any]:
        nonlocal rest, order
        order += 1
        message = {"id": order, "method": method, "params": params}
        os.write(say, json.dumps(message | ({"sessionId": session} if session else {})).encode())
        os.write(say, bytes(1))
        while True:
            while bytes(1) not in rest:
                if not select.select([hear], [], [], 120)[0]:
                    raise SystemExit("the browser does not answer")
                rest += os.read(hear, 1 << 16)
            told, _, rest = rest.partition(bytes(1))
            answer = json.loads(told)
            if answer.get("id") == order:
                return dict(answer["result"])

    target = ask("Target.createTarget", url="about:blank")["targetId"]
    session = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    ask("Page.navigate", session, url=address)
    end = time.perf_counter() + 120
    while time.perf_counter() < end:
        time.sleep(0.2)
        found = ask(
            "Runtime.evaluate",
            session,
            expression="document.getElementById('probe')?.textContent",
            returnByValue=True,
        )
        value = found["result"].get("value")
        if value:
            return dict(json.loads(value))
    raise SystemExit("the page did not come to its end in two minutes")


def main() -> None:
    """Prints a table; medians of the runs in the browser."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--accounts", type=int, nargs="+", default=[5_000, 50_000])
    asked.add_argument("--cases", type=int, default=12)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--seed", type=int, default=7)
    told = asked.parse_args()
    print(f"{platform.platform()}, {platform.processor() or platform.machine()}, "
          f"Python {platform.python_version()}, {told.cases} cases")  # fmt: skip
    print(
        "accounts  compare s  page s     MB  loaded ms  drawn ms  search ms  sort ms (1, a)  nodes"
    )
    for accounts in told.accounts:
        comparison, seconds = comparison_of(accounts, told.cases, told.seed)
        began = time.perf_counter()
        text = page(comparison)
        written = time.perf_counter()
        runs = [opened(text) for _ in range(told.repeats)]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(
            f"{accounts:8,}  {seconds:9.1f}  {written - began:6.1f}  "
            f"{len(text.encode()) / 1e6:5.2f}  {middle['loaded']:9.0f}  {middle['drawn']:8.0f}  "
            f"{middle['found']:9.0f}  {middle['number']:6.0f} {middle['text']:6.0f}  "
            f"{middle['nodes']:9,.0f}"
        )


if __name__ == "__main__":
    main()
