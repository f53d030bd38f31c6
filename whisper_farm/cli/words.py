"""Numbers as people read them: lengths, sizes, speeds and times of day, each with its unit."""

from datetime import UTC, datetime


def length(seconds: float | None) -> str:
    """`3:03`, `1:02:03`; `?` where it is not known."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def took(seconds: float) -> str:
    """`0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def size(count: float) -> str:
    """`512 B`, `4.2 kB`, `12.4 MB`, `1.3 GB`: powers of ten."""
    for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= power * 0.9995:
            return f"{count / power:.1f} {unit}"
    return f"{count:.0f} B"


def bytes_rate(bytes_per_second: float) -> str:
    """`12.4 MB/s`"""
    return f"{bytes_per_second / 1e6:.1f} MB/s"


def realtime(factor: float) -> str:
    """`41x realtime`, `1.3x realtime`, `0.05x realtime`."""
    shown = f"{factor:.0f}" if factor >= 9.95 else f"{factor:.1f}" if factor >= 0.95 else f"{factor:.2g}"
    return f"{shown}x realtime"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 chunk`, `1,204 chunks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def when(iso: str | None) -> str:
    """An ISO 8601 time as the person's clock shows it: `2026-11-24 14:03`; `-` where there is none."""
    if iso is None:
        return "-"
    return _read(iso).astimezone().strftime("%Y-%m-%d %H:%M")


def seconds_since(iso: str) -> float:
    """Seconds from an ISO 8601 time until now."""
    return (datetime.now(UTC) - _read(iso)).total_seconds()


def _read(iso: str) -> datetime:
    at = datetime.fromisoformat(iso)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
