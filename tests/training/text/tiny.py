"""A BERT of 16 numbers a token with random weights: it shows the mechanics, not any ability."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from features.text.classifier.examples import Labeled
from features.text.transformer.encoder import Encoder
from training.text.settings import FinetuneSettings

_SIDES = {
    "delivery": "where is my parcel when will the courier come with it",
    "money": "give back what i paid refund the fee to card now",
    "login": "cannot sign in password wrong account locked reset code please",
}
LABELS = tuple(sorted(_SIDES))
WORDS = sorted({word for words in _SIDES.values() for word in words.split()})
SETTINGS = FinetuneSettings(
    batch_size=8, epochs=4, encoder_rate=3e-3, head_rate=2e-2, precision="float32", threads=1,
    held_out=0.2, max_tokens=12, dropout=0.1,
)  # fmt: skip


def tiny_folder(folder: Path) -> Path:
    """Write an encoder with random weights and a tokenizer of whole words."""
    vocabulary = {w: n for n, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=16, initializer_range=0.5,
    )  # fmt: skip
    folder.mkdir(parents=True)
    Encoder(BertModel(config, add_pooling_layer=False), tokenizer, max_tokens=16).save(folder)
    return folder


def questions(each: int, seed: int = 0) -> Labeled:
    """Return texts whose words say which of three classes they are of."""
    random = torch.Generator().manual_seed(seed)
    rows = []
    for label, sentence in _SIDES.items():
        words = sentence.split()
        for _ in range(each):
            length = int(torch.randint(3, 9, (1,), generator=random))
            picks = torch.randint(0, len(words), (length,), generator=random).tolist()
            rows.append((" ".join(words[place] for place in picks), label))
    return Labeled(tuple(text for text, _ in rows), tuple(label for _, label in rows))
