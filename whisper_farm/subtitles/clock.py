"""Times as subtitles and people write them. Seconds become whole milliseconds once, here."""


def milliseconds(seconds: float) -> int:
    """The nearest millisecond; halves go up."""
    return int(seconds * 1000 + 0.5)


def srt_time(at_ms: int) -> str:
    """`01:02:03,004`."""
    return _time(at_ms, ",")


def vtt_time(at_ms: int) -> str:
    """`01:02:03.004`."""
    return _time(at_ms, ".")


def clock(seconds: float) -> str:
    """`1:02` or `1:02:03`, for people: the second that a player shows at that time."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def interval(start_seconds: float, end_seconds: float) -> str:
    """`1:02 to 1:30`; one that is shorter than the clock can show gets tenths: `1:02.1 to 1:02.6`."""
    start, end = clock(start_seconds), clock(end_seconds)
    if start != end:
        return f"{start} to {end}"
    return f"{_with_tenth(start_seconds)} to {_with_tenth(end_seconds)}"


def _with_tenth(seconds: float) -> str:
    tenths = int(seconds * 10 + 1e-6)
    return f"{clock(tenths // 10)}.{tenths % 10}"


def _time(at_ms: int, point: str) -> str:
    seconds, thousandth = divmod(at_ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{thousandth:03}"
