"""A model of random weights must load, cost what its shape says, and come to an end."""

from pathlib import Path

import numpy as np
import pytest

from tools.model.random_weights import SHAPES, Shape, write_model

SHALLOW = Shape(width=64, encoder_layers=1, decoder_layers=1, heads=2)


@pytest.mark.parametrize(("english_only", "tokens"), [(False, 51865), (True, 51864)])
def test_it_loads_as_a_whisper_of_its_kind_and_transcribes_noise(
    english_only: bool, tokens: int, tmp_path: Path
) -> None:
    from faster_whisper import WhisperModel

    write_model(tmp_path, SHALLOW, english_only=english_only)
    model = WhisperModel(str(tmp_path), device="cpu", compute_type="int8", cpu_threads=1)
    assert model.model.is_multilingual is not english_only
    assert model.hf_tokenizer.get_vocab_size() == tokens
    noise = np.random.default_rng(1).standard_normal(16000).astype(np.float32) * np.float32(0.1)
    segments, _ = model.transcribe(noise, beam_size=1, temperature=0.0, max_new_tokens=8)
    assert len(list(segments)) >= 1


def test_the_same_seed_writes_the_same_weights(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_model(tmp_path / name, SHALLOW, seed=7)
    assert (tmp_path / "first/model.bin").read_bytes() == (tmp_path / "second/model.bin").read_bytes()


def test_the_shapes_grow_in_the_order_of_their_names() -> None:
    widths = [SHAPES[name].width for name in ("tiny", "base", "small", "medium", "large-v3-turbo")]
    assert widths == sorted(widths)
