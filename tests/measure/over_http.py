#!/usr/bin/env python3
"""What the way in over HTTP costs: driven by `wrk`, against the binary that `KEYWAY_BIN` names (`target/release/keyway`).

    KEYWAY_REPORT=docs/measured/http.md python3 tests/measure/over_http.py

`KEYWAY_SECONDS` is how long each figure takes (10), `KEYWAY_TOKENS` how many tokens ask (200). It needs `wrk` and nothing else that is not in Python.
"""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("KEYWAY_BIN", str(ROOT / "target/release/keyway"))
SECONDS = int(os.environ.get("KEYWAY_SECONDS", "10"))
# A token may ask fifty times a second: so many together may ask ten thousand times.
TOKENS = int(os.environ.get("KEYWAY_TOKENS", "200"))
# A quarter of the connections may follow runs.
CONNECTIONS = 4000
STREAMS = 1000
STARTS = 5

WORKFLOW = """name: hello
triggers:
  - webhook: { verify: { scheme: none }, respond: now }
steps:
  a: { set: { x: 1 } }
output: "{{ steps.a.x }}"
"""
PATIENT = "name: patient\nsteps: { a: { wait: { signal: go, timeout: 1d } } }\n"


class Service:
    """The binary with a data directory of its own."""

    def __init__(self, folder):
        self.data = str(folder / "data")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("KEYWAY_")}
        self.env["XDG_CONFIG_HOME"] = str(folder / "config")
        self.child = None
        self.port = None

    def run(self, *words, text=None):
        done = subprocess.run(
            [BIN, *words, "--data", self.data], input=text, env=self.env, capture_output=True, text=True
        )
        if done.returncode != 0:
            sys.exit(f"`keyway {' '.join(words)}`: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        """Seconds from the start of the process until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        began = time.monotonic()
        words = [BIN, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        words += ["--connections", str(CONNECTIONS)]
        self.child = subprocess.Popen(
            words, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                line.request("GET", "/healthz")
                if line.getresponse().status == 200:
                    return time.monotonic() - began
            except OSError:
                pass
            if self.child.poll() is not None or time.monotonic() - began > 60:
                sys.exit("it does not serve")
            time.sleep(0.002)

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def memory(self):
        """Resident memory, in MB."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def wrk(self, folder, script, connections, path):
        file = folder / "wrk.lua"
        file.write_text(script)
        words = ["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(file)]
        done = subprocess.run(
            [*words, f"http://127.0.0.1:{self.port}{path}"], capture_output=True, text=True, check=True
        )
        return Figures(done.stdout)


class Figures:
    """What `wrk` printed."""

    def __init__(self, text):
        self.each = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
        self.p99 = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
        odd = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        self.odd = int(odd.group(1)) if odd else 0
        broken = re.search(r"Socket errors: (.*)", text)
        self.broken = broken.group(1) if broken else "none"


def reads(tokens):
    listed = ", ".join(f'"{token}"' for token in tokens)
    return f"""local tokens = {{ {listed} }}
local at = 0
request = function()
  at = at % #tokens + 1
  return wrk.format("GET", nil, {{ ["authorization"] = "Bearer " .. tokens[at] }})
end
"""


# Fifty connections that pause for a tenth of a second are about five hundred calls a second.
CALLS = """wrk.method = "POST"
wrk.body = '{"number": 5}'
wrk.headers["content-type"] = "application/json"
delay = function() return 90 + math.random(20) end
"""


def follow(port, token, run):
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(
        f"GET /api/v1/runs/{run}/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n"
        f"authorization: Bearer {token}\r\n\r\n".encode()
    )
    if b" 200 " not in line.recv(100):
        sys.exit("a run cannot be followed")
    return line


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(folder)
        for file, text in (("hello.yaml", WORKFLOW), ("patient.yaml", PATIENT)):
            (folder / file).write_text(text)
            service.run("deploy", str(folder / file), "--yes")
        tokens = [service.run("token", "add", f"t{at}", "--scope", "run") for at in range(TOKENS)]
        shown = json.loads(service.run("webhooks", "show", "hello", "--json"))
        path = "/hooks/" + shown["addresses"][0]["url"].rsplit("/", 1)[1]
        starts = []
        for _ in range(STARTS):
            starts.append(service.start())
            service.stop()
        service.start()
        time.sleep(3)
        idle = service.memory()
        line = http.client.HTTPConnection("127.0.0.1", service.port)
        begun = []
        for workflow in ["hello"] * 20 + ["patient"]:
            line.request(
                "POST",
                f"/api/v1/workflows/{workflow}/runs",
                "{}",
                {"authorization": f"Bearer {tokens[0]}", "content-type": "application/json"},
            )
            begun.append(json.loads(line.getresponse().read())["run"])
        rows = [
            ("`GET /api/v1/workflows`", service.wrk(folder, reads(tokens), 32, "/api/v1/workflows"), "5,000 a second, 20 ms"),
            ("`GET /api/v1/runs/RUN`", service.wrk(folder, reads(tokens), 32, f"/api/v1/runs/{begun[0]}"), "5,000 a second, 20 ms"),
            ("a webhook", service.wrk(folder, CALLS, 50, path), "500 a second, 50 ms"),
        ]
        before = service.memory()
        lines = [follow(service.port, tokens[at % TOKENS], begun[-1]) for at in range(STREAMS)]
        time.sleep(2)
        beside = service.memory()
        for line in lines:
            line.close()
        service.stop()
    table = "\n".join(
        f"| {what} | {it.each:.0f} | {it.p99:.2f} ms | {it.odd} | {it.broken} | {wanted} |"
        for what, it, wanted in rows
    )
    starts.sort()
    body = f"""| What | A second | 99 of 100 within | Other answers | Broken | Wanted |
| --- | ---: | ---: | ---: | --- | --- |
{table}

It answers {starts[len(starts) // 2] * 1000:.0f} ms after its process begins (the middle of {STARTS}; wanted: 150 ms), and has {idle:.0f} MB then
(wanted: 60 MB). {STREAMS} open streams, with room for {CONNECTIONS} connections, need {beside - before:.1f} MB more ({beside:.0f} MB in all; wanted: 200 MB)."""
    print(body)
    report = os.environ.get("KEYWAY_REPORT")
    if report:
        commit = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
        cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        load = os.getloadavg()[0]
        (ROOT / report).write_text(
            f"# What the way in over HTTP costs\n\nCommit {commit}, {os.cpu_count()} cores of {cpu}, which `wrk` shares; the load was {load:.2f} at the end. "
            f"Written on {when} by `KEYWAY_REPORT={report} python3 tests/measure/over_http.py`; each figure is of {SECONDS} seconds; "
            f"not to be changed by hand.\n\n{body}\n"
        )


main()
