"""What a command shows while it works: on a terminal, and in a log."""

import io

import pytest
from rich.console import Console

from tests.cli.test_pace_and_words import progress
from whisper_farm.cli.board import PlainBoard
from whisper_farm.cli.live_board import LiveBoard
from whisper_farm.cli.sending import Sending


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), record=True, width=120, highlight=False, markup=False)


def _shown(board: LiveBoard, console: Console) -> str:
    console.print(board)
    return console.export_text()


def test_on_a_terminal_bytes_go_in_with_their_speed(clock: Clock, console: Console) -> None:
    board = LiveBoard(["talk.mp3"], console=console, clock=clock)
    board.sending(0, 0, 50_000_000)
    clock.seconds += 30.0  # it is hashed first, which is not sending
    board.sending(0, 1_000_000, 50_000_000)
    clock.seconds += 2.0
    board.sending(0, 11_000_000, 50_000_000)

    shown = _shown(board, console)

    assert "talk.mp3" in shown
    assert "22 % of 50.0 MB stored, 5.0 MB/s" in shown


def test_on_a_terminal_hearing_has_its_pace_and_the_time_left(clock: Clock, console: Console) -> None:
    board = LiveBoard(["talk.mp3", "other.mp3"], console=console, clock=clock)
    began = "2026-11-24T10:00:05+00:00"
    board.hearing(0, progress(fan_out_at=began, chunks_heard=0))
    clock.seconds += 10.0
    board.hearing(0, progress(fan_out_at=began, heard_seconds=200.0))

    shown = _shown(board, console)

    assert "14 chunks cut, 3 done, 20x realtime, 0:20 left" in shown
    assert "other.mp3" not in shown, "it has not begun"


def test_on_a_terminal_what_has_ended_stays_as_a_sentence(clock: Clock, console: Console) -> None:
    with LiveBoard(["talk.mp3"], console=console, clock=clock) as board:
        board.preparing("Starting the stack")
        board.hearing(0, progress())
        board.troubled(0, "No worker serves the model 'small'.")
        board.ended(0, "'talk.mp3': 3:03 in 11 s.")

    shown = console.export_text()

    assert "talk.mp3: No worker serves the model 'small'." in shown
    assert "'talk.mp3': 3:03 in 11 s." in shown


def test_in_a_log_bytes_go_in_with_their_speed(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    board = PlainBoard(["talk.mp3"], clock=clock)
    for sent in (0, 10_000_000, 20_000_000, 30_000_000):
        board.sending(0, sent, 100_000_000)
        clock.seconds += 1.0

    assert capsys.readouterr().err == "talk.mp3: 20 % of 100.0 MB stored, 10.0 MB/s\n"


def test_what_is_sent_anew_after_a_store_came_back_is_no_speed() -> None:
    sending = Sending()
    sending.saw(0.0, 10_000_000)
    sending.saw(1.0, 20_000_000)
    sending.saw(6.0, 1_000_000)
    assert sending.told(40_000_000) == "2 % of 40.0 MB stored"
    sending.saw(7.0, 5_000_000)

    assert sending.told(40_000_000) == "12 % of 40.0 MB stored, 4.0 MB/s"
