"""Print where each budget of the design stands: what, measured, budget, ratio.

usage: python benchmarks/budgets.py [--large] [--tests]

A ratio above 1 is over the budget. The texts are those of `datasets.load_articles()`, repeated
where more are needed. What runs on one core is timed in CPU seconds, so that other work on the
machine counts little, and the least of several runs is taken; the speed-up by a second process and
the test suite are timed by the clock, which needs an idle machine. ``--large`` takes a text of
10 MB and ten million rows of evidence as well (4 GB of memory, many minutes); ``--tests`` runs the
test suite too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # read when numpy is imported

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

N_WORDS = 400
MB = 1_000_000
#: What this process and those it starts import, the checkout and the benchmarks.
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")])

MEMORY = """
def peak_memory():
    '''The most memory that this process has held, in MB.'''
    try:  # ru_maxrss of a child starts at that of the process which started it
        with open("/proc/self/status") as lines:
            return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1000
    except OSError:
        import resource, sys
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)

def size(tables):
    '''The memory that tables hold with all that is in their cells, in MB.'''
    import sys
    seen, total = set(), 0
    todo = [cell for t in tables for _, column in t.items() for cell in column]
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, (list, tuple)):
            todo += item
    return (total + sum(t.memory_usage(deep=False).sum() for t in tables)) / 1e6
