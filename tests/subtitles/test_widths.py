"""How wide text is, and where scripts without blanks may be parted."""

import pytest

from tests.subtitles.checker import columns_of
from whisper_farm.breaks import may_part, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("café", 4),
        ("cafe\u0301", 4),
        ("東京タワー", 10),
        ("ﾊﾝｶｸ", 4),
        ("한국어", 6),
        ("مَرْحَبًا", 5),
        ("שָׁלוֹם", 4),
        ("สวัสดี", 4),
        ("👩‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("🇩🇪🇫🇷", 4),
        ("❤️", 2),
        ("\u200fabc\u200e", 3),
    ],
)
def test_text_takes_the_columns_that_a_monospaced_font_shows(text: str, columns: int) -> None:
    assert width(text) == columns
    assert columns_of(text) == columns


@pytest.mark.parametrize(
    ("left", "right", "parts"),
    [
        ("東", "京", True),
        ("東", "。", False),
        ("「", "東", False),
        ("き", "ょ", False),
        ("タ", "ー", False),
        ("ก", "า", False),
        ("เ", "ก", False),
        ("ก", "เ", True),
        ("well", "-known", False),
        ("well", " known", True),
    ],
)
def test_a_line_is_parted_at_blanks_and_between_characters_that_may_stand_apart(
    left: str, right: str, parts: bool
) -> None:
    assert may_part(left, right) is parts
