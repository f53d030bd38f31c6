"""Taking from a stored recording what its language is decided by: a few windows, as one small FLAC."""

from whisper_farm import keys
from whisper_farm.audio.flac import encode_flac
from whisper_farm.audio.ranged import open_ranged
from whisper_farm.audio.recording_input import check_unchanged
from whisper_farm.audio.windows import sample_windows
from whisper_farm.messages import LanguageSampled, SampleLanguage
from whisper_farm.models import SAMPLE_RATE_HZ, Recording
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import read_document

WINDOW_COUNT = 8
WINDOW_SECONDS = 30.0


def store_language_sample(store: ObjectStore, order: SampleLanguage) -> LanguageSampled:
    """Store at most `WINDOW_COUNT` windows of the recording, laid end to end.

    Raises:
        RecordingUnusable: no sound could be decoded.
        RecordingChanged: it is linked to a person's file that was changed since.
        ObjectMissing: there is no such recording.
    """
    recording = read_document(store, keys.recording_meta(order.recording_sha256), Recording)
    check_unchanged(store, recording)
    with open_ranged(store, recording.key) as file:
        pcm = sample_windows(
            file,
            duration_seconds=recording.duration_seconds,
            count=WINDOW_COUNT,
            window_seconds=WINDOW_SECONDS,
        )
    key = keys.language_sample(order.recording_sha256, order.plan_sha256)
    if not store.exists(key):
        store.put(key, encode_flac(pcm))
    return LanguageSampled(key=key, windows=-(-len(pcm) // round(WINDOW_SECONDS * SAMPLE_RATE_HZ)))
