"""A Whisper of random weights in the shape of a real one, for machines that no model hub is in reach of.

    python -m tools.model.random_weights --shape small --out small-random/

What it writes is nonsense, at the honest price: as many layers, heads and tokens as the model it is shaped
after, so time and memory are those of the real one. It says words until its window is full, nearly always,
which makes it the slowest model of its shape: good for deadlines, watchdogs and pace, useless for text.

The folder is built straight from CTranslate2's specification of Whisper, with numpy alone (no torch, no
download). The tokenizer is made as `tokens.py` makes the small model's: bytes, then whole words, then
Whisper's special tokens in Whisper's own places, which faster-whisper finds by position.
"""

import argparse
import itertools
import json
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WINDOW_POSITIONS = 1500  # encoder positions in a window of 30 s
TEXT_POSITIONS = 448
TEXT_TOKENS = 50256  # pieces of text; a multilingual model has one more
TIMESTAMPS = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
AFTER_LANGUAGES = (
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
FEATURES = {
    "chunk_length": 30,
    "feature_extractor_type": "WhisperFeatureExtractor",
    "hop_length": 160,
    "n_fft": 400,
    "n_samples": 480000,
    "nb_max_frames": 3000,
    "sampling_rate": 16000,
}
SPREAD = 0.02  # standard deviation of the weights; Whisper's own initialisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What decides a Whisper's cost."""

    width: int  #: of the vectors between layers
    encoder_layers: int
    decoder_layers: int
    heads: int  #: of each attention
    mels: int = 80  #: features per frame
    languages: int = 99


SHAPES = {
    "tiny": Shape(width=384, encoder_layers=4, decoder_layers=4, heads=6),
    "base": Shape(width=512, encoder_layers=6, decoder_layers=6, heads=8),
    "small": Shape(width=768, encoder_layers=12, decoder_layers=12, heads=12),
    "medium": Shape(width=1024, encoder_layers=24, decoder_layers=24, heads=16),
    "large-v3-turbo": Shape(
        width=1280, encoder_layers=32, decoder_layers=4, heads=20, mels=128, languages=100
    ),
}


def build_tokenizer(shape: Shape, *, english_only: bool) -> Tokenizer:
    """A tokenizer with as many tokens as the real model has, each kind of them in its place."""
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    invented = ("".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=4))
    # U+0120 is how byte-level BPE writes a space.
    pieces += ["\u0120" + word for word in itertools.islice(invented, TEXT_TOKENS - len(pieces))]
    if not english_only:
        # CTranslate2 tells a multilingual Whisper by an empty piece: OpenAI's has one, its '.en' has none.
        pieces.append("")
    tokenizer = Tokenizer(
        models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], ignore_merges=True)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    languages = [f"<|{code}|>" for code in _languages(shape)]
    special = ["<|endoftext|>", "<|startoftranscript|>", *languages, *AFTER_LANGUAGES, *TIMESTAMPS]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def _languages(shape: Shape) -> tuple[str, ...]:
    codes: tuple[str, ...] = _LANGUAGE_CODES[: shape.languages]
    return codes


