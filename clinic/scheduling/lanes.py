"""Visits at the same time, side by side."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {2: "half", 3: "third", 4: "quarter"}


def sides(stretches: Sequence[tuple[int, int]]) -> list[str]:
    """Which half, third or quarter of the column each gets where some overlap (``half-1``), else nothing.

    ``stretches`` are first rows and numbers of rows, in the order of their first rows. The fifth at the same
    time and those after it share the last quarter.
    """
    found = [""] * len(stretches)
    group: list[int] = []
    group_end = -1
    for index, (row, rows) in enumerate(stretches):
        if row >= group_end:
            _settle(group, stretches, found)
            group = []
        group.append(index)
        group_end = max(group_end, row + rows)
    _settle(group, stretches, found)
    return found


def _settle(group: Sequence[int], stretches: Sequence[tuple[int, int]], found: list[str]) -> None:
    if len(group) < 2:
        return
    lanes: list[int] = []
    lane_of = {}
    for index in group:
        row, rows = stretches[index]
        lane = next((lane for lane, end in enumerate(lanes) if end <= row), len(lanes))
        if lane == len(lanes):
            lanes.append(0)
        lanes[lane] = row + rows
        lane_of[index] = lane
    most = min(len(lanes), 4)
    for index, lane in lane_of.items():
        found[index] = f"{_WORDS[most]}-{min(lane, most - 1) + 1}"


def stretches(flags: Sequence[bool], *, wanted: bool) -> list[tuple[int, int]]:
    """The runs of flags that are as ``wanted``: where each begins, and how many it is."""
    found = []
    at, end = 0, len(flags)
    while at < end:
        try:
            start = flags.index(wanted, at)
        except ValueError:
            break
        try:
            at = flags.index(not wanted, start)
        except ValueError:
            at = end
        found.append((start, at - start))
    return found
