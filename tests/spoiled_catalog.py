"""A valid catalog, one line of which a test spoils, and what is said of it."""

from pathlib import Path

from catalogs import (
    DEVICES,
    GRADES,
    LIMITS,
    SHA,
    model_yaml,
    write_catalog,
)

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.specs import TASKS, DatasetSpec

MODEL_FILE, DATASET_FILE = "models/tiny.yaml", "datasets/talk.yaml"

MODEL_KEYS = (
    "cluster, devices, engine, environment, id, languages, licence, model, options, parts, price, research, schema,"
    " tasks, tiers, timeouts, title, variants, weights"
)

OPTIONS = (
    "batch_size, beam_size, compute_type, condition_on_previous_text, cpu_threads, hallucination_silence_threshold,"
    " hotwords, initial_prompt, language, no_repeat_ngram_size, stream_endpoint_s, stream_show_open, stream_step_s,"
    " stream_window_s, temperature, vad_filter, vad_parameters, without_timestamps"
)
ALL_TASKS = ", ".join(sorted(TASKS))
DATASET_KEYS = ", ".join(
    sorted(field.alias or name for name, field in DatasetSpec.model_fields.items() if name != "origin")
)


CLIPS = f"""\
schema: modellab.dataset/1
id: talk
tasks: [asr]
tiers: [smoke]
language: en
archives:
  box: {{folder: sounds}}
clips:
  - {{id: one, archive: box, member: one.wav, sha256: {SHA}, text: one}}
  - {{id: two, archive: box, member: two.wav, sha256: {SHA}, text: two}}
"""


MIRRORS = f"""\
schema: modellab.mirrors/1
mirrors:
  {SHA}:
    - parts:
        - {{wheel: box==1.0, member: box/model.bin.part1}}
        - {{folder: parts, member: model.bin.part2}}
"""


VALID = {
    MODEL_FILE: model_yaml("tiny"),
    DATASET_FILE: CLIPS,
    "limits.yaml": LIMITS,
    "grades.yaml": GRADES,
    "devices.yaml": DEVICES,
    "mirrors.yaml": MIRRORS,
}


def complaints(folder: Path) -> list[str]:
    """What loading `folder` complains of, a line each, without the folder's name; [] where it loads."""
    try:
        load(folder)
    except CatalogError as error:
        return [line.strip().removeprefix(f"{folder.name}/") for line in str(error).splitlines()[1:]]
    return []


def spoiled(folder: Path, file: str, old: str, new: str) -> list[str]:
    """The complaints after one replacement in one file of a valid catalog."""
    assert VALID[file].count(old), f"{old!r} is not in {file}"
    return complaints(write_catalog(folder / "fixtures", files={**VALID, file: VALID[file].replace(old, new, 1)}))


def with_model(folder: Path, text: str | bytes) -> list[str]:
    """The complaints where `models/tiny.yaml` holds `text`, and no limit names it."""
    catalog = write_catalog(folder / "fixtures", files={"models/tiny.yaml": ""})
    (catalog / MODEL_FILE).write_bytes(text.encode() if isinstance(text, str) else text)
    return complaints(catalog)
