"""Good and bad clients of `zoo serve` at once: whether answers stay right and the memory level.

Run:       python benchmarks/serving_soak.py fuzz --requests 20000
           python benchmarks/serving_soak.py soak --minutes 5
           python benchmarks/serving_soak.py seeds
           each with --table ARTIFACT: a table's artifact of recipes/table_vae.py besides
Cost:      `fuzz` some 5 minutes, `soak` what it is told, `seeds` under a minute; a server, which
           is a process of its own, and clients share the cores
Prints:    tables in Markdown; Ctrl-C ends it early, with what there is; exit code 1 if anything
           is not as wanted

Wanted are: of `fuzz`, no answer of status 500 or above, to requests that schemathesis makes of
/openapi.json and to good ones with something changed, as JSON, as words and as bytes; of `soak`,
every answer to a good client equal to `zoo.load`'s, bit for bit, whatever bad ones do meanwhile,
and the resident memory in the last half minute within 5 % of that in the half minute after the
first minute; of `seeds`, that each of 32 clients with seeds of its own gets its own answers.

Resident memory is VmRSS of /proc/PID/status, read twice a second; a half minute's is the median.
The server computes on one thread, as `zoo.load` does that it is compared with.
"""

import argparse
import collections
import contextlib
import copy
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from serving_clients import Bad, good

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from serve import handmade, requests_at_random  # noqa: E402
from serve.running import Running, raw  # noqa: E402

ARTIFACTS = ("conv_vae-mnist", "rnn_vae-mnist", "molecule_vae-qm9")
HALF = 30.0
ALLOWED = 0.05  # of the resident memory
ODD = (None, True, -1, 0, 1, 2**31, 2**63, 10**400, 1e308, -1e-320, 0.5, "", "a", "\0", "\ud800",
       "2022-13-01", "1e999", [], [[]], {}, [None], {"x": 1}, "C", 10**4000)  # fmt: skip


def main():
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("fuzz", "soak", "seeds"))
    parser.add_argument("--table", type=Path, help="a table's artifact, served besides")
    parser.add_argument("--requests", type=int, default=20_000, help="of fuzz, at least")
    parser.add_argument("--minutes", type=float, default=5.0, help="of soak")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folders = [ROOT / "exports" / name for name in ARTIFACTS]
    folders += [options.table.resolve()] if options.table else []
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        handmade.marked(place / "marked", 1000.0)
        handmade.table(place / "table")
        server = Running(
            place / "log", *folders, place / "marked", place / "table", "--threads", "1"
        )
        try:
            part = {"fuzz": fuzz, "soak": soak, "seeds": seeds}[options.part]
            fits = part(server, folders, options)
            ended = server.end()
        except BaseException:
            server.kill()
            raise
        errors = server.events("error")
        print(f"\nThe server's exit code is {ended}, its log has {len(errors)} errors.")
        for each in errors[:5]:
            print(each.get("traceback", each))
        sys.exit(0 if fits and ended == 0 and not errors else 1)


