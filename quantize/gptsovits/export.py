"""A baked voice to the graphs that the device runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from torch import nn

from quantize.gptsovits import convolution, linear, sovits_graph, t2s_graph
from quantize.gptsovits.bake import BakedSovits
from quantize.gptsovits.convolution import Convolution
from quantize.gptsovits.linear import Linear
from quantize.gptsovits.t2s import TextToSemantic
from quantize.weights import WeightFile


@dataclass(frozen=True, slots=True)
class Form:
    """How the layers of each graph are written. By graph: ``linears`` for prefill, step, text and prior; ``convolutions`` for
    text, prior, flow and decoder."""

    linears: Mapping[str, Linear]
    convolutions: Mapping[str, Convolution]


FLOAT32 = Form(
    dict.fromkeys(("prefill", "step", "text", "prior"), linear.float32),
    dict.fromkeys(("text", "prior", "flow", "decoder"), convolution.float32),
)


def first_stage(model: TextToSemantic, form: Form = FLOAT32) -> dict[str, ModelProto]:
    """Graphs ``prefill`` and ``step``."""
    weights = arrays(model)
    return {
        "prefill": t2s_graph.prefill(weights, model.config, form.linears["prefill"]),
        "step": t2s_graph.step(weights, model.config, form.linears["step"]),
    }


def second_stage(model: BakedSovits, form: Form = FLOAT32) -> dict[str, ModelProto]:
    """Graphs ``text``, ``prior``, ``flow`` and ``decoder``."""
    config, prior = model.config, arrays(model.prior)
    linears, convolutions = form.linears, form.convolutions
    return {
        "text": sovits_graph.text(prior, config, linears["text"], convolutions["text"]),
        "prior": sovits_graph.prior(prior, model.table.detach().numpy(), config, linears["prior"], convolutions["prior"]),
        "flow": sovits_graph.flow(arrays(model.flow), config, convolutions["flow"]),
        "decoder": sovits_graph.decoder(arrays(model.decoder), config, convolutions["decoder"]),
    }


def arrays(module: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Its weights by name."""
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def move_weights(model: ModelProto, weights: WeightFile) -> None:
    """Keep the constants of ``model`` in ``weights``, where other graphs may have the same ones."""
    kept = [weights.tensor(each.name, numpy_helper.to_array(each)) for each in model.graph.initializer]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
