"""Learned fusion: gates over the three blocks and a small correction, trained on what came next.

For a customer with blocks ``h = (h_B, h_C, h_T)`` the gates are ``g = softmax(W [h, present])``
over the present blocks and ``P_deep = unit(sum_k g_k h_k + V tanh(U [h, present]))``: a profile in
item space like the weighted one. It is trained with sampled softmax: the item a customer acted on
in the next window against items drawn by popularity, with the log of that popularity taken off
their scores (Bengio and Senecal 2008; Yi et al. 2019).
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EarlyStopping
from safetensors.numpy import load_file, save_file
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from features.profile.settings import DeepSettings
from features.store.files import write_text
from features.store.schema import VECTOR_LENGTH

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_BLOCKS = 3
_HELD_OUT = 0.1  # share of customers that decide when training stops


@dataclass(frozen=True)
class Examples:
    """What the fusion learns from.

    Attributes
    ----------
    blocks : numpy.ndarray
        float32 ``[customers, 3, 64]``: behavior, sentiment, topic as of the window's start.
    customer, item : numpy.ndarray
        int64 ``[n]``: acts inside the window, rows of ``blocks`` and ``item_vectors``.
    item_vectors : numpy.ndarray
        float32 ``[items, 64]``.
    """

    blocks: FloatArray
    customer: IntArray
    item: IntArray
    item_vectors: FloatArray


class DeepFusion(lightning.LightningModule):
    """Gated fusion of the profile blocks.

    Parameters
    ----------
    settings : DeepSettings
        Sizes, step size, when to stop, seed.
    """

    def __init__(self, settings: DeepSettings) -> None:
        super().__init__()
        self.settings = settings
        torch.manual_seed(settings.seed)
        width = _BLOCKS * (VECTOR_LENGTH + 1)
        self.gates = torch.nn.Linear(width, _BLOCKS)
        self.inner = torch.nn.Linear(width, settings.hidden)
        self.outer = torch.nn.Linear(settings.hidden, VECTOR_LENGTH)
        torch.nn.init.zeros_(self.outer.weight)
        torch.nn.init.zeros_(self.outer.bias)
        self.log_scale = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Return ``[n, 64]`` unit profiles from blocks ``[n, 3, 64]``; no block, no profile."""
        present = (blocks != 0).any(dim=2)
        joined = torch.cat([blocks.flatten(1), present.float()], dim=1)
        scores = self.gates(joined).masked_fill(~present, -1e9)
        mixed = (torch.softmax(scores, dim=1)[:, :, None] * blocks).sum(dim=1)
        fused = torch.nn.functional.normalize(mixed + self.outer(torch.tanh(self.inner(joined))))
        return fused * present.any(dim=1, keepdim=True)

    def learn(self, examples: Examples) -> float:
        """Train on one window; return the best validation loss.

        A tenth of the customers is held out to decide when to stop.
        """
        lightning.seed_everything(self.settings.seed, verbose=False)
        self._items = torch.from_numpy(examples.item_vectors)
        self._inputs = torch.from_numpy(examples.blocks)
        counts = np.bincount(examples.item, minlength=len(examples.item_vectors)) + 0.01
        flattened = np.power(counts, 0.75)
        self._popular = torch.from_numpy((flattened / flattened.sum()).astype(np.float32))
        self._log_popular = self._popular.log()
        held = self._held_out(examples)
        train = self._loader(examples, ~held, shuffle=True)
        validation = self._loader(examples, held, shuffle=False)
        stop = EarlyStopping("validation", patience=self.settings.patience, min_delta=1e-3)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the steps are small: threads would wait for each other
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module="pytorch_lightning")
                self._new_trainer(stop).fit(self, train, validation)
        finally:
            torch.set_num_threads(threads)
        return float(stop.best_score)

    def _new_trainer(self, stop: EarlyStopping) -> lightning.Trainer:
        for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
            logging.getLogger(name).setLevel(logging.ERROR)  # no advertisements
        return lightning.Trainer(
            max_epochs=self.settings.epochs,
            accelerator="cpu",
            callbacks=[stop],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    def _held_out(self, examples: Examples) -> npt.NDArray[np.bool_]:
        """Choose the acts of a tenth of the customers, or a tenth of the acts of very few."""
        random = np.random.default_rng(self.settings.seed)
        held = (random.random(len(examples.blocks)) < _HELD_OUT)[examples.customer]
        if held.all() or not held.any():
            held = np.arange(len(held)) % round(1 / _HELD_OUT) == 0
        return np.asarray(held)

    def _loader(
        self, examples: Examples, chosen: npt.NDArray[np.bool_], *, shuffle: bool
    ) -> DataLoader[tuple[torch.Tensor, ...]]:
        rows = TensorDataset(
            torch.from_numpy(examples.customer[chosen]), torch.from_numpy(examples.item[chosen])
        )
        order = RandomSampler(rows, generator=torch.Generator().manual_seed(self.settings.seed))
        # Whole batches are indexed at once: collecting single rows takes longer than learning.
        batches = BatchSampler(
            order if shuffle else SequentialSampler(rows), self.settings.batch_size, drop_last=False
        )
        return DataLoader(rows, sampler=batches, batch_size=None)

    def _loss(self, batch: list[torch.Tensor]) -> torch.Tensor:
        customer, item = batch
        drawn = torch.multinomial(self._popular, self.settings.negatives, replacement=True)
        profiles = self(self._inputs[customer]) * self.log_scale.exp()
        positive = (profiles * self._items[item]).sum(dim=1) - self._log_popular[item]
        negative = profiles @ self._items[drawn].T - self._log_popular[drawn]
        negative = negative.masked_fill(drawn[None, :] == item[:, None], -1e9)
        logits = torch.cat([positive[:, None], negative], dim=1)
        return torch.nn.functional.cross_entropy(logits, torch.zeros_like(item))

    def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
        """Return the sampled softmax of one batch."""
        return self._loss(batch)

    def validation_step(self, batch: list[torch.Tensor]) -> None:
        """Log the loss of held-out customers."""
        self.log("validation", self._loss(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam over all parameters."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)

    def fuse(self, blocks: FloatArray) -> FloatArray:
        """Return learned profiles ``[n, 64]`` for blocks ``[n, 3, 64]``; no block, a zero row."""
        self.eval()
        with torch.inference_mode():
            fused: FloatArray = self(torch.from_numpy(blocks)).numpy()
        return fused

    def save(self, folder: Path) -> None:
        """Write ``deep.safetensors`` and ``deep.json`` (settings and checksum)."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: value.numpy() for name, value in self.state_dict().items()}
        temporary = folder / ".deep.safetensors"
        save_file(arrays, temporary)
        temporary.replace(folder / "deep.safetensors")
        digest = hashlib.sha256((folder / "deep.safetensors").read_bytes()).hexdigest()
        write_text(
            json.dumps({"settings": self.settings.model_dump(), "checksum": digest}),
            folder / "deep.json",
        )

    @classmethod
    def load(cls, folder: Path) -> DeepFusion:
        """Read a saved fusion.

        Raises
        ------
        ValueError
            If the file does not match its checksum.
        """
        recorded = json.loads((folder / "deep.json").read_text("utf-8"))
        content = (folder / "deep.safetensors").read_bytes()
        if hashlib.sha256(content).hexdigest() != recorded["checksum"]:
            raise ValueError(
                f"{folder / 'deep.safetensors'} does not match its recorded checksum; "
                "run python -m features again"
            )
        fusion = cls(DeepSettings(**recorded["settings"]))
        arrays = load_file(folder / "deep.safetensors")
        fusion.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        return fusion
