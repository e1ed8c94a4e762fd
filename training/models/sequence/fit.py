"""One fit of the network: first weights, loss, epochs; back to the best one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from training.fitting import threads, train
from training.ids import FloatArray
from training.models.sequence.channels import Side
from training.models.sequence.decoupled import Prediction, SideChannels
from training.models.sequence.histories import Histories
from training.models.sequence.layers import Network
from training.models.sequence.loss import Loss, gbce, sampled_softmax, softmax
from training.models.sequence.module import Curve, SequenceModule
from training.models.sequence.packing import SequenceData, marks_of
from training.models.sequence.settings import SequenceSettings


class Fitted(NamedTuple):
    """Weights by name, and the curve float64 [epochs, 3]: epoch, minutes, nDCG@10."""

    weights: dict[str, NDArray[Any]]
    curve: NDArray[np.float64]


def network_of(model: SequenceSettings, side: Side) -> Network:
    """Return an untrained network as ``model`` describes it, for the items of ``side``."""
    network = Network(
        len(side.items), model.length, width=model.dimensions, blocks=model.blocks,
        heads=model.heads, expansion=model.expansion, dropout=model.dropout,
    )  # fmt: skip
    if model.channels:
        network.channels = SideChannels(
            model.channels, torch.from_numpy(side.items).long(), side.sizes,
            places=model.dimensions, width=model.channel_dimensions, blocks=model.blocks,
            heads=model.heads,
        )  # fmt: skip
    return network


def fit_network(
    model: SequenceSettings,
    histories: Histories,
    start: FloatArray | None,
    side: Side,
    folder: Path | None,
) -> Fitted:
    """Fit the network that ``model`` describes.

    Parameters
    ----------
    model : SequenceSettings
    histories : Histories
        All events; at least one customer has two.
    start : ndarray of float32, shape [n_items, dimensions], optional
        First vectors of items; a row of NaN starts at random.
    side : Side
        All items, and what channels say of them.
    folder : Path, optional
        Keeps checkpoints, so that the same call goes on where a killed one was.
    """
    with torch.random.fork_rng(devices=[]), threads(model.threads), TemporaryDirectory() as spare:
        torch.manual_seed(model.seed)
        network = network_of(model, side)
        if start is not None:
            known = torch.from_numpy(~np.isnan(start).any(axis=1))
            network.items.weight.data[known] = torch.from_numpy(start)[known]
        data = SequenceData(
            histories, length=model.length, windows=model.windows, batch_items=model.batch_items,
            validation=model.validation, seed=model.seed,
        )  # fmt: skip
        module = SequenceModule(
            network, loss_of(model, histories, len(side.items)), learning_rate=model.learning_rate,
            weight_decay=model.weight_decay, warmup=model.warmup, seed=model.seed,
            steps=model.epochs * data.steps, precision=model.precision,
            beside=prediction_of(model, network),
        )  # fmt: skip
        curve = Curve()
        train(
            module, data, epochs=model.epochs, clip=model.clip, folder=folder or Path(spare),
            patience=model.patience if data.watched else None, best="max", callbacks=(curve,),
        )  # fmt: skip
    weights = {name: each.numpy().copy() for name, each in network.state_dict().items()}
    return Fitted(weights, np.array(curve.rows, dtype=np.float64).reshape(-1, 3))


def prediction_of(model: SequenceSettings, network: Network) -> Prediction | None:
    """Return the loss of attributes, if ``model`` gives it a weight."""
    if network.channels is None or not model.attribute_weight:
        return None
    return Prediction(network.channels.of_items, model.dimensions, model.attribute_weight)


def loss_of(model: SequenceSettings, histories: Histories, n_items: int) -> Loss:
    """Return the loss that ``model`` names."""
    if model.loss == "softmax":
        return softmax
    if model.loss == "gbce":
        return gbce(n_items, model.negatives, model.calibration)
    counts = np.bincount(histories.items, minlength=n_items)
    return sampled_softmax(counts, model.negatives, model.popularity)


@torch.inference_mode()
def vectors_of(network: Network, histories: Histories, length: int, at_once: int) -> FloatArray:
    """Return what each row is at its end, float32 [n, width]; an empty row is NaN.

    ``at_once`` items are read at a time, in rows of like length.
    """
    newest = histories.last(length)
    found = np.full((len(newest), network.items.embedding_dim), np.nan, dtype=np.float32)
    order = np.argsort(newest.lengths, kind="stable").astype(np.int32)
    order = order[newest.lengths[order] > 0]
    many = max(1, at_once // length)
    for start in range(0, len(order), many):
        rows = order[start : start + many]
        part = newest.take(rows)
        inputs, ends = torch.from_numpy(part.padded(0)), torch.from_numpy(part.lengths - 1)
        found[rows] = network.at(inputs, ends, marks_of(part)).numpy()
    return found


def restored(model: SequenceSettings, weights: dict[str, NDArray[Any]]) -> Network:
    """Return the network of ``model`` with ``weights``, for scoring."""
    nothing = np.zeros((len(weights["items.weight"]), 0), dtype=np.int32)
    tables = [channel for channel in model.channels if channel != "position"]
    sizes = [len(weights[f"channels.values.{place}.weight"]) for place in range(len(tables))]
    network = network_of(model, Side(weights.get("channels.of_items", nothing), sizes))
    network.load_state_dict({name: torch.tensor(each) for name, each in weights.items()})
    return network.eval()
