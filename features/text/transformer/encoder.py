"""A BERT encoder from local files: token numbers in, one vector of length 1 a text out.

Devlin et al., "BERT", NAACL 2019, with the mean of the token vectors as in Reimers and Gurevych,
"Sentence-BERT", EMNLP 2019. Nothing is ever fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from features.text.transformer.weights import CONFIG, TOKENIZER, WEIGHTS

if TYPE_CHECKING:
    from transformers import BertConfig, BertModel

FloatArray = NDArray[np.float32]

_AT_ONCE = 64  # texts of one forward pass
_IGNORED = ("pooler.", "cls.", "embeddings.position_ids")


class Encoder(torch.nn.Module):
    """Tokenizer, BERT and mean pooling.

    Parameters
    ----------
    bert : transformers.BertModel
        Without its pooler.
    tokenizer : tokenizers.Tokenizer
        Gives the numbers that ``bert`` knows.
    max_tokens : int
        So much of a text is read.
    """

    def __init__(self, bert: BertModel, tokenizer: Tokenizer, *, max_tokens: int) -> None:
        super().__init__()
        self.bert = bert
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.padding = int(bert.config.pad_token_id or 0)
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens)

    @property
    def width(self) -> int:
        """Length of a vector."""
        return int(self.bert.config.hidden_size)

    @property
    def layers(self) -> int:
        """Number of transformer layers."""
        return int(self.bert.config.num_hidden_layers)

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of each text, at most ``max_tokens``."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]

    def pad(self, numbers: Sequence[Sequence[int]]) -> torch.Tensor:
        """Return int64 [n, longest]: only as wide as the longest of these texts."""
        longest = max(map(len, numbers))
        rows = [[*row, *[self.padding] * (longest - len(row))] for row in numbers]
        return torch.tensor(rows, dtype=torch.int64)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return [n, width] vectors of length 1 from token numbers [n, longest]."""
        mask = tokens != self.padding
        found = self.bert(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        weight = mask[:, :, None].to(found.dtype)
        mean = (found * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        return torch.nn.functional.normalize(mean.float())

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 [n, width] without training: texts of like length go together."""
        numbers = self.numbers(texts)
        order = np.argsort([len(row) for row in numbers], kind="stable")
        vectors = np.zeros((len(numbers), self.width), dtype=np.float32)
        training = self.training
        self.eval()
        with torch.inference_mode():
            for start in range(0, len(order), _AT_ONCE):
                rows = order[start : start + _AT_ONCE]
                vectors[rows] = self(self.pad([numbers[row] for row in rows])).numpy()
        self.train(training)
        return vectors

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes as plain arrays: shared tensors need who sent them alive."""
        state = {name: value.numpy() for name, value in self.bert.state_dict().items()}
        config = self.bert.config.to_dict()
        return _arrived, (config, state, self.tokenizer.to_str(), self.max_tokens)

    def save(self, folder: Path) -> None:
        """Write the three files that :func:`load_encoder` reads."""
        config = json.dumps(self.bert.config.to_dict(), indent=1, default=str)
        (folder / CONFIG).write_text(config, encoding="utf-8")
        state = {name: value.contiguous() for name, value in self.bert.state_dict().items()}
        save_file(state, folder / WEIGHTS)
        self.tokenizer.save(str(folder / TOKENIZER))


def load_encoder(folder: Path, *, max_tokens: int) -> Encoder:
    """Read an encoder from local files.

    Raises
    ------
    ValueError
        If the model is not of the BERT kind, reads fewer tokens than asked for, or its weights do
        not fit its configuration.
    """
    from transformers import BertConfig  # noqa: PLC0415 (takes seconds)

    content = json.loads((folder / CONFIG).read_text("utf-8"))
    kind = content.get("model_type")
    if kind != "bert":
        raise ValueError(f"{folder / CONFIG}: model_type {kind!r}, expected 'bert'")
    config = BertConfig(**content)
    if max_tokens > config.max_position_embeddings:
        raise ValueError(
            f"{folder}: max_tokens={max_tokens}, but the encoder reads at most "
            f"{config.max_position_embeddings}"
        )
    try:
        return _encoder(config, _state(folder / WEIGHTS), _read(folder / TOKENIZER), max_tokens)
    except (RuntimeError, SafetensorError) as error:
        raise ValueError(f"{folder / WEIGHTS}: not the weights of its configuration: {error}"
                         ) from error  # fmt: skip


def _encoder(
    config: BertConfig, state: Mapping[str, torch.Tensor], tokenizer: str, max_tokens: int
) -> Encoder:
    from transformers import BertModel  # noqa: PLC0415 (takes seconds)

    bert = BertModel(config, add_pooling_layer=False)
    bert.load_state_dict(state)
    return Encoder(bert.eval(), Tokenizer.from_str(tokenizer), max_tokens=max_tokens)


def _arrived(
    config: dict[str, Any], state: Mapping[str, FloatArray], tokenizer: str, max_tokens: int
) -> Encoder:
    """Return the encoder that :meth:`Encoder.__reduce__` took apart."""
    from transformers import BertConfig  # noqa: PLC0415 (takes seconds)

    if parent_process() is not None:
        torch.set_num_threads(1)  # the other processors are its siblings'
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    return _encoder(BertConfig(**config), tensors, tokenizer, max_tokens)


def _read(file: Path) -> str:
    return file.read_text("utf-8")


def _state(file: Path) -> dict[str, torch.Tensor]:
    """Return the encoder's tensors, without the prefix and the heads of pretraining."""
    tensors = {name.removeprefix("bert."): value for name, value in load_file(file).items()}
    return {name: value for name, value in tensors.items() if not name.startswith(_IGNORED)}
