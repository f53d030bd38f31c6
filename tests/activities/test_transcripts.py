import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.transcripts import TranscriptActivities
from tests.domain.hearing import chunk, heard, spoken_evenly, window
from tests.subtitles.checker import bare, read_srt, read_vtt, spoken
from whisper_farm import keys
from whisper_farm.messages import ChunkHeard, MergeTranscript, TranscriptMerged
from whisper_farm.models import (
    Audit,
    AuditGap,
    Chunk,
    ChunkTranscript,
    Current,
    Gap,
    Rerun,
    Stretch,
    Transcript,
)
from whisper_farm.report import Report
from whisper_farm.request import Decoding
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import read_document, write_document

RECORDING, PLAN, JOB, RUN = "1" * 64, "2" * 64, "my-episode", "0f4a0c2e-run"


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path, "whisper-farm")


def put(store: DiskStore, here: Chunk, said: ChunkTranscript | None) -> ChunkHeard:
    """Store a cut and its result as the cutter and a worker do; what the workflow then knows of it."""
    store.put(keys.chunk_cut(RECORDING, PLAN, here.index), here.model_dump_json().encode())
    if said is None:
        return ChunkHeard(
            index=here.index, result=None, worker=None, attempts=3, gap_reason="it failed", gap_fault="farm"
        )
    key = keys.result(said.pcm_sha256, said.recipe_sha256)
    write_document(store, key, said)
    return ChunkHeard(index=here.index, result=key, worker="finder", attempts=1)


def order(heard_chunks: Iterable[ChunkHeard], **changes: Any) -> MergeTranscript:
    known = list(heard_chunks)
    return MergeTranscript.model_validate(
        {
            "job": JOB,
            "run": RUN,
            "recording_sha256": RECORDING,
            "plan_sha256": PLAN,
            "chunk_count": len(known),
            "heard": known,
            "model": "tiny",
            "decoding": Decoding(),
            "language": "en",
            "language_probability": 0.98,
            "duration_seconds": 30.0,
            "gaps": [],
            "warnings": [],
            "elapsed_seconds": 6.0,
            **changes,
        }
    )


def two_chunks(store: DiskStore, *, lost: bool = False, weights: str = "a" * 64) -> list[ChunkHeard]:
    left, right = chunk(0, 0, 12), chunk(1, 12, 30)
    said = heard(right, window(*spoken_evenly("Here it ends.", start=4)), weights=weights, worker="w2")
    return [
        put(store, left, heard(left, window(*spoken_evenly("Here it begins.", start=1)))),
        put(store, right, None if lost else said),
    ]


def merge(store: DiskStore, work: MergeTranscript) -> TranscriptMerged:
    merged = ActivityEnvironment().run(TranscriptActivities(store).merge_transcript, work)
    assert isinstance(merged, TranscriptMerged)
    return merged


def failure_of(store: DiskStore, work: MergeTranscript) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        merge(store, work)
    assert not store.exists(keys.job_current(JOB)), "a failed merge shows nobody anything"
    return caught.value


def written(store: DiskStore) -> Transcript:
    return Transcript.model_validate_json(store.get(keys.transcript(JOB, f"run-{RUN}", "json")))


def test_a_job_becomes_one_version_in_every_format(store: DiskStore) -> None:
    merged = merge(store, order(two_chunks(store)))
    assert merged.version == f"run-{RUN}"
    assert merged.outputs == {
        e: keys.transcript(JOB, merged.version, e) for e in ("json", "srt", "vtt", "txt", "tsv")
    }
    assert (merged.word_count, merged.segment_count, merged.gap_count) == (6, 2, 0)
    assert (merged.state, merged.message) == ("complete", None)
    said = written(store)
    assert said.text == "Here it begins. Here it ends."
    assert [segment.start for segment in said.segments] == [1.0, 16.0]
    assert (said.language, said.language_probability, said.weights) == ("en", 0.98, "a" * 64)
    assert said.decoding == {"language": "auto", "beam_size": 5, "vad": True} | Decoding().model_dump(
        mode="json"
    )
    assert [(each.worker, each.attempts, each.start) for each in said.chunks] == [
        ("w1", 1, 0.0),
        ("w2", 1, 12.0),
    ]
    assert spoken(read_srt(store.get(merged.outputs["srt"]).decode())) == bare(said.text)
    assert spoken(read_vtt(store.get(merged.outputs["vtt"]).decode())[0]) == bare(said.text)
    current = read_document(store, keys.job_current(JOB), Current)
    assert current == Current(version=merged.version, state="complete")


def test_the_report_says_who_heard_what(store: DiskStore) -> None:
    merge(store, order(two_chunks(store)))
    report = read_document(store, keys.report(JOB, f"run-{RUN}"), Report)
    assert (report.pace, report.gpu_seconds, report.chunks_heard) == (5.0, 3.0, 2)
    assert [(each.worker, each.chunk_count, each.audio_seconds) for each in report.workers] == [
        ("w1", 1, 12.0),
        ("w2", 1, 18.0),
    ]
    assert all(each.heard_at is not None and each.word_count == 3 for each in report.chunks)


