"""Trained encoders to and from the file format of the cebra library.

Only what both sides have a word for goes through: weights, loss history and the settings that
cebra knows. This project's own format (``EncoderModel.save``) keeps everything.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cebra_kedro.atomic import atomic_path
from cebra_kedro.training.cebra_file import cebra_content
from cebra_kedro.training.config import EncoderConfig, PairsConfig, TrainingConfig
from cebra_kedro.training.encoder import window_of
from cebra_kedro.training.model import EncoderModel

logger = logging.getLogger(__name__)

_CONDITIONAL = {
    "time": "time",
    "time_delta": "time_delta",
    "delta_normal": "delta",
    "hybrid": "time_delta",
    "discrete": None,
    "mixed": None,
}


def export_to_cebra(model: EncoderModel, path: str | Path) -> None:
    """Write a file that ``cebra.CEBRA.load`` opens, atomically.

    ``cebra.CEBRA.load(path).transform(X)`` (with ``session_id=i`` for several sessions) then
    equals ``model.transform(X)`` (``session=i``). For a network that resamples, cebra gives one
    row per ``resample_factor`` bins, and its row k equals our row k · ``resample_factor``.
    cebra has no word for the schedule, clipping, AdamW, early stopping, the number of negatives,
    and windows that keep to trials; these settings are not in the file, and of the labels only
    their kind is.

    Args:
        model: one session, or several with the same architecture.
        path: the file, usually ``.pt``.

    Raises:
        ValueError: cebra's loader cannot hold such an encoder.

    Example:
        >>> export_to_cebra(model, "rat.pt")  # doctest: +SKIP
        >>> embedding = cebra.CEBRA.load("rat.pt").transform(neural)  # doctest: +SKIP
    """
    estimator = _fitted_estimator(model)
    with atomic_path(Path(path)) as temporary:
        estimator.save(temporary)


def import_from_cebra(path: str | Path) -> EncoderModel:
    """Read an encoder that ``cebra.CEBRA.save`` wrote; nothing in the file is executed.

    The configuration is what the file says of it: cebra keeps no seed (here 0) and lets windows
    cross trials. Where cebra trained on the whole recording at each step (``batch_size=None``),
    the file does not say how many negatives there were: the loss history is left out, and
    ``batch_size`` is this project's default.

    Args:
        path: file written by cebra 0.2 to 0.6, with any backend.

    Returns:
        An encoder whose ``transform`` equals cebra's, with fingerprint ``imported:<SHA-256>``.

    Raises:
        ValueError: the file is damaged, asks for more than cebra and torch, is not a fitted cebra
            model, or names an architecture that is not registered.
    """
    import cebra

    path = Path(path)
    data = path.read_bytes()
    content = cebra_content(data, path)
    arguments = cebra.CEBRA().get_params() | content["args"]
    state, solver = content["state"], content["state_dict"]
    n_neurons = np.atleast_1d(state["n_features_"])
    loss = solver["loss"].numpy().astype(np.float32)
    if arguments["batch_size"] is None:
        logger.warning("%s: number of negatives unknown, its loss history is left out", path)
        loss = np.empty(0, np.float32)
    config = _imported_config(arguments, state, steps=len(solver["loss"]))
    model = EncoderModel(
        config=config,
        n_neurons=tuple(int(width) for width in n_neurons),
        state=_imported_weights(solver["model"], state),
        loss=loss,
        learning_rate=np.full(len(loss), config.optimizer.learning_rate, np.float32),
        temperature=_imported_temperature(arguments, solver["criterion"]),
        train_seconds=math.nan,
        fingerprint=f"imported:{hashlib.sha256(data).hexdigest()}",
    )
    for session in range(len(model.n_neurons)):
        model.network(session)  # raises here if architecture and weights do not fit
    return model


def _fitted_estimator(model: EncoderModel) -> Any:
    """The encoder as a fitted ``cebra.CEBRA``."""
    import cebra

    n_sessions = len(model.n_neurons)
    several = n_sessions > 1
    networks = torch.nn.ModuleList(model.network(session) for session in range(n_sessions))
    encoder, window = _common_encoder(model, networks), window_of(networks[0])
    estimator = cebra.CEBRA(**_arguments(model.config, encoder))
    # A hybrid solver differs in its training only, and refuses fewer than three outputs.
    estimator.solver_name_ = "multi-session" if several else "single-session"
    estimator.solver_ = _fitted_solver(model, networks if several else networks[0], estimator)
    estimator.n_features_ = estimator.n_features_in_ = estimator.solver_.n_features
    estimator.num_sessions_ = n_sessions if several else None
    estimator.device_ = "cpu"
    estimator.offset_ = cebra.data.Offset(window.left, window.right)
    estimator.label_types_ = [
        [kind] * n_sessions if several else kind for kind in _label_kinds(model.config.pairs)
    ]
    return estimator


def _fitted_solver(model: EncoderModel, networks: torch.nn.Module, estimator: Any) -> Any:
    """What cebra keeps weights, optimizer, temperature and history in; the optimizer is new."""
    import cebra.solver

    criterion = estimator._prepare_criterion()
    for parameter in criterion.parameters():  # the learned temperature
        torch.nn.init.constant_(parameter, -math.log(model.temperature))
    optimizer = torch.optim.Adam(
        itertools.chain(networks.parameters(), criterion.parameters()),
        lr=estimator.learning_rate,
        **dict(estimator.optimizer_kwargs),
    )
    parts = {"model": networks, "criterion": criterion, "optimizer": optimizer}
    solver = cebra.solver.init(estimator.solver_name_, **parts, tqdm_on=False)
    solver.history = solver.log["total"] = model.loss.tolist()
    solver.n_features = model.n_neurons[0]
    if len(model.n_neurons) > 1:
        solver.n_features = list(model.n_neurons)
        solver.num_sessions = len(model.n_neurons)
    return solver


def _common_encoder(model: EncoderModel, networks: torch.nn.ModuleList) -> EncoderConfig:
    """The one network description that a cebra file has room for."""
    from cebra.models import ConvolutionalModelMixin

    if model.config.objectives:
        raise ValueError(
            "cebra.CEBRA has no objectives on parts of an embedding; keep EncoderModel.save"
        )
    encoders = model.config.encoders(len(model.n_neurons))
    if len(set(encoders)) > 1:
        described = ", ".join(f"{e.architecture} ({e.hidden_units} units)" for e in encoders)
        raise ValueError(
            "cebra's loader builds the same network for every session, got session_encoders "
            f"{described}; train with one encoder for all sessions, or keep EncoderModel.save"
        )
    network = networks[0]
    if not isinstance(network, ConvolutionalModelMixin) and window_of(network).length > 1:
        raise ValueError(
            f"cebra's transform cannot run {encoders[0].architecture}, a network for single "
            "windows; choose another encoder, or keep EncoderModel.save"
        )
    return encoders[0]


def _arguments(config: TrainingConfig, encoder: EncoderConfig) -> dict[str, Any]:
    """The configuration as arguments of ``cebra.CEBRA``."""
    return {
        "model_architecture": encoder.architecture,
        "num_hidden_units": encoder.hidden_units,
        "output_dimension": encoder.output_dimension,
        "distance": config.loss.distance,
        "temperature": config.loss.temperature,
        "temperature_mode": "auto" if config.loss.learnable_temperature else "constant",
        "min_temperature": config.loss.min_temperature,
        "conditional": _CONDITIONAL[config.pairs.law],
        "hybrid": config.pairs.law == "hybrid",
        "time_offsets": config.pairs.time_offset_bins or 1,
        "delta": config.pairs.delta,
        "max_iterations": config.steps,
        "batch_size": config.batch_size,
        "learning_rate": config.optimizer.learning_rate,
        "optimizer_kwargs": (
            ("betas", config.optimizer.betas),
            ("eps", 1e-8),
            ("weight_decay", config.optimizer.weight_decay),
            ("amsgrad", False),
        ),
    }


def _label_kinds(pairs: PairsConfig) -> list[tuple[np.dtype, tuple]]:
    """What cebra keeps of the labels: dtype and shape, the latter left open."""
    continuous = [(np.dtype("float32"), ())] if pairs.uses_labels else []
    discrete = [(np.dtype("int64"), ())] if pairs.uses_classes else []
    return continuous + discrete


def _imported_config(
    arguments: Mapping[str, Any], state: Mapping[str, Any], steps: int
) -> TrainingConfig:
    adam = dict(arguments["optimizer_kwargs"])
    learnable = arguments["temperature_mode"] == "auto"
    lowest = arguments["min_temperature"] if learnable else None
    settings = {
        "encoder": {
            "architecture": arguments["model_architecture"],
            "hidden_units": arguments["num_hidden_units"],
            "output_dimension": arguments["output_dimension"],
        },
        "pairs": _imported_pairs(arguments, state),
        "loss": {
            "distance": arguments["distance"],
            "temperature": max(arguments["temperature"], lowest or 0.0),
            "learnable_temperature": learnable,
            "min_temperature": lowest,
        },
        "optimizer": {
            "learning_rate": arguments["learning_rate"],
            **{name: adam[name] for name in ("betas", "weight_decay") if name in adam},
        },
        "steps": steps or arguments["max_iterations"],
    }
    if arguments["batch_size"] is not None:
        settings["batch_size"] = arguments["batch_size"]
    return TrainingConfig.model_validate(settings)


def _imported_pairs(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The law that cebra chose from its arguments and the kinds of labels."""
    several = state["num_sessions_"] is not None
    kinds = {(label[0] if several else label)[0].kind for label in state["label_types_"]}
    conditional = arguments["conditional"] or "time_delta"
    if not kinds:
        law = "time"
    elif kinds == {"i"}:
        law = "discrete"
    elif kinds == {"f", "i"}:
        law = "mixed"
    elif arguments["hybrid"]:
        law = "hybrid"
    elif several:  # cebra accepts any conditional here, and draws by time_delta
        law = "time_delta"
    else:
        law = "delta_normal" if conditional == "delta" else conditional
    if law == "delta_normal":
        return {"law": law, "delta": arguments["delta"], "windows": "cebra"}
    if law == "discrete":
        return {"law": law, "windows": "cebra"}
    offset = int(np.ravel(arguments["time_offsets"])[0])
    return {"law": law, "time_offset_bins": offset, "windows": "cebra"}


def _imported_temperature(
    arguments: Mapping[str, Any], criterion: Mapping[str, torch.Tensor]
) -> float:
    if arguments["temperature_mode"] != "auto":
        return float(arguments["temperature"])
    learned = math.exp(-float(criterion["log_inverse_temperature"]))
    return max(learned, arguments["min_temperature"] or 0.0)


def _imported_weights(
    weights: Mapping[str, torch.Tensor], state: Mapping[str, Any]
) -> dict[str, torch.Tensor]:
    """The state dict with the session's number before each key."""
    if state["num_sessions_"] is not None:
        return dict(weights)
    # a hybrid solver wraps the network as "module"
    return {f"0.{key.removeprefix('module.')}": value for key, value in weights.items()}
