"""Tells the times of cron expressions as cronsim sees them, for a test that compares.

Reads lines of JSON from standard input: an expression, a zone, and spans of seconds since 1970, each from (not
included) and to (included). Writes a line of JSON for each: a list of times for each span, or why cronsim refuses the
expression. The zones are those of the folder in PYTHONTZPATH.

Where a clock goes back over midnight cronsim can search for its next time for ever. Half a second of processor time is
some thousand times what it usually needs; after that it is begun anew a good day later.
"""

import json
import signal
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

PATIENCE = 0.5
DAY = 26 * 3600


class Circle(Exception):
    pass


def give_up(*_):
    raise Circle


signal.signal(signal.SIGVTALRM, give_up)


def following(walk):
    """Its next time; nothing after 50 years without one."""
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        return next(walk, None)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def times(expression, zone, start, end):
    found, named, last = [], {}, start
    while start <= end:
        walk = CronSim(expression, datetime.fromtimestamp(start, zone))
        try:
            while time := following(walk):
                instant = int(time.astimezone(timezone.utc).timestamp())
                if instant > end:
                    return found
                # Where an hour comes twice it may name a time twice; not again and again.
                named[instant] = named.get(instant, 0) + 1
                if named[instant] > 2:
                    raise Circle
                found.append(instant)
                last = max(last, instant)
            break
        except Circle:
            start = last = last + DAY
    return found


for line in sys.stdin:
    asked = json.loads(line)
    zone = ZoneInfo(asked["zone"])
    try:
        answer = [times(asked["expression"], zone, start, end) for start, end in asked["spans"]]
    except CronSimError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
