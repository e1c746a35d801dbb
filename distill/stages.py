"""The steps of a run, each of which can be repeated: corpus, training, choice of checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from distill.corpus.build import build
from distill.corpus.shards import LINES_PER_SHARD, Item, read_shard
from distill.corpus.texts import corpus_lines
from distill.evaluate.speaker import speaker_vector
from distill.recipe import Recipe, RecipeError, TeacherRecipe
from distill.student import SIZES
from distill.teachers import Teacher
from distill.train.data import AudioBatches, TextBatches, load_items
from distill.train.group import Group
from distill.train.loop import Trainer

SPEAKER_CLIPS = 30


def open_teacher(recipe: TeacherRecipe, *, with_audio: bool = True) -> Teacher:
    """The teacher a recipe names.

    Raises:
        RecipeError: there is no such teacher.
        TeacherError: it cannot be loaded.
    """
    if recipe.name == "kokoro":
        from distill.teachers.kokoro import KokoroTeacher

        return KokoroTeacher(Path(recipe.folder), recipe.style, with_audio=with_audio)
    raise RecipeError(f"teacher.name = {recipe.name!r} is not known; there is kokoro")


def make_corpus(recipe: Recipe) -> None:
    """Have the teacher read everything that is missing, then take the speaker vector from what it said."""
    lines = corpus_lines(composed=recipe.corpus.composed, seed=recipe.corpus.seed)
    audio_lines = min(len(lines), -(-recipe.corpus.audio_lines // LINES_PER_SHARD) * LINES_PER_SHARD)
    folder, processes = recipe.corpus_folder, recipe.corpus.processes
    build(lines[:audio_lines], partial(open_teacher, recipe.teacher), folder / "audio", processes=processes)
    text_only = partial(open_teacher, recipe.teacher, with_audio=False)
    build(lines[audio_lines:], text_only, folder / "text", processes=processes, first=audio_lines // LINES_PER_SHARD)
    path = folder / "speaker.npy"
    if not path.exists():
        vectors = [speaker_vector(item.audio / np.float32(32767), 24_000) for item in _clips(folder / "audio")]
        mean = np.mean(vectors, 0)
        np.save(path, (mean / np.linalg.norm(mean)).astype(np.float32))


def train(recipe: Recipe, until: int | None = None) -> Path:
    """Train, or go on training; the newest checkpoint's folder."""
    folder, config = recipe.corpus_folder, recipe.train
    items = load_items([folder / "audio", folder / "text"], lambda item: item.line.split == "train")
    group = Group(config.device)
    text = TextBatches(items, config.text_batch, config.seed, group)
    spoken = [item for item in items if item.audio is not None]
    audio = AudioBatches(spoken, config.audio_batch, config.crop_frames, config.seed, SIZES[config.size], group)
    speaker = torch.from_numpy(np.load(folder / "speaker.npy"))
    Trainer(config, recipe.run_folder, text, audio, speaker, group).run(until)
    return recipe.run_folder


def _clips(folder: Path) -> list[Item]:
    """The first clips longer than two seconds."""
    found: list[Item] = []
    for path in sorted(folder.glob("shard-*.npz")):
        found += [item for item in read_shard(path) if item.audio is not None and len(item.audio) > 48_000]
        if len(found) >= SPEAKER_CLIPS:
            break
    return found[:SPEAKER_CLIPS]
