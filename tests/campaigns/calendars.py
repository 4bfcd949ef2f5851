"""Random calendars that make the reps' hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rulebook.draws import Rng, pick, quarter, some

from campaigns.books import Book, Row
from campaigns.phrases import TODAY

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendars(rng: Rng, book: Book) -> None:
    """Perhaps make the reps' capacity by a calendar, or a further column of hours."""
    if rng.random() < 0.7:
        return
    name = pick(rng, "capacity", "hours_left")
    if name == "capacity":
        for row in book.reps:
            del row["capacity"]
    said = _calendar(rng, book)
    book.source["reps"]["calendar"] = {name: said}
    leave = book.tables.get("leave", [])
    book.hours = {row["rep_id"]: hours(row, said, leave) for row in book.reps}
    book.calendar = name
    book.units[name] = "hours"
    book.say("calendar")


def _calendar(rng: Rng, book: Book) -> dict[str, Any]:
    """Two weeks from the planning date, Thursday, at up to half an hour a day."""
    said: dict[str, Any] = {
        "last_day": "2026-01-14",
        "hours_per_day": pick(rng, 0.25, 0.5),
        "fte": pick(rng, "fte", 0.5, 1.0),
    }
    said |= some(
        rng,
        productive_share=lambda: pick(rng, 0.5, 0.75),
        reserve=lambda: pick(rng, 0.0, 0.25),
        workdays=lambda: ["mon", "tue", "thu", "sat"],
        holidays=lambda: ["2026-01-06"],
    )
    if rng.random() < 0.5:
        for row in book.reps:
            row["from"] = pick(rng, None, "2024-01-01", "2025-12-08", "2026-01-05")
            row["to"] = pick(rng, None, None, "2026-01-09")
        said |= {"starts": "from", "ends": "to"}
        if rng.random() < 0.6:
            said |= {"ramp": {"curve": "hire"}, "ramps": {"hire": [0.25, 0.5]}}
            book.say("calendar: ramp")
    if rng.random() < 0.3:
        for row in book.reps:
            row["off"] = quarter(rng, 1)
        said["leave"] = "off"
        book.say("calendar: leave")
    elif rng.random() < 0.5:
        book.tables["leave"] = [
            {"rep": rep, "first_day": "2026-01-05", "last_day": "2026-01-07", "share": 0.5}
            for rep in book.rep_ids if rng.random() < 0.5
        ]  # fmt: skip
        if book.tables["leave"]:
            said["leave_table"] = "leave"
            book.say("calendar: table of leave")
        else:
            del book.tables["leave"]
    return said


def hours(row: Row, said: dict[str, Any], leave: list[Row]) -> float:
    """The hours of a rep by the calendar ``said``, added up day by day."""
    last, total, worked = dt.date.fromisoformat(said["last_day"]), 0.0, 0
    start = row.get("from") if "starts" in said else None
    end = row.get("to") if "ends" in said else None
    away = [one for one in leave if one["rep"] == row["rep_id"]] if "leave_table" in said else []
    for step in range((last - TODAY).days + 1):
        day = TODAY + dt.timedelta(days=step)
        text = day.isoformat()
        works = DAYS[day.weekday()] in said.get("workdays", DAYS[:5])
        if not works or text in said.get("holidays", ()):
            continue
        if (start and text < start) or (end and text > end):
            continue
        worked += 1
        part = 1.0
        if start and "ramps" in said:
            since = dt.date.fromisoformat(start)
            month = 12 * (day.year - since.year) + day.month - since.month - (day.day < since.day)
            curve = said["ramps"]["hire"]
            part = curve[month] if month < len(curve) else 1.0
        off = sum(one["share"] for one in away if one["first_day"] <= text <= one["last_day"])
        total += part * (1 - off)
    if "leave" in said:
        total *= 1 - row["off"] / worked
    fte = row["fte"] if said["fte"] == "fte" else said["fte"]
    share = said.get("productive_share", 1.0) * (1 - said.get("reserve", 0.0))
    return float(total * said["hours_per_day"] * fte * share)
