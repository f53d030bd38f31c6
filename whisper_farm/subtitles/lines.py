"""How a cue's units are laid out on lines: on as few as will do, parted at the best places."""

from collections.abc import Iterable

from whisper_farm.subtitles.parting import Parting

#: What it costs where lines differ in width, for the square of the share of a full line: a good place that is
#: a quarter of a line off the middle is better than a bad one in it (BBC 3.4: grammar goes before looks).
_UNEVEN = 40.0

#: By where the next line begins: what the lines before it cost, and where each of them begins.
_Layouts = dict[int, tuple[float, tuple[int, ...]]]


def lines_of(parting: Parting, first: int, last: int) -> list[tuple[int, int]]:
    """The units of each line of a cue as `[first, last)`. One that is too wide stands on one all the same."""
    whole, columns = parting.columns(first, last), parting.rules.line_columns
    if last - first == 1 or whole <= columns:
        return [(first, last)]
    for count in range(2, parting.rules.lines + 1):
        layouts: _Layouts = {first: (0.0, ())}
        for left in range(count - 1, -1, -1):
            ends = range(first + count - left, last - left + 1) if left else (last,)
            layouts = _with_a_line(parting, layouts, ends, even=whole / count)
        if last in layouts:
            begins = layouts[last][1]
            return list(zip(begins, [*begins[1:], last], strict=True))
    return [(first, last)]


def _with_a_line(parting: Parting, layouts: _Layouts, ends: Iterable[int], *, even: float) -> _Layouts:
    longer: _Layouts = {}
    columns = parting.rules.line_columns
    for end in ends:
        for begin, (cost, begins) in layouts.items():
            if begin >= end or (width := parting.columns(begin, end)) > columns:
                continue
            off = (width - even) / columns
            total = cost + _UNEVEN * off * off + parting.end_cost[end]
            if end not in longer or total < longer[end][0]:
                longer[end] = total, (*begins, begin)
    return longer
