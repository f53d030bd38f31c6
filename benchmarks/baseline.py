"""The baseline: faster-whisper's own batched pipeline, one process, all cores as its threads.

    python -m benchmarks.baseline RECORDING MODEL-FOLDER

Prints the number of words heard. Whoever wants its wall time times the whole process.
"""

import os
import sys

from faster_whisper import BatchedInferencePipeline, WhisperModel


def main() -> int:
    """Hear the recording as the farm does: beam 5, word times, VAD, int8; in batches of 8."""
    recording, model = sys.argv[1:3]
    cores = len(os.sched_getaffinity(0))
    whisper = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=cores)
    segments, _ = BatchedInferencePipeline(whisper).transcribe(
        recording, language="en", beam_size=5, word_timestamps=True, vad_filter=True, batch_size=8
    )
    print(sum(len(segment.words or []) for segment in segments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