def test_a_merge_done_twice_is_the_same_merge(store: DiskStore) -> None:
    work = order(two_chunks(store, lost=True))
    first = merge(store, work)
    before = {stat.key: store.get(stat.key) for stat in store.list(keys.job_folder(JOB))}
    assert merge(store, work) == first
    assert {stat.key: store.get(stat.key) for stat in store.list(keys.job_folder(JOB))} == before


def test_another_run_leaves_an_editors_version_alone(store: DiskStore) -> None:
    edited = keys.transcript(JOB, "edit-1", "json")
    store.put(edited, b"mine")
    merge(store, order(two_chunks(store)))
    assert store.get(edited) == b"mine"


def test_a_chunk_lost_by_the_farm_leaves_the_job_incomplete(store: DiskStore) -> None:
    merged = merge(store, order(two_chunks(store, lost=True)))
    assert (merged.state, merged.gap_count) == ("incomplete", 1)
    assert (
        merged.message == "It failed; 0:12 to 0:30 is missing. A retry of the job hears only what is missing."
    )
    assert written(store).gaps == (Gap(start=12, end=30, reason="it failed", fault="farm"),)
    assert "[no transcript from 0:12 to 0:30: it failed]" in store.get(merged.outputs["txt"]).decode()
    assert read_document(store, keys.job_current(JOB), Current).state == "incomplete"


def test_a_recording_cut_short_is_complete_and_says_so(store: DiskStore) -> None:
    gap = Gap(start=30, end=95, reason="the recording is cut short", fault="recording")
    merged = merge(store, order(two_chunks(store), gaps=[gap], duration_seconds=95.0))
    assert merged.state == "complete"
    assert merged.message == "The recording is cut short; 0:30 to 1:35 is missing."
    assert written(store).warnings == (merged.message,)


def test_a_recording_without_speech_has_an_empty_transcript(store: DiskStore) -> None:
    here = chunk(0, 0, 30)
    silent = heard(here).model_copy(update={"speech_seconds": 0.0})
    merged = merge(store, order([put(store, here, silent)]))
    assert (merged.state, merged.word_count, merged.segment_count) == ("complete", 0, 0)
    assert (written(store).text, written(store).language) == ("", "en")
    assert json.loads(store.get(merged.outputs["json"]))["segments"] == []


def with_speech(of: ChunkTranscript, *spans: tuple[float, float], **changes: Any) -> ChunkTranscript:
    """The same result, with somebody speaking in these seconds of its chunk."""
    stretches = tuple(Stretch(start=start, end=end) for start, end in spans)
    seconds = sum(end - start for start, end in spans)
    return of.model_copy(update={"speech": stretches, "speech_seconds": seconds} | changes)


def test_speech_in_which_no_words_were_found_is_a_gap_of_a_complete_job(store: DiskStore) -> None:
    left, right = chunk(0, 0, 12), chunk(1, 12, 30)
    rerun = Rerun(start=6, end=11, reason="speech without words for 5.0 s", how="other windows", kept=False)
    first = heard(left, window(*spoken_evenly("Here it begins.", start=1)))
    known = [
        put(store, left, with_speech(first, (1.0, 2.2), (6.0, 12.0), reruns=(rerun,))),
        put(store, right, with_speech(heard(right), (0.0, 1.0))),
    ]

    merged = merge(store, order(known))

    assert (merged.state, merged.gap_count, merged.model_gap_count) == ("complete", 1, 1)
    assert merged.message == "Somebody speaks at 0:06 to 0:13 and no words were found."
    said = written(store)
    assert [(gap.start, gap.end, gap.fault) for gap in said.gaps] == [(6.0, 13.0, "model")]
    assert said.audit == Audit(
        speech_seconds=8.2,
        covered_seconds=1.2,
        words_outside_speech=0,
        gaps=(AuditGap(start=6.0, end=13.0, reason="somebody speaks here and no words were found"),),
        reruns=(rerun,),
    )
    report = read_document(store, keys.report(JOB, merged.version), Report)
    assert (report.speech_seconds, report.covered_seconds, report.model_gap_count) == (8.2, 1.2, 1)
    assert [each.rerun_count for each in report.chunks] == [1, 0]


def test_a_transcript_covered_throughout_says_so_and_nothing_else(store: DiskStore) -> None:
    here = chunk(0, 0, 30)
    said = heard(here, window(*spoken_evenly("Here it begins.", start=1)))

    merged = merge(store, order([put(store, here, with_speech(said, (0.9, 2.3)))]))

    assert (merged.gap_count, merged.message) == (0, None)
    audit = written(store).audit
    assert audit is not None
    assert (audit.speech_seconds, audit.covered_seconds, audit.words_outside_speech) == (1.4, 1.4, 0)


def test_times_of_words_are_left_out_where_nobody_wants_them(store: DiskStore) -> None:
    known = two_chunks(store)
    with_times = merge(store, order(known))
    shown = {e: store.get(key) for e, key in with_times.outputs.items()}

    merged = merge(store, order(known, word_timestamps=False))

    said = written(store)
    assert [segment.words for segment in said.segments] == [(), ()]
    assert said.text == "Here it begins. Here it ends."
    assert (merged.word_count, said.word_count) == (6, 6)
    assert all(store.get(key) == shown[e] for e, key in merged.outputs.items() if e != "json")


