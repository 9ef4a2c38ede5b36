"""What the benchmarks share: the machine's name, timing, peak memory of a child process, venvs of the peers."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def machine() -> dict[str, Any]:
    """What ran it: processor, cores, memory, Python."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {"cpu": model, "cores": os.cpu_count(), "memory_mib": memory, "python": platform.python_version()}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Wall seconds of one call, and what it returned."""
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def peak_mib() -> float:
    """Peak resident memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def in_child(module: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """Run `python -m module …`, which prints one JSON object; its peak memory is its own."""
    done = subprocess.run([python, "-m", module, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def cache() -> Path:
    """Where benchmarks keep what is slow to make: PUHUI_BENCH_CACHE, else a folder of the user's cache."""
    folder = Path(os.environ.get("PUHUI_BENCH_CACHE") or Path.home() / ".cache" / "puhui-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def peer_python(name: str) -> str:
    """The interpreter of a venv with `bench/requirements-NAME.txt` in it; made once."""
    home = cache() / f"venv-{name}"
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        venv.create(home, with_pip=True, clear=True)
        listed = Path(__file__).parent / f"requirements-{name}.txt"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(listed)], check=True)
        (home / ".ready").touch()
    return str(python)


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
