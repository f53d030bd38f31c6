"""What a listing's prefix asks for, thought the same way for every home.

A prefix is a string and no folder: `chunks/a` finds `chunks/a/1` and `chunks/ab`. Homes differ in
what they make of odd ones (MinIO answers `a//` and `../` with an error, a disk would climb out of its
folder), so what no key can begin with is told apart here, before a home sees it.
"""


def split_prefix(prefix: str) -> tuple[str, str] | None:
    """The folder that `prefix` names (empty, or ending in `/`) and what the next part begins with.

    None where no key can begin so: a part between its slashes that is empty, `.` or `..`, or holds
    what a key may not hold.
    """
    folder, slash, beginning = prefix.rpartition("/")
    parts = folder.split("/") if slash else []
    if any(part in {"", ".", ".."} for part in parts):
        return None
    if any(ord(sign) < 0x20 or sign in "\x7f\\" or "\ud800" <= sign <= "\udfff" for sign in prefix):
        return None
    return folder + slash, beginning