"""

CORPUS = """
import sys, pandas as pd, sourcescore as ss
def corpus(n):
    articles = ss.datasets.load_articles().articles
    out = pd.concat([articles] * -(-n // len(articles)), ignore_index=True).head(n)
    return out.assign(doc_id=[f"d{i}" for i in range(n)])
"""


class Row(NamedTuple):
    """A line of the table; a ratio above 1 is over the budget."""

    what: str
    measured: str
    budget: str
    ratio: float | None

    def __str__(self) -> str:
        """The line in Markdown."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.what} | {self.measured} | {self.budget} | {ratio} |"


HEADER = ("| what | measured | budget | ratio |", "| --- | --- | --- | --- |")


def speed() -> Iterator[Row]:
    """`score` and extraction alone, warm."""
    import sourcescore as ss

    texts = ss.datasets.load_articles().texts
    lengths = texts.str.split().str.len()
    texts = texts[(lengths - N_WORDS).abs().sort_values(kind="stable").index[:16]]
    n_words = int(texts.str.split().str.len().sum())
    extractor = ss.load_model("extractor")
    for what, function, budget in (
        ("`score`, 400 words, one core", ss.score, 20_000),
        ("extraction alone", extractor.transform, 30_000),
    ):
        seconds = sum(_least(lambda t=text, f=function: f(t), 5) for text in texts)  # type: ignore[misc]
        rate = n_words / seconds
        ms = f"{N_WORDS / rate * 1e3:.1f} ms, {rate:,.0f} words/s"
        limit = f"{N_WORDS / budget * 1e3:.1f} ms, {budget:,} words/s"
        yield Row(what, ms, limit, budget / rate)


def accurate() -> Iterator[Row]:
    """Extraction with the transformer: many texts on all cores, and one, warm."""
    one_thread = os.environ.pop("OMP_NUM_THREADS")
    try:
        yield from _accurate()
    finally:
        os.environ["OMP_NUM_THREADS"] = one_thread


def _accurate() -> Iterator[Row]:
    import sourcescore as ss

    texts = ss.datasets.load_articles().texts
    n_words = int(texts.str.split().str.len().sum())
    extractor = ss.load_model("extractor", models="accurate")
    extractor.transform(texts.iloc[:4])
    rate = n_words / _least(lambda: extractor.transform(texts), 2, time.perf_counter)
    what = f"extraction, accurate models, {len(texts)} texts, {len(os.sched_getaffinity(0))} cores"
    yield Row(what, f"{rate:,.0f} words/s", "5,000 words/s", 5000 / rate)
    near = (texts.str.split().str.len() - N_WORDS).abs().idxmin()
    ms = 1e3 * _least(lambda: extractor.transform(texts[near]), 10, time.perf_counter)
    yield Row("one text of 400 words, accurate models", f"{ms:.0f} ms", "150 ms", ms / 150)


def linearity(large: bool) -> Iterator[Row]:
    """Time of `score` on one long text, against a fifth of a megabyte of the same."""
    import sourcescore as ss

    articles = "\n\n".join(ss.datasets.load_articles().texts)
    base = 0.2 * MB
    sizes = [1, 2, 8, *([50] if large else [])]
    seconds = {}
    for times in sizes:
        size = int(times * base)
        text = (articles * (size // len(articles) + 1))[:size]
        seconds[times] = _least(lambda t=text: ss.score(t), 2 if times < 8 else 1)  # type: ignore[misc]
    for times in sizes[1:]:
        ratio = seconds[times] / seconds[1]
        yield Row(
            f"`score`, one text of {times * base / MB:g} MB against {base / MB:g} MB",
            f"{seconds[times]:.1f} s, {ratio:.1f} times the time",
            f"{times} times",
            ratio / times,
        )


def start() -> Iterator[Row]:
    """Import, and the first score, in fresh processes."""
    imports = (
        "import time, pandas, sklearn.linear_model; start = time.process_time(); "
        "import sourcescore; print(time.process_time() - start)"
    )
    seconds = statistics.median(float(_child(imports)) for _ in range(5))
    yield Row(
        "`import sourcescore`, over pandas and scikit-learn", _s(seconds), "0.3 s", seconds / 0.3
    )
    first = (
        "import time; import sourcescore as ss; imported = time.process_time(); "
        "ss.score(ss.datasets.load_articles().texts.iloc[0]); "
        "print(time.process_time(), time.process_time() - imported)"
    )
    runs = [[*map(float, _child(first).split())] for _ in range(3)]
    whole, inside = (statistics.median(column) for column in zip(*runs, strict=True))
    yield Row(
        "first `score` in a fresh process, imports included",
        f"{whole:.2f} s, after the imports {inside:.2f} s",
        "3 s",
        whole / 3,
    )


def corpora() -> Iterator[Row]:
    """Speed-up by a second process, and the memory that an article takes."""
    if (os.cpu_count() or 1) < 2:
        yield Row("`score_corpus`, n_jobs=2", "needs two cores", "1.8 x one job", None)
    else:
        jobs = (
            CORPUS + "import time, json; few, many = corpus(8), corpus(512); seconds = {}\n"
            "for n_jobs in (1, 2):\n"
            "    ss.score_corpus(few, n_jobs=n_jobs)\n"  # loads the models, starts the processes
            "    start = time.perf_counter(); ss.score_corpus(many, n_jobs=n_jobs)\n"
            "    seconds[n_jobs] = time.perf_counter() - start\n"
            "print(seconds[1], seconds[2])"
        )
        one, two = map(float, _child(jobs).split())
        measured = f"{one / two:.2f} x ({one:.1f} s, {two:.1f} s)"
        yield Row(
            "`score_corpus`, 512 articles, n_jobs=2", measured, "1.8 x one job", 1.8 * two / one
        )
    memory = (
        CORPUS + MEMORY + "report = ss.score_corpus(corpus(int(sys.argv[1])))\n"
        "print(peak_memory(), size((report.attributions, report.evidence, report.claims)))"
    )
    sizes = (128, 1024)
    (low, _), (high, tables) = (map(float, _child(memory, str(n)).split()) for n in sizes)
    growth, table = (high - low) / (sizes[1] - sizes[0]), tables / sizes[1]
    yield Row(
        "growth of the peak memory per article",
        f"{growth * 1e3:.0f} kB",
        f"{table * 1e3:.0f} kB, its tables",
        growth / table,
    )


def learning(large: bool) -> Iterator[Row]:
    """`ClaimScorer.fit`, truth unknown, and crowd-kit on the same rows where it is installed."""
    n_rows = 10_000_000 if large else 1_000_000
    code = (
        MEMORY + "import sys, time, json; from confidence import synthetic\n"
        "from sourcescore import ClaimScorer\n"
        "evidence, truth = synthetic(int(sys.argv[1])); out = {}\n"
        "start = time.process_time(); ClaimScorer(max_iter=20, tol=0.0).fit(evidence)\n"
        "out['seconds'] = time.process_time() - start; out['memory'] = peak_memory() / 1000\n"
        "try:\n"
        "    from crowdkit.aggregation import DawidSkene\n"
        "except ImportError:\n"
        "    pass\n"
        "else:\n"
        "    names = {'claim_id': 'task', 'source_id': 'worker', 'stance': 'label'}\n"
        "    answers = evidence[[*names]].rename(columns=names)\n"
        "    start = time.process_time(); DawidSkene(n_iter=20, tol=0.0).fit(answers)\n"
        "    out['crowd-kit'] = time.process_time() - start\n"
        "print(json.dumps(out))"
    )
    found = json.loads(_child(code, str(n_rows)))
    limit = 60 * n_rows / 10_000_000
    what = f"`ClaimScorer.fit`, {n_rows // MB} million rows, 20 iterations"
    yield Row(what, _s(found["seconds"]), f"{limit:g} s", found["seconds"] / limit)
    yield Row(
        "peak memory of that, evidence included",
        f"{found['memory']:.2f} GB",
        "4 GB",
        found["memory"] / 4,
    )
    if "crowd-kit" in found:
        theirs = found["crowd-kit"]
        what = "crowd-kit's Dawid-Skene, same rows; ratio: ours to theirs"
        yield Row(what, _s(theirs), "", found["seconds"] / theirs)
    else:
        yield Row(
            "crowd-kit's Dawid-Skene, same rows", 'not installed: pip install ".[bench]"', "", None
        )


def wheel() -> Iterator[Row]:
    """Build the wheel from a copy of the checkout and weigh it."""
    with tempfile.TemporaryDirectory() as folder:
        copy, out = Path(folder, "copy"), Path(folder, "dist")
        skip = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=skip)
        tool = ["build", "--wheel", "--outdir"]
        if find_spec("build") is None:
            tool = ["pip", "wheel", "--no-deps", "--wheel-dir"]
        command = [sys.executable, "-m", *tool, str(out), str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            yield Row("wheel", f"not built: {done.stderr.strip()[-80:]}", "60 MB", None)
            return
        size = next(out.glob("*.whl")).stat().st_size / MB
        yield Row("wheel, models included", f"{size:.1f} MB", "60 MB", size / 60)


def tests() -> Iterator[Row]:
    """The test suite, as the README runs it."""
    parallel = ["-n", "auto"] if find_spec("xdist") else []
    begin = time.perf_counter()
    command = [sys.executable, "-m", "pytest", *parallel]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    state = "" if done.returncode == 0 else ", FAILED"
    yield Row("test suite", f"{seconds:.0f} s{state}", "300 s", seconds / 300)


def measure(large: bool = False, with_tests: bool = False) -> Iterator[Row]:
    """All rows, one after the other."""
    yield from start()
    yield from speed()
    yield from accurate()
    yield from linearity(large)
    yield from corpora()
    yield from learning(large)
    yield from wheel()
    if with_tests:
        yield from tests()


def _least(
    function: Callable[[], object], repeats: int, clock: Callable[[], float] = time.process_time
) -> float:
    """The least CPU time of several runs, or that of another clock, in seconds."""
    times = []
    for _ in range(repeats):
        begin = clock()
        function()
        times.append(clock() - begin)
    return min(times)


def _child(code: str, *arguments: str) -> str:
    """What a fresh process prints that runs this code."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": PATHS}
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--large", action="store_true", help="10 MB of text, ten million rows")
    parser.add_argument("--tests", action="store_true", help="time the test suite too")
    arguments = parser.parse_args()
    print(*HEADER, sep="\n", flush=True)
    for row in measure(arguments.large, arguments.tests):
        print(row, flush=True)


if __name__ == "__main__":
    main()
