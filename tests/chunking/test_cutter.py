"""The whole cutter on speech that never pauses: every seam but the first is spoken."""

import json
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.chunking.conftest import Pcm
from whisper_farm import identity, keys
from whisper_farm.audio.flac import decode_flac, encode_flac, pcm_sha256
from whisper_farm.chunking.cutter import Telling, cut_recording
from whisper_farm.chunking.rules import plan_rules
from whisper_farm.messages import RecordingCut
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, Plan, Recording
from whisper_farm.storage.disk import DiskStore


@pytest.fixture(scope="module")
def breathless(demo_recording: Path) -> Pcm:
    """All words of the demo, one directly after the other."""
    pcm = decode_flac(demo_recording.read_bytes(), longest_samples=10 * 60 * SAMPLE_RATE_HZ)
    truth = json.loads(demo_recording.with_suffix(".truth.json").read_text())
    words = [word for segment in truth["segments"] for word in segment["words"]]
    return np.concatenate(
        [pcm[round(word["start"] * SAMPLE_RATE_HZ) : round(word["end"] * SAMPLE_RATE_HZ)] for word in words]
    )


class Bench:
    """A store with one recording in it, which can be cut again and again."""

    def __init__(self, folder: Path, pcm: Pcm) -> None:
        self._scratch = folder
        self.store = DiskStore(folder / "store", "whisper-farm")
        self.store.check()
        source = encode_flac(pcm)
        found, seconds = sha256(source).hexdigest(), len(pcm) / SAMPLE_RATE_HZ
        self.recording = Recording(
            sha256=found,
            key=keys.recording_source(found, "flac"),
            name="breathless.flac",
            size_bytes=len(source),
            container="flac",
            codec="flac",
            channels=1,
            sample_rate_hz=SAMPLE_RATE_HZ,
            duration_seconds=seconds,
            streamable=True,
        )
        self.store.put(self.recording.key, source)
        rules = plan_rules(duration_seconds=seconds, slots=2)
        self.plan = Plan(recording_sha256=found, job_id="job", rules=rules)

    def cut(self) -> tuple[RecordingCut, list[Chunk]]:
        chunks = list[Chunk]()
        telling = Telling(stored=chunks.extend, decoded=lambda _: None, should_stop=lambda: False)
        done = cut_recording(
            self.store, self.recording, self.plan, longest_seconds=1e6, scratch=self._scratch, telling=telling
        )
        return done, chunks

    def audio(self, index: int) -> Pcm:
        key = keys.chunk_audio(*self._place, index)
        return decode_flac(self.store.get(key), longest_samples=10 * 60 * SAMPLE_RATE_HZ)

    def drop(self, indices: list[int]) -> None:
        self.store.delete([keys.chunk_cut(*self._place, index) for index in indices])
        self.store.delete([keys.chunk_audio(*self._place, index) for index in indices])

    @property
    def _place(self) -> tuple[str, str]:
        return self.recording.sha256, identity.plan_sha256(self.plan)


@pytest.fixture
def bench(tmp_path: Path, breathless: Pcm) -> Bench:
    return Bench(tmp_path, breathless)


def test_each_chunk_is_stored_with_its_margins_and_both_sides_of_a_seam_hold_the_same_audio(
    bench: Bench, breathless: Pcm
) -> None:
    _, chunks = bench.cut()
    assert {one.seam for one in chunks[1:]} == {"spoken"}
    for one in chunks:
        audio = bench.audio(one.index)
        assert np.array_equal(
            audio, breathless[one.start - one.margin_before : one.end + one.margin_after]
        ), one
        assert pcm_sha256(audio) == one.pcm_sha256
    for left, right in pairwise(chunks):
        both = left.margin_after + right.margin_before
        assert np.array_equal(bench.audio(left.index)[-both:], bench.audio(right.index)[:both])


@pytest.mark.parametrize("dropped", [[0], [2], [1, 3], [3, 4, 5, 6]], ids=str)
def test_what_was_dropped_is_cut_again_as_it_was(bench: Bench, dropped: list[int]) -> None:
    first, chunks = bench.cut()
    bench.drop(dropped)
    again, cut_again = bench.cut()
    assert (again, cut_again) == (first, chunks)
