"""The blocks that say what an encoder is, what guides it and what it starts from."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from cebra_kedro.parameter_block import Settings
from cebra_kedro.training.config import (
    EncoderConfig,
    JacobianConfig,
    LossConfig,
    ObjectiveConfig,
    OptimizerConfig,
    PairsConfig,
    ScheduleConfig,
)
from cebra_kedro.trial_clocks import TRIAL_CLOCKS


class Guidance(Settings):
    """Which labels guide an encoder, and by which law.

    Attributes:
        labels: labels that guide the encoder, side by side; none for the ``time`` law. Two clocks
            stand among them, for recordings with trials: ``time_in_trial``, the seconds since the
            first bin of the trial, and ``phase_of_trial``, from 0 in its first bin to 1 in its
            last. Positives are then bins at the same moment of any trial, of any session of a joint
            encoder (``pairs: {law: delta_normal, delta: 0.05, ties: uniform}``: within about
            0.05 s, or 5 % of the trial).
        classes: the discrete label of the ``discrete`` and ``mixed`` laws.
        pairs: the law of positive pairs.
    """

    labels: tuple[str, ...] = ()
    classes: str | None = None
    pairs: PairsConfig

    @property
    def is_guided(self) -> bool:
        """Whether any label guides."""
        return bool(self.all_labels)

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Every label that guides."""
        return (*self.labels, *filter(None, [self.classes]))

    @model_validator(mode="after")
    def _labels_fit_law(self) -> Self:
        law = self.pairs.law
        if bool(self.labels) != self.pairs.uses_labels:
            raise ValueError(
                f"the {law} law needs labels, e.g. labels: [position]"
                if self.pairs.uses_labels
                else f"the {law} law uses no labels; remove labels"
            )
        if (self.classes is not None) != self.pairs.uses_classes:
            raise ValueError(
                f"the {law} law needs classes, e.g. classes: direction"
                if self.pairs.uses_classes
                else f"the {law} law uses no classes; remove classes"
            )
        clocks = [label for label in self.labels if label in TRIAL_CLOCKS]
        if clocks and self.pairs.ties != "uniform":
            raise ValueError(
                f"{clocks[0]} is alike in all trials, and of equals the {law} law takes the first, "
                "so that positives would come from the first trial only; add ties: uniform to pairs"
            )
        return self


class ObjectiveBlock(Guidance, ObjectiveConfig):
    """One of several losses of an encoder: what guides it, and the dimensions that it is on.

    Attributes:
        pairs: the law of its positive pairs. References and negatives are common to all objectives:
            bins, uniformly, so that there is no ``prior``; ``hybrid`` is two objectives here.
    """

    @property
    def config(self) -> ObjectiveConfig:
        """Without its labels."""
        return ObjectiveConfig(**{key: getattr(self, key) for key in ObjectiveConfig.model_fields})


def _one_or_several(networks: Any) -> str:
    """Whether a block describes one network, or one for each population by name."""
    blocks = networks.values() if isinstance(networks, dict) else ()
    several = any(isinstance(block, dict | EncoderConfig) for block in blocks)
    return "dict[population]" if several else "EncoderConfig"


# Told apart beforehand, so that what is wrong is said of the one that is meant.
Networks = Annotated[
    Annotated[EncoderConfig, Tag("EncoderConfig")]
    | Annotated[dict[str, EncoderConfig], Tag("dict[population]")],
    Discriminator(_one_or_several),
]


_OF_A_FILE = {"from_file", "fit_on", "sessions", "joint", "populations", "pairs"}
"""What an encoder that is read has; how it was trained is in its file."""


class AdaptBlock(Settings):
    """An encoder starts from another one: for the neurons of a new session, its first layer is new.

    Only this layer is trained, the others stay as they are. Fold k and seed s start from fold k and
    seed s. ``adapt: old`` is short for ``{encoder: old}``. What an adapted encoder does not say is
    as in the other one, but for ``sessions``, which are new to it, ``trials``, and ``steps``: 500.

    Attributes:
        encoder: the other encoder.
        session: whose network lends its layers. Needed where each session has an encoder of its
            own; null for the first of a joint one.
        together: train on the old sessions too, whose networks are frozen: positives of new bins
            are bins of any session with like labels, so that the new embedding comes to lie in the
            space of the old one, and decoders can be carried over as they are. ``false`` trains on
            the new session alone, as cebra does, whatever the law; its embedding then has a space
            of its own.
    """

    encoder: str
    session: str | None = None
    together: bool = True

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"encoder": value} if isinstance(value, str) else value


