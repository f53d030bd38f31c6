"""Transcripts for tests, made of their words."""

from whisper_farm.models import Gap, Segment, Transcript, Word


def segment(number: int, *words: tuple[str, float, float], text: str | None = None) -> Segment:
    said = tuple(Word(word=word, start=start, end=end, probability=0.98765) for word, start, end in words)
    joined = "".join(word.word for word in said).strip()
    return Segment(id=number, start=said[0].start, end=said[-1].end, text=text or joined, words=said)


def evenly(number: int, text: str, *, start: float, step: float = 0.35) -> Segment:
    """The words of `text`, one every `step` seconds."""
    spaced = [(f" {word}", start + step * n, start + step * (n + 0.9)) for n, word in enumerate(text.split())]
    return segment(number, *spaced)


def transcript(
    *segments: Segment, duration: float = 60.0, gaps: tuple[Gap, ...] = (), warnings: tuple[str, ...] = ()
) -> Transcript:
    return Transcript(
        version="0.1.0",
        job="a-job",
        recording_sha256="0" * 64,
        model="tiny",
        weights="1" * 64,
        language="en",
        language_probability=0.987654,
        duration=duration,
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        gaps=gaps,
        warnings=warnings,
        decoding={"beam_size": 5, "language": "auto", "vad": True},
    )
