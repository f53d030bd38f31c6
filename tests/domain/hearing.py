"""Chunks and what was heard in them, made up for tests; tests say only what they are about."""

from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, ChunkTranscript, HeardSegment, SeamKind, Word

Said = tuple[str, float, float]  #: a word with its start and end in the chunk, in seconds


def chunk(
    index: int,
    start: float,
    end: float,
    *,
    before: float = 0.0,
    after: float = 0.0,
    seam: SeamKind | None = None,
) -> Chunk:
    return Chunk(
        index=index,
        start=round(start * SAMPLE_RATE_HZ),
        end=round(end * SAMPLE_RATE_HZ),
        margin_before=round(before * SAMPLE_RATE_HZ),
        margin_after=round(after * SAMPLE_RATE_HZ),
        seam=seam or ("spoken" if before else "silent"),
        pcm_sha256=f"{index:064x}",
    )


def window(
    *said: Said, text: str | None = None, span: tuple[float, float] = (0.0, 1.0), unsure: str = ""
) -> HeardSegment:
    """One window; without words it has `text` over `span`. The word `unsure` is less probable than others."""
    words = tuple(
        Word(start=start, end=end, word=word, probability=0.4 if word == unsure else 0.9)
        for word, start, end in said
    )
    return HeardSegment(
        start=words[0].start if words else span[0],
        end=max(words[-1].end, words[0].start) if words else span[1],
        text="".join(word.word for word in words) if text is None else text,
        words=words,
        avg_logprob=-0.2,
        compression_ratio=1.2,
        no_speech_prob=0.0,
        temperature=0.0,
    )


def heard(of: Chunk, *windows: HeardSegment, weights: str = "a" * 64, worker: str = "w1") -> ChunkTranscript:
    return ChunkTranscript(
        pcm_sha256=of.pcm_sha256,
        recipe_sha256="b" * 64,
        recipe={"weights": weights},
        samples=of.end + of.margin_after - of.start + of.margin_before,
        language="en",
        segments=windows,
        speech_seconds=of.audio_seconds / 2,
        elapsed_seconds=of.audio_seconds / 10,
        worker=worker,
    )


def spoken_evenly(text: str, *, start: float = 0.0, step: float = 0.4) -> list[Said]:
    """The words of `text`, each with a leading blank, one every `step` seconds."""
    return [
        (f" {word}", round(start + step * n, 3), round(start + step * (n + 0.9), 3))
        for n, word in enumerate(text.split())
    ]