def fuzz(server, folders, options):
    """Requests of several kinds; True if none was answered by 500 or above."""
    document = json.loads(server.ask("GET", "/openapi.json")[2])
    chance = random.Random(options.seed)
    counts = {}
    kinds = {
        "as bytes, to a model of two nodes": (0.4, lambda: _changed_bytes(server, chance)),
        "examples of the document, changed": (0.45, _Examples(server, document, chance)),
        "good requests, changed": (0.05, _Changed(server, folders, chance)),
    }
    with contextlib.suppress(KeyboardInterrupt):
        for kind, (share, ask) in kinds.items():
            statuses = counts[kind] = collections.Counter()
            for _ in range(int(share * options.requests)):
                statuses[ask()] += 1
        statuses = counts["schemathesis, of /openapi.json"] = collections.Counter()
        wanted = options.requests - sum(sum(each.values()) for each in counts.values())
        _schemathesis(server, document, wanted, options.seed, statuses)
    print("| requests | count | 2xx | 4xx | 5xx | no answer |\n|---|---|---|---|---|---|")
    for kind, statuses in (counts | {"all": sum(counts.values(), collections.Counter())}).items():
        of = [sum(n for s, n in statuses.items() if s // 100 == part) for part in (2, 4, 5, 0)]
        print(f"| {kind} | {sum(statuses.values()):,} | " + " | ".join(f"{n:,}" for n in of) + " |")
    return not any(status >= 500 for each in counts.values() for status in each)


def _changed_bytes(server, chance):
    found = raw(server, requests_at_random.changed(chance), 0.2)
    found = found.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(found.split(b" ", 2)[1]) if found else 0


class _Kept:
    """A connection that is made again where it was closed."""

    def __init__(self, server):
        self._server, self._connection = server, None

    def post(self, path, body, headers):
        """(status, headers, body); (0, {}, b"") if nothing came."""
        for _ in range(2):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._server.host, timeout=60)
            try:
                self._connection.request("POST", path, body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                self._connection = None
        return 0, {}, b""


class _Examples:
    def __init__(self, server, document, chance):
        self._kept, self._chance = _Kept(server), chance
        self._posted = [
            (
                path,
                json.dumps(each["post"]["requestBody"]["content"]["application/json"]["example"]),
            )
            for path, each in document["paths"].items()
            if "post" in each
        ]

    def __call__(self):
        path, text = self._chance.choice(self._posted)
        value = json.loads(text)
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            value = changed(value, self._chance)
        return self._kept.post(path, json.dumps(value).encode(), {})[0]


class _Changed:
    def __init__(self, server, folders, chance):
        self._kept, self._chance = _Kept(server), chance
        every = good(folders, 3, np.random.default_rng(0)).values()
        self._asked = [each for asked in every for each in asked]

    def __call__(self):
        asked = self._chance.choice(self._asked)
        body = bytearray(asked.body)
        for _ in range(self._chance.choice((1, 1, 4))):
            body[self._chance.randrange(len(body))] = self._chance.randrange(256)
        return self._kept.post(asked.path, bytes(body), asked.headers)[0]


def changed(value, chance):
    """JSON with something in it that is odd, gone, or there twice."""
    if isinstance(value, (list, dict)) and value and chance.random() < 0.8:
        key = chance.choice([*value]) if isinstance(value, dict) else chance.randrange(len(value))
        match chance.randrange(8):
            case 0:
                del value[key]
            case 1 if isinstance(value, list):
                value.insert(key, value[key])
            case 1:
                value[chance.choice(("", "x", "seed", "table", "data"))] = value[key]
            case _:
                value[key] = changed(value[key], chance)
        return value
    return copy.deepcopy(chance.choice(ODD))


def _schemathesis(server, document, count, seed, statuses):
    import hypothesis
    import schemathesis

    operations = [
        each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations()
    ]
    modes = [
        (operation, mode)
        for operation in operations
        for mode in schemathesis.GenerationMode
        if mode == schemathesis.GenerationMode.POSITIVE or operation.method == "post"
    ]
    left = count
    while left > 0:
        settings = hypothesis.settings(
            max_examples=max(2, left // len(modes)),
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        for operation, mode in modes:

            @hypothesis.seed(seed + left)
            @settings
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                statuses[case.call(base_url=server.address).status_code] += 1

            ask()
        left = count - sum(statuses.values())


class Told:
    """What clients of a soak tell, and when; locks nothing, for it is lists that grow."""

    def __init__(self):
        self.began, self.stop = time.monotonic(), threading.Event()
        self.good, self.bad, self.memory = [], [], []

    def seconds(self):
        """Since the beginning."""
        return time.monotonic() - self.began


def soak(server, folders, options):
    """Minutes of good and bad clients; True if all is as wanted."""
    every = good(folders, 12, np.random.default_rng(options.seed))
    asked = [each for some in every.values() for each in some]
    drawn = ("/v1/conv_vae-mnist/generate", json.dumps({"seed": [*range(64)]}).encode())
    told = Told()
    threads = [_thread(_good, server, asked, told, number) for number in range(6)]
    for number in range(3):
        bad = Bad(server.host, asked, random.Random(1000 + number), drawn)
        threads.append(_thread(_bad, bad.quick(), told, number, 0.02))
    for number, name in enumerate([*bad.slow()] * 2):
        other = Bad(server.host, asked, random.Random(2000 + number), drawn)
        threads.append(_thread(_bad, {name: other.slow()[name]}, told, number, 0.0))
    threads.append(_thread(_memory, server, told))
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(options.minutes * 60)
    seconds = told.seconds()
    told.stop.set()
    for thread in threads:
        thread.join(60)
    return _told(told, seconds, server)


def _thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def _good(server, asked, told, number):
    chance, kept = random.Random(number), _Kept(server)
    while not told.stop.is_set():
        each = chance.choice(asked)
        began = time.perf_counter()
        status, headers, body = kept.post(each.path, each.body, each.headers)
        took = time.perf_counter() - began
        outcome = "right" if status == 200 and each.fits(headers, body) else "wrong"
        told.good.append((told.seconds(), took, outcome if status == 200 else str(status)))


def _bad(does, told, number, pause):
    chance = random.Random(number)
    while not told.stop.wait(pause):
        name = chance.choice([*does])
        try:
            outcome = does[name]()
        except OSError as error:
            outcome = type(error).__name__
        told.bad.append((name, outcome))


def _memory(server, told):
    path = Path(f"/proc/{server.process.pid}/status")
    while not told.stop.wait(0.5):
        line = next(line for line in path.read_text().splitlines() if line.startswith("VmRSS"))
        told.memory.append((told.seconds(), int(line.split()[1]) / 1024))


def _told(told, seconds, server):
    print("| seconds | right answers | wrong | refused | p50 ms | p99 ms | most ms | RSS MiB |")
    print("|---|---|---|---|---|---|---|---|")
    levels = []
    for start in np.arange(0.0, seconds - HALF / 2, HALF):
        some = [each for each in told.good if start <= each[0] < start + HALF]
        level = float(np.median([m for t, m in told.memory if start <= t < start + HALF]))
        levels.append(level)
        print(f"| {start:.0f} to {start + HALF:.0f} | {_row(some)} | {level:.1f} |")
    print(f"| all | {_row(told.good)} | |\n\n| bad client | times | answered |\n|---|---|---|")
    counts = collections.Counter(told.bad)
    for name in sorted({name for name, _ in counts}):
        outcomes = {outcome: n for (each, outcome), n in counts.items() if each == name}
        most = sorted(outcomes.items(), key=lambda item: -item[1])
        said = "; ".join(f"{outcome}: {n:,}" for outcome, n in most[:6])
        print(f"| {name} | {sum(outcomes.values()):,} | {said} |")
    outcomes = collections.Counter(outcome for _, _, outcome in told.good)
    failures = sum(n for (_, outcome), n in counts.items() if "500" in outcome)
    change = levels[-1] / levels[2] - 1 if len(levels) > 3 else float("nan")
    changed_by = f"{change:+.1%}" if change == change else "it was too short to say"
    print(
        f"\n{outcomes['wrong']} of {len(told.good):,} answers were wrong, {failures} bad clients "
        f"got a 500; RSS of the last half minute against 60 to 90 s: {changed_by}; "
        f"{_sockets(server)} sockets are open at the end, of which 3 are the server's own."
    )
    level = len(levels) <= 3 or abs(change) <= ALLOWED
    return {*outcomes} <= {"right"} and not failures and level


def _row(some):
    times = np.array([took for _, took, _ in some]) * 1e3
    outcomes = collections.Counter(outcome for _, _, outcome in some)
    right, wrong = outcomes.pop("right", 0), outcomes.pop("wrong", 0)
    refused = ", ".join(f"{status}: {n}" for status, n in outcomes.items()) or "0"
    p50, p99, most = np.percentile(times, (50, 99, 100)) if len(times) else (0, 0, 0)
    return f"{right:,} | {wrong} | {refused} | {p50:.1f} | {p99:.1f} | {most:.0f}"


def _sockets(server):
    """Open ones of the server, once its limits of seconds had their time."""
    time.sleep(12)
    folder, found = Path(f"/proc/{server.process.pid}/fd"), 0
    for each in folder.iterdir():
        with contextlib.suppress(OSError):
            found += os.readlink(each).startswith("socket:")
    return found


def seeds(server, folders, options):
    """32 clients at once; True if each gets what its own seeds give."""
    import zoo

    apps = {folder.name: zoo.load(folder, threads=1) for folder in folders}
    counts = collections.Counter()

    def ask(number):
        kept = _Kept(server)
        for turn in range(20):
            for name in apps:
                drawn = [options.seed + number * 1000 + turn, -number - 1]
                tensor = {"name": "seed", "shape": [2], "datatype": "INT64", "data": drawn}
                asked = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
                path = f"/v2/models/{name}-generate/infer"
                status, headers, body = kept.post(path, json.dumps(asked).encode(), {})
                at = int(headers.get("Inference-Header-Content-Length", 0))
                answers[name, *drawn] = status, body[at:]

    answers = {}
    threads = [_thread(ask, number) for number in range(32)]
    with contextlib.suppress(KeyboardInterrupt):
        for thread in threads:
            thread.join()
    for (name, *drawn), (status, body) in answers.items():
        wanted = apps[name].generate(drawn)._asdict().values()
        own = status == 200 and body == b"".join(np.ascontiguousarray(v).tobytes() for v in wanted)
        counts[name, own] += 1
    print("| artifact | clients | answers | of which another's, or wrong |\n|---|---|---|---|")
    for name in apps:
        print(f"| {name} | 32 | {counts[name, True]:,} | {counts[name, False]} |")
    return all(own for _, own in counts) and counts.total() == 32 * 20 * len(apps)


if __name__ == "__main__":
    main()
