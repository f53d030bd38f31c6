#!/bin/sh
# Makes .venv in the repository's root: picks a Python, installs what requirements.lock names, then the
# farm itself. `make` calls it; PYTHON=... chooses the Python, else the first that works is taken.
set -eu
cd "$(dirname "$0")/.."

# A person's settings for other projects would send pip or Python elsewhere.
unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV

say() { printf '%s\n' "$*" >&2; }

# Whether $1 runs (a version manager's stub may exist and fail), and is a Python new enough.
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1; }

# Debian leaves ensurepip out of its python3 package, and a venv without pip is of no use.
makes_venvs() { "$1" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1; }

pick_python() {
    without_venv=
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.13 python3.12 python3.11 python3.14 python
    fi
    for candidate; do
        is_new_enough "$candidate" || continue
        if makes_venvs "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv="${without_venv:-$candidate}"
    done
    if [ -n "$without_venv" ]; then
        version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "The Python '$without_venv' ($version) lacks its venv module; install it (Debian, Ubuntu: apt install python$version-venv), or name another Python: make PYTHON=/path/to/python3"
    elif [ -n "${PYTHON:-}" ]; then
        say "PYTHON='$PYTHON' is not a Python from 3.11 on that runs; name another one, or leave PYTHON out."
    else
        say "No Python from 3.11 on is on PATH; install one (Debian, Ubuntu: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3"
    fi
    return 1
}

if ! is_new_enough .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(pick_python)
    say "Making .venv with $("$python" --version) ($python)."
    "$python" -m venv --clear .venv
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet "$@" </dev/null; }

say "Installing what requirements.lock names into .venv (a minute or two)."
pip install --require-hashes -r requirements.lock
pip install --no-deps --no-build-isolation --no-index --editable .
say "Set up."
