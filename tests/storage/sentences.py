"""What a message for people has to be."""

from whisper_farm.errors import FarmError


def is_one_sentence(error: FarmError) -> bool:
    """One line, one sentence, and a mend behind its colon."""
    said = str(error)
    return said.endswith(".") and ". " not in said and "\n" not in said and ": " in said