class EncoderBlock(Guidance):
    """What sets one kind of encoder apart.

    Attributes:
        loss: distance and temperature.
        objectives: several losses, by name, each with its own labels and law on its own dimensions
            of the embedding, in place of ``labels``, ``classes`` and ``pairs``. What is decoded,
            compared and drawn is the whole, and each part as ``<encoder>_<objective>``.
        renormalise: with ``objectives``: the pieces into which their borders cut the embedding have
            unit norm, each on its own; false for one norm of the whole. Null is true where all
            distances are cosine.
        shuffle_labels: the control: permute the labels of the training bins, for the ``encoder``
            alone, or for the ``encoder_and_decoder``: any projection of the activity, even a random
            one, tells a decoder with true labels something. The labels of all objectives are
            permuted alike.
        fit_on: ``train``; ``train_and_valid`` (the decoder's settings are then chosen on rows that
            the encoder has seen, never on test rows); or ``all``, which lets the encoder see the
            neural data of validation and test trials, is refused when labels are used, and must
            show in the name: ``<name>_transductive``. Of an encoder with ``from_file`` it is what
            you know of its training, and ``unknown`` unless you say it; it is then called
            ``<name>_unknown_split`` in tables, marked ‡, and compared as if it had seen test rows.
        from_file: a file that ``cebra.CEBRA.save`` wrote, of which the encoder is read instead of
            being trained; ``{session: file}`` for several. With ``sessions: joint`` one file has
            the networks of all, in their order.
        adapt: start from another encoder, trained on other sessions; null for from scratch.
        sessions: those it is trained on, each on its own; ``joint`` is one encoder for all of them,
            ``{joint: [a, b]}`` for some. None means each session.
        joint: one encoder for all of ``sessions``; set by ``sessions: joint``.
        populations: which recordings of a session it sees, all in one embedding; needed where a
            session has several.
        trials: the first so many training trials of its sessions are all that it, and its decoder,
            see for training; null for all.
        learning_rate: replaces that of the optimiser.
        optimizer: replaces that of ``training``.
        schedule: replaces that of ``training``.
        steps: replaces that of ``training``.
        batch_size: replaces that of ``training``.
        encoder: replaces that of ``training``; for several populations, one for each.
        jacobian_regularisation: penalty on the gradients of the embedding by its inputs, for
            sharper attribution maps; null for none.
    """

    loss: LossConfig = LossConfig()
    objectives: dict[str, ObjectiveBlock] = Field(default_factory=dict)
    renormalise: bool | None = None
    shuffle_labels: Literal["encoder", "encoder_and_decoder"] | None = None
    fit_on: Literal["train", "train_and_valid", "all", "unknown"] = "train"
    from_file: str | dict[str, str] | None = None
    adapt: AdaptBlock | None = None
    sessions: tuple[str, ...] | None = Field(None, min_length=1)
    joint: bool = False
    populations: tuple[str, ...] = ()
    trials: int | None = Field(None, ge=1)
    learning_rate: float | None = Field(None, gt=0, le=1)
    optimizer: OptimizerConfig | None = None
    schedule: ScheduleConfig | None = None
    steps: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=2)
    encoder: Networks | None = None
    jacobian_regularisation: JacobianConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _joint_sessions(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        sessions = value.get("sessions")
        if sessions == "joint":
            return value | {"sessions": None, "joint": True}
        if isinstance(sessions, dict) and set(sessions) == {"joint"}:
            return value | {"sessions": sessions["joint"], "joint": True}
        return value

    @property
    def guides(self) -> tuple[Guidance, ...]:
        """What guides each objective."""
        return tuple(self.objectives.values()) or (self,)

    @property
    def distances(self) -> set[str]:
        """Those of its losses."""
        losses = [one.loss or self.loss for one in self.objectives.values()] or [self.loss]
        return {loss.distance for loss in losses}

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Every label that guides, of all objectives."""
        if not self.objectives:
            return super().all_labels
        return tuple(dict.fromkeys(label for one in self.guides for label in one.all_labels))

    @model_validator(mode="before")
    @classmethod
    def _of_objectives(cls, value: Any) -> Any:
        """What each objective says is not said for all; the first one's law stands for them."""
        objectives = value.get("objectives") if isinstance(value, dict) else None
        if not objectives or not isinstance(objectives, dict):
            return value
        both = [key for key in ("labels", "classes", "pairs") if value.get(key)]
        if both:
            raise ValueError(f"objectives have their own {', '.join(both)}; remove it beside them")
        first = next(iter(objectives.values()))
        pairs = first.get("pairs") if isinstance(first, dict) else getattr(first, "pairs", None)
        return value | {"pairs": pairs, "labels": (), "classes": None}

    @model_validator(mode="before")
    @classmethod
    def _of_a_file(cls, value: Any) -> Any:
        """Nothing says which trials it has seen; the law of pairs is in the file."""
        if not isinstance(value, dict) or value.get("from_file") is None:
            return value
        if "pairs" in value:
            raise ValueError("from_file is not trained; remove pairs")
        law = PairsConfig(law="time", time_offset_bins=1)  # nobody asks for it
        files = value["from_file"]
        sessions = {"sessions": list(files)} if isinstance(files, dict) else {}
        return {"fit_on": "unknown", "pairs": law, **sessions} | value

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = handler(self)
        if self.from_file is not None:
            found.pop("pairs", None)
            found["fit_on"] = self.fit_on  # which has another default
        if self.objectives:
            found.pop("pairs", None)
        return found

    @model_validator(mode="after")
    def _labels_fit_law(self) -> Self:
        """Each objective has looked at its own."""
        return self if self.objectives else super()._labels_fit_law()  # type: ignore[operator]

    @field_validator("shuffle_labels", mode="before")
    @classmethod
    def _true_is_encoder(cls, value: Any) -> Any:
        return (
            {True: "encoder", False: None}.get(value, value) if isinstance(value, bool) else value
        )

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        if self.from_file is None:
            if self.fit_on == "unknown":
                raise ValueError("fit_on: unknown is for encoders with from_file; say train")
            return self
        fields = {k: v for k, v in type(self).model_fields.items() if k not in _OF_A_FILE}
        defaults = {k: f.get_default(call_default_factory=True) for k, f in fields.items()}
        trained = [name for name, default in defaults.items() if getattr(self, name) != default]
        if trained:
            raise ValueError(f"from_file is not trained; remove {', '.join(trained)}")
        if isinstance(self.from_file, dict) and self.joint:
            raise ValueError("sessions: joint has one file with a network for each session")
        return self

    @model_validator(mode="after")
    def _guidance_fits(self) -> Self:
        if self.from_file is not None:
            return self
        law = self.pairs.law
        if self.shuffle_labels and not self.is_guided:
            raise ValueError(f"the {law} law uses no labels to shuffle; remove shuffle_labels")
        if self.fit_on == "all" and self.is_guided:
            raise ValueError(
                "fit_on: all with labels would train on the labels of test trials; "
                "use fit_on: train, or the time law"
            )
        if self.trials is not None and self.fit_on == "all":
            raise ValueError("fit_on: all sees every trial; remove trials")
        in_time = {guide.pairs.law for guide in self.guides} & {"time", "hybrid"}
        if (self.joint or len(self.populations) > 1) and in_time:
            several = "sessions: joint" if self.joint else "an encoder of several populations"
            raise ValueError(
                f"{several} needs labels that say which bins of different recordings belong "
                f"together, but the {in_time.pop()} law pairs bins of one recording by time. "
                "Without labels of behaviour, pair them by a clock of the trials: labels: "
                "[time_in_trial] (or [phase_of_trial] where trials differ in length), pairs: {law: "
                "delta_normal, delta: 0.05, ties: uniform}; else use a label with time_delta, "
                "delta_normal, discrete or mixed, or train each on its own"
            )
        return self

    @model_validator(mode="after")
    def _adaptation_fits(self) -> Self:
        if self.adapt is None:
            return self
        if self.joint or len(self.populations) > 1:
            raise ValueError(
                "an adapted encoder is for one new recording at a time; list its sessions without "
                "joint, and name one population"
            )
        if self.adapt.together and self.pairs.law in ("time", "hybrid"):
            raise ValueError(
                f"the {self.pairs.law} law pairs bins of one recording by time, so that nothing "
                "says which bins of old and new sessions belong together; set adapt.together: false"
            )
        return self