class RandomWhisper:
    """Fills CTranslate2's specification of a Whisper with random numbers, ready to be saved."""

    def __init__(self, shape: Shape, *, vocabulary_size: int, seed: int) -> None:
        self.shape = shape
        self._draw = np.random.default_rng(seed)
        self.spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
        self._fill_encoder()
        self._fill_decoder(vocabulary_size)

    def _fill_encoder(self) -> None:
        encoder, width = self.spec.encoder, self.shape.width
        self._convolution(encoder.conv1, inputs=self.shape.mels)
        self._convolution(encoder.conv2, inputs=width)
        encoder.position_encodings.encodings = self._weights(WINDOW_POSITIONS, width)
        self._norm(encoder.layer_norm)
        for layer in encoder.layer:
            self._self_attention(layer.self_attention)
            self._feed_forward(layer.ffn)

    def _fill_decoder(self, vocabulary_size: int) -> None:
        decoder, width = self.spec.decoder, self.shape.width
        decoder.embeddings.weight = self._weights(vocabulary_size, width)
        decoder.position_encodings.encodings = self._weights(TEXT_POSITIONS, width)
        self._norm(decoder.layer_norm)
        # As in Whisper, words are written with the same weights as they are read.
        decoder.projection.weight = decoder.embeddings.weight
        for layer in decoder.layer:
            self._self_attention(layer.self_attention)
            self._cross_attention(layer.attention)
            self._feed_forward(layer.ffn)

    def _self_attention(self, attention: Any) -> None:
        width = self.shape.width
        self._norm(attention.layer_norm)
        self._linear(attention.linear[0], inputs=width, outputs=3 * width)  # queries, keys and values in one
        self._linear(attention.linear[1], inputs=width, outputs=width)

    def _cross_attention(self, attention: Any) -> None:
        width = self.shape.width
        self._norm(attention.layer_norm)
        self._linear(attention.linear[0], inputs=width, outputs=width)
        self._linear(attention.linear[1], inputs=width, outputs=2 * width)  # keys and values in one
        self._linear(attention.linear[2], inputs=width, outputs=width)

    def _feed_forward(self, ffn: Any) -> None:
        width = self.shape.width
        self._norm(ffn.layer_norm)
        self._linear(ffn.linear_0, inputs=width, outputs=4 * width)
        self._linear(ffn.linear_1, inputs=4 * width, outputs=width)

    def _linear(self, spec: Any, *, inputs: int, outputs: int) -> None:
        spec.weight = self._weights(outputs, inputs)
        spec.bias = np.zeros(outputs, dtype=np.float32)

    def _convolution(self, spec: Any, *, inputs: int) -> None:
        spec.weight = self._weights(self.shape.width, inputs, 3)
        spec.bias = np.zeros(self.shape.width, dtype=np.float32)

    def _norm(self, spec: Any) -> None:
        spec.gamma = np.ones(self.shape.width, dtype=np.float32)
        spec.beta = np.zeros(self.shape.width, dtype=np.float32)

    def _weights(self, *dimensions: int) -> NDArray[np.float32]:
        return self._draw.standard_normal(dimensions, dtype=np.float32) * np.float32(SPREAD)


def write_model(
    out: Path, shape: Shape, *, quantization: str | None = "int8", english_only: bool = False, seed: int = 1
) -> None:
    """Writes the model folder `out`: weights, configuration, vocabulary, tokenizer, feature settings.

    The same arguments write the same weights. Needs about 5 bytes of memory for each parameter.
    """
    tokenizer = build_tokenizer(shape, english_only=english_only)
    vocabulary = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    spec = RandomWhisper(shape, vocabulary_size=len(vocabulary), seed=seed).spec
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokenizer.token_to_id("<|endoftext|>")]
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{code}|>") for code in _languages(shape)]
    # As CTranslate2's converter does for a model that names none: every head of the upper half.
    spec.config.alignment_heads = [
        [layer, head]
        for layer in range(shape.decoder_layers // 2, shape.decoder_layers)
        for head in range(shape.heads)
    ]
    spec.validate()
    spec.optimize(quantization=quantization)
    out.mkdir(parents=True, exist_ok=True)
    spec.save(str(out))
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    features = {**FEATURES, "feature_size": shape.mels}
    (out / "preprocessor_config.json").write_text(json.dumps(features, indent=2) + "\n")


def main() -> None:
    """Writes a model folder as the command line says."""
    parser = argparse.ArgumentParser(description="Write a Whisper of random weights, for measuring pace.")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="the model to be as large as")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--quantization", default="int8", help="as CTranslate2 names them, or 'none'")
    parser.add_argument(
        "--english-only", action="store_true", help="as the '.en' models: no language to detect"
    )
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    write_model(
        asked.out,
        SHAPES[asked.shape],
        quantization=None if asked.quantization == "none" else asked.quantization,
        english_only=asked.english_only,
        seed=asked.seed,
    )
    size_bytes = sum(path.stat().st_size for path in asked.out.iterdir())
    print(f"{asked.out}: {asked.shape}, {size_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
