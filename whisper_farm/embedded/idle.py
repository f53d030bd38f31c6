"""When a stack that nobody asked to stay leaves by itself: pure thinking."""

from dataclasses import dataclass


@dataclass(slots=True)
class IdleClock:
    """Counts from the last moment at which somebody needed the stack. Times are of a monotonic clock."""

    patience_seconds: float
    needed_at: float  #: may lie ahead at the start, so that whoever started the stack can come to need it

    def needed(self, now: float) -> None:
        """Somebody needs the stack at `now`: it stays, a command holds a lease, or a job is open."""
        self.needed_at = now

    def ran_out(self, now: float) -> bool:
        """Whether nobody needed it for long enough."""
        return now - self.needed_at >= self.patience_seconds

    @property
    def look_every_seconds(self) -> float:
        """How often to look for open jobs while nobody holds a lease, so that the end is seen in time."""
        return min(1.0, max(0.1, self.patience_seconds / 4))
