"""Tells the times of cron expressions as cronsim sees them, for a test that compares.

Reads lines of JSON from standard input: an expression, a zone, and spans of seconds since 1970, each from (not
included) and to (included). Writes a line of JSON for each: a list of times for each span, or why cronsim refuses the
expression. The zones are those of the folder in PYTHONTZPATH.
"""

import json
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


def times(expression, zone, start, end):
    found = []
    # It gives up by itself after 50 years without a time.
    for time in CronSim(expression, datetime.fromtimestamp(start, zone)):
        instant = int(time.astimezone(timezone.utc).timestamp())
        if instant > end:
            break
        found.append(instant)
    return found


for line in sys.stdin:
    asked = json.loads(line)
    zone = ZoneInfo(asked["zone"])
    try:
        answer = [times(asked["expression"], zone, start, end) for start, end in asked["spans"]]
    except CronSimError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
