"""What a stored result must be before anybody builds on it: the right audio, and times inside it. Pure."""

from whisper_farm import keys
from whisper_farm.errors import ObjectDamaged, PermanentError
from whisper_farm.models import Chunk, ChunkTranscript

#: Engines pad the last window: a word may end a little after the audio does. Merging cuts it off there.
PADDING_SECONDS = 1.0


def check_result(key: str, chunk: Chunk, heard: ChunkTranscript) -> None:
    """Does nothing where the result under `key` can be this chunk's.

    Raises:
        ObjectDamaged: it is of other audio, lies under another's key, or has times outside the chunk.
    """
    stored_samples = chunk.end + chunk.margin_after - (chunk.start - chunk.margin_before)
    if heard.pcm_sha256 != chunk.pcm_sha256 or heard.samples != stored_samples:
        raise ObjectDamaged(key, f"it was made from other audio than chunk {chunk.index}")
    if keys.result(heard.pcm_sha256, heard.recipe_sha256) != key:
        raise ObjectDamaged(key, "it names another recipe than its key does")
    limit_seconds = chunk.audio_seconds + PADDING_SECONDS
    for segment in heard.segments:
        for start, end in [(word.start, word.end) for word in segment.words] or [
            (segment.start, segment.end)
        ]:
            if max(start, end) > limit_seconds:
                raise ObjectDamaged(
                    key, f"it places words at {max(start, end):.2f} s of {chunk.audio_seconds:.2f} s of audio"
                )


def weights_of(heard: ChunkTranscript) -> str:
    """Fingerprint of the weights that heard it, or nothing where its recipe names none."""
    return str(heard.recipe.get("weights", ""))


def check_same_weights(index: int, weights: str, *, others: str, model: str) -> None:
    """Raises `PermanentError` where chunk `index` was heard with other weights than the chunks before it."""
    if weights != others:
        raise PermanentError(
            f"Workers serve '{model}' with different weights: chunk {index} was heard with '{weights[:16]}',"
            f" the chunks before it with '{others[:16]}'; give every worker the same model files"
            " and run the job again."
        )
