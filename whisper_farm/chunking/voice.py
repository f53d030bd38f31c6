"""Where somebody speaks, judged by Silero VAD: for the stretches in which energy can't tell.

Under music, hum, applause or a noisy room a pause between two phrases is as loud as the phrases. Silero
knows a voice from that, at a price: about 500 seconds of audio in a second of one core, a twentieth of the
energy's pace. So it looks at nothing until it is asked.

**What it says depends on the place in the recording only.** The network carries a state from window to
window, so it must always begin at the same places, whatever the read sizes, and whether a job was resumed
or not. Here each block of 8 s, on a grid that begins at sample 0, is heard afresh after a run-up of 2 s
whose answers nobody uses. (faster-whisper's own class begins wherever it is called, and writes zeros into
its caller's audio: it would give other cuts for other read sizes, and hurt what is cut.)
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whisper_farm.chunking.loudness import Pcm
from whisper_farm.chunking.tape import Tape

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WINDOW_SAMPLES = 512  #: what the network looks at at once: 32 ms

Probabilities = NDArray[np.float32]  #: of speech, for each window
Detector = Callable[[Pcm], Probabilities]
"""Takes whole windows, heard afresh from the first one; leaves them as they are."""

_BLOCK_WINDOWS = 256
_RUN_UP_WINDOWS = 64
BLOCK_SAMPLES = _BLOCK_WINDOWS * WINDOW_SAMPLES
_RUN_UP_SAMPLES = _RUN_UP_WINDOWS * WINDOW_SAMPLES

#: Silero's own defaults: speech begins at 0.5 and has ended only below 0.5 - 0.15.
_NOBODY_SPEAKS_BELOW = 0.35

_CONTEXT_SAMPLES = 64  #: of the window before, put in front of each window
_STATE_SHAPE = (1, 1, 128)
_FULL_SCALE = np.float32(32_768)


class Voice:
    """Finds pauses between voices in a recording. It is fed from sample 0, and works only where asked."""

    def __init__(self, detect: Detector) -> None:
        self._detect = detect
        self._tape = Tape()
        self._samples = 0
        self._blocks: dict[int, Probabilities] = {}

    def feed(self, pcm: Pcm) -> None:
        """Take the recording's next samples."""
        self._tape.append(pcm)
        self._samples += len(pcm)

    def forget(self, before: int) -> None:
        """Nobody will ask about anything before this sample."""
        first = max(0, before // BLOCK_SAMPLES)
        self._tape.forget(first * BLOCK_SAMPLES - _RUN_UP_SAMPLES)
        self._blocks = {number: found for number, found in self._blocks.items() if number >= first}

    def silent_windows(self, start_window: int, end_window: int) -> NDArray[np.bool_]:
        """Whether nobody speaks, for each of the windows `[start_window, end_window)` of the recording.

        To give the same answer always it must have been fed `BLOCK_SAMPLES` more, or the recording's end.
        """
        first, last = start_window // _BLOCK_WINDOWS, -(-end_window // _BLOCK_WINDOWS)
        found = np.concatenate([self._block(number) for number in range(first, last)])
        offset = first * _BLOCK_WINDOWS
        return found[start_window - offset : end_window - offset] < _NOBODY_SPEAKS_BELOW

    def _block(self, number: int) -> Probabilities:
        if number not in self._blocks:
            start = number * BLOCK_SAMPLES
            run_up = min(start, _RUN_UP_SAMPLES)
            pcm = self._tape.between(start - run_up, start + BLOCK_SAMPLES)
            missing = run_up + BLOCK_SAMPLES - len(pcm)  # the recording ends within this block
            whole = np.pad(pcm, (0, missing)) if missing else pcm
            self._blocks[number] = self._detect(whole)[run_up // WINDOW_SAMPLES :]
        return self._blocks[number]


def silero(pcm: Pcm) -> Probabilities:
    """The network that ships with faster-whisper, in a session of our own. Loaded when first called."""
    windows = (pcm.astype(np.float32) / _FULL_SCALE).reshape(-1, WINDOW_SAMPLES)
    context = np.zeros((len(windows), _CONTEXT_SAMPLES), dtype=np.float32)
    context[1:] = windows[:-1, -_CONTEXT_SAMPLES:]
    state = np.zeros(_STATE_SHAPE, dtype=np.float32)
    probabilities, _, _ = _session().run(
        None, {"input": np.concatenate([context, windows], axis=1), "h": state, "c": state}
    )
    return np.asarray(probabilities, dtype=np.float32).reshape(-1)


@cache
def _session() -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: the cutter shares its machine with transcription, and threads add up in another order.
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(_network()), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _network() -> Path:
    """The file of weights, found without importing faster-whisper, which would load a speech engine."""
    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise RuntimeError("faster-whisper is not installed, and with it Silero VAD is missing.")
    return Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
