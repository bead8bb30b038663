import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime import lock
from app.runtime.failure import Failure
from tests.servers import ROOT

HOLD = (
    "import sys; from pathlib import Path; from app.runtime import lock; held = lock.take(Path(sys.argv[1])); "
    "print('held', flush=True); sys.stdin.read()"
)


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_run_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        with pytest.raises(Failure, match=f"already running.*{first.pid}"):
            lock.take(tmp_path)
        first.kill()


def test_kill_9_frees_it(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.kill()
        first.wait()
    with lock.take(tmp_path):
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_children_do_not_keep_it(tmp_path: Path) -> None:
    held = lock.take(tmp_path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        held.close()
        lock.take(tmp_path).close()
        child.kill()
