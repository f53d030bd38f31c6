"""What a stack's processes are told by their environment: what they need, and nothing else."""

import os
import site
import sys
from collections.abc import Mapping
from pathlib import Path

from whisper_farm.embedded.processes import STACK_MARK
from whisper_farm.embedded.version import source_root

#: Of the person's own environment, for Python processes: where things are, words and times, the ways to
#: the outside, models and GPUs.
_KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ"),
        *("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_CACHE_HOME"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HUGGINGFACE_HUB_CACHE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)
_KEPT_PREFIXES = ("LC_", "HF_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "CT2_", "IMAGEIO_")

_OURS = "WHISPER_FARM_"
#: Settings that say where the store is and who may enter: the stack sets these itself.
_STORE_PREFIXES = (f"{_OURS}STORE", f"{_OURS}S3_", f"{_OURS}BUCKET")
#: Settings of transcription workers: the others' business is not theirs.
_WORKER_NAMES = frozenset(
    {
        *(f"{_OURS}DEVICE", f"{_OURS}DEVICE_INDEX", f"{_OURS}COMPUTE_TYPE", f"{_OURS}SLOTS"),
        *(f"{_OURS}PREFETCH", f"{_OURS}BATCH_SIZE", f"{_OURS}DRAIN_SECONDS"),
        *(f"{_OURS}LOG_LEVEL", f"{_OURS}LOG_FORMAT"),
    }
)


def person_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a Python process needs of the person's environment, and where it finds the farm's code."""
    kept = {
        name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    root = str(source_root())
    if root not in site.getsitepackages():
        kept["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [kept.get("PYTHONPATH")])])
    return kept | {"PYTHONUNBUFFERED": "1"}


def farm_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's own settings of the farm, but for what the stack decides itself."""
    decided = {f"{_OURS}HOME", f"{_OURS}MODEL", f"{_OURS}MODEL_NAME", STACK_MARK}
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_OURS) and name not in decided and not name.startswith(_STORE_PREFIXES)
    }


def worker_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Of `farm_settings`, what concerns transcription workers."""
    return {name: value for name, value in farm_settings(environ).items() if name in _WORKER_NAMES}


def python(module: str) -> tuple[str, ...]:
    """The command of one of our modules. `-P`: its folder, the data folder, is no place to import from."""
    return (sys.executable, "-P", "-m", module)


def common(stack: str, home: Path, scratch: Path) -> dict[str, str]:
    """What every process of a stack gets."""
    return {STACK_MARK: stack, f"{_OURS}HOME": str(home), "TMPDIR": str(scratch)}