def test_the_vote_for_the_language_stands_in_the_transcript(store: DiskStore) -> None:
    merge(store, order(two_chunks(store), language_votes={"en": 4, "nl": 1}))
    assert (written(store).language_votes, written(store).warnings) == ({"en": 4, "nl": 1}, ())


def test_a_language_decided_on_little_ground_is_said(store: DiskStore) -> None:
    unsure = {"language_votes": {"en": 2, "nl": 2}, "language_probability": 0.412}
    merge(store, order(two_chunks(store), **unsure))
    (warning,) = written(store).warnings
    assert warning.startswith(
        "The language was decided as 'en' with little confidence (41 %); give --language"
    )
    merge(store, order(two_chunks(store), **unsure, decoding=Decoding(multilingual=True)))
    assert written(store).warnings == ()


def test_a_language_that_the_model_does_not_know_is_said_and_not_claimed(store: DiskStore) -> None:
    asked = order(
        two_chunks(store), language="de", decoding=Decoding(language="de"), language_probability=None
    )
    merge(store, asked)
    said = written(store)
    assert (said.language, said.decoding["language"]) == ("en", "en")
    assert said.warnings == ("The model knows no language but 'en'; it was heard as that, and not as 'de'.",)


def test_a_result_that_is_gone_has_to_be_heard_again(store: DiskStore) -> None:
    known = two_chunks(store)
    assert known[1].result is not None
    store.delete([known[1].result])

    failure = failure_of(store, order(known))

    assert (failure.type, failure.details) == ("ResultsLost", ([1],))


def test_a_damaged_result_goes_and_has_to_be_heard_again(store: DiskStore) -> None:
    known = two_chunks(store)
    assert known[0].result is not None
    store.put(known[0].result, b'{"schema": 2}')

    failure = failure_of(store, order(known))

    assert (failure.type, failure.details) == ("ResultsLost", ([0],))
    assert not store.exists(known[0].result)


def test_a_result_that_does_not_fit_its_chunk_is_not_used(store: DiskStore) -> None:
    known = two_chunks(store)
    swapped = [known[0].model_copy(update={"result": known[1].result}), known[1]]

    failure = failure_of(store, order(swapped))

    assert (failure.type, failure.details) == ("ResultsLost", ([0],))
    assert "it was made from other audio than chunk 0" in failure.message


def test_words_outside_their_chunk_are_not_believed(store: DiskStore) -> None:
    here = chunk(0, 0, 30)
    known = put(store, here, heard(here, window((" late", 29.0, 31.5))))
    assert "places words at 31.50 s of 30.00 s of audio" in failure_of(store, order([known])).message


def test_chunks_heard_with_two_weights_are_not_mixed(store: DiskStore) -> None:
    failure = failure_of(store, order(two_chunks(store, weights="c" * 64)))
    assert (failure.type, failure.non_retryable) == ("PermanentError", True)
    assert "'cccccccccccccccc', the chunks before it with 'aaaaaaaaaaaaaaaa'" in failure.message


def test_chunks_that_do_not_cover_the_recording_are_not_merged(store: DiskStore) -> None:
    known = two_chunks(store)
    assert failure_of(store, order(known[:1], chunk_count=2)).type == "PermanentError"
    put(store, chunk(1, 12.5, 30), None)
    failure = failure_of(store, order(known))
    assert failure.type == "ObjectDamaged"
    assert "it begins at sample 200000, not at 192000" in failure.message
    store.put(keys.chunk_cut(RECORDING, PLAN, 1), b"{}")
    assert failure_of(store, order(known)).type == "ObjectDamaged"


def test_a_long_merge_shows_that_it_is_alive(store: DiskStore) -> None:
    beats: list[Any] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details[0])
    environment.run(TranscriptActivities(store).merge_transcript, order(two_chunks(store)))
    assert beats[:2] == ["looked for 1 of 2 results", "looked for 2 of 2 results"]
    assert beats[2:5] == ["read 1 of 2 chunks", "read 2 of 2 chunks", "writing json"]


def test_subtitles_are_laid_out_as_the_job_was_asked_and_the_json_says_so(store: DiskStore) -> None:
    heard_chunks = two_chunks(store)

    merge(store, order(heard_chunks))
    by_default = written(store).subtitles
    merged = merge(store, order(heard_chunks, subtitles={"preset": "bbc", "line_columns": 10}))
    as_asked = written(store).subtitles

    assert by_default is not None
    assert as_asked is not None
    assert (by_default.preset, by_default.rules.line_columns, by_default.cue_count) == ("netflix", 42, 2)
    assert (as_asked.preset, as_asked.rules.line_columns, as_asked.cue_count) == ("bbc", 10, 2)
    assert (
        max(len(line) for cue in read_srt(store.get(merged.outputs["srt"]).decode()) for line in cue.lines)
        <= 10
    )
