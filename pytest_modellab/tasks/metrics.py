"""The metrics that come with Model Lab, in the order in which they are shown."""

from __future__ import annotations

from pytest_modellab.core.metrics.metric import Metric

from . import run_metrics
from .asr import hidden_error_metrics
from .asr import metrics as asr
from .barge_in import metrics as barge_in
from .chat import metrics as chat
from .diarize import metrics as diarize
from .load import metrics as load
from .streaming import metrics as streaming
from .translate import metrics as translate
from .tts import metrics as tts
from .turn import metrics as turn
from .words import metrics as words

METRICS: tuple[Metric, ...] = (
    *asr.METRICS,
    *run_metrics.SPEED_METRICS,
    *asr.CLIP_METRICS,
    *run_metrics.METRICS,
    *hidden_error_metrics.METRICS,
    *tts.METRICS,
    *words.METRICS,
    *translate.METRICS,
    *streaming.METRICS,
    *chat.METRICS,
    *load.METRICS,
    *turn.METRICS,
    *diarize.METRICS,
    *barge_in.METRICS,
)
