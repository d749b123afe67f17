"""Kill -9 at forty moments of a run with changes and removals: what stands then is what an undisturbed run leaves."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.faults.arena import DISTURBED

pytestmark = pytest.mark.long

EACH = 8
STAGES = ("fetching", "before the commit", "between commit and index", "after the index", "withdrawing")
#: moments of the stage in which what is missing is withdrawn
WITHDRAWING = ("before the commit", "between commit and index", "after the index")
VICTIMS = ("horse", "worker", "horse", "both")


@pytest.fixture(scope="module")
def lock(arena):
    arena.prepare_the_lock()
    yield
    arena.stack.sql("DROP TRIGGER uji_tunggu ON satudata_change")


def moments(seed):
    """(stage, share of the run, victim): as many of each stage, each victim in each stage."""
    draw = random.Random(seed)
    drawn = []
    for stage in STAGES:
        for number in range(EACH):
            exact = f"{stage}: {WITHDRAWING[number % len(WITHDRAWING)]}" if stage == "withdrawing" else stage
            drawn.append((exact, draw.random(), VICTIMS[number % len(VICTIMS)]))
    draw.shuffle(drawn)
    return drawn


def counted(arena):
    """How many moments of each stage an undisturbed round has."""
    found = Counter()
    arena.portal.asked = lambda _start: found.update(["fetching"])
    arena.line.after = lambda body: found.update(["posts", *(["removals"] if b'"delete":' in body else [])])
    arena.portal.advance()
    ended = arena.wait_for(arena.begin())
    arena.portal.asked, arena.line.after = (lambda _start: None), (lambda _body: None)
    assert ended["state"] == "selesai", ended
    arena.alike()
    return found


def test_a_run_killed_at_any_moment_ends_as_an_undisturbed_one(arena, lock, seed):
    size = counted(arena)
    pages = size["fetching"]
    assert pages >= 5
    reached, slowest = Counter(), 0.0
    for stage, share, victim in moments(seed):
        # Every page is one commit and one post; what is withdrawn is one commit and one post more.
        nth = 1 if stage.startswith("withdrawing") else 1 + int(share * min(pages, size["posts"]))
        nth = min(nth, pages)
        arena.portal.advance()
        with arena.tick_waits(), arena.at(stage, nth, lambda victim=victim: arena.strike(victim)) as struck:
            run = arena.begin()
            assert struck.wait(120), f"{stage} {nth} of {size} was not reached: {arena.stack.run_of(DISTURBED)}"
        began = time.monotonic()
        arena.stack.start()
        ended = arena.wait_for(run)
        slowest = max(slowest, time.monotonic() - began)
        told = f"{stage} {nth} {victim}: {ended}"
        assert (ended["state"], ended["complete"]) == ("selesai", True), told
        assert ended["read"] == 56, told
        arena.alike()
        reached[stage.partition(":")[0]] += 1
    arena.sound()
    assert dict(reached) == dict.fromkeys(STAGES, EACH)
    assert slowest < 60
