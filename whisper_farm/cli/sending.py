"""How a recording goes into the store, from what a watcher has seen of it. Pure."""

from collections import deque

from whisper_farm.cli import words

#: How far back the rate looks: a network's ups and downs are not worth showing.
_WINDOW_SECONDS = 10.0


class Sending:
    """Watches one recording's bytes. Hashing comes before the first of them and does not count."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()  #: (clock, bytes sent)

    def saw(self, at_seconds: float, sent_bytes: int) -> None:
        """At this time of a steady clock, so much was in the store."""
        if self._seen and sent_bytes < self._seen[-1][1]:
            self._seen.clear()  # the store was away, and it is sent anew
        if sent_bytes > 0:
            self._seen.append((at_seconds, sent_bytes))
        while len(self._seen) > 2 and self._seen[1][0] < at_seconds - _WINDOW_SECONDS:
            self._seen.popleft()

    def bytes_per_second(self) -> float | None:
        """None until there is something to tell."""
        if len(self._seen) < 2 or self._seen[-1][0] <= self._seen[0][0]:
            return None
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        return (last - first) / (last_at - first_at)

    def told(self, total_bytes: int) -> str:
        """`37 % of 12.4 MB stored, 5.0 MB/s`"""
        sent_bytes = self._seen[-1][1] if self._seen else 0
        said = f"{100 * sent_bytes // max(1, total_bytes)} % of {words.size(total_bytes)} stored"
        rate = self.bytes_per_second()
        return said if rate is None else f"{said}, {words.bytes_rate(rate)}"
