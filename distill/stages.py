"""The steps of a run, each of which can be repeated: corpus, training, choice of checkpoint."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import torch

from distill.align import AlignConfig, align_corpus
from distill.choose import Choice, Judge, LossJudge, NaturalnessJudge, choose, validation_set
from distill.claim import claimed
from distill.corpus.build import build
from distill.corpus.shards import LINES_PER_SHARD, CorpusError, Item, read_shard
from distill.corpus.texts import corpus_lines, to_be_heard
from distill.evaluate.clip import Clip
from distill.evaluate.errors import MissingExtra
from distill.evaluate.listeners import LISTENING_RATE
from distill.evaluate.speaker import Speaker
from distill.recipe import Recipe, RecipeError, TeacherRecipe
from distill.teachers import Teacher
from distill.teachers.heard import error_rate
from distill.train.data import AudioBatches, TextBatches, load_items
from distill.train.group import Group
from distill.train.loop import Trainer

SPEAKER_CLIPS = 30


def open_teacher(recipe: TeacherRecipe, *, with_audio: bool = True, screened: bool = True) -> Teacher:
    """The teacher a recipe names.

    Args:
        recipe: who teaches.
        with_audio: False for the text side alone, of a teacher that has one.
        screened: whether the recogniser that the recipe names rejects takes, as for a corpus. An evaluation measures recognition
            itself and takes what is said.

    Raises:
        RecipeError: there is no such teacher.
        TeacherError: it cannot be loaded.
        MissingExtra: the recogniser that is to judge its takes is not there.
    """
    if recipe.name == "kokoro":
        from distill.teachers.kokoro import KokoroTeacher

        return KokoroTeacher(
            Path(recipe.folder), recipe.style, with_audio=with_audio, backend=recipe.backend, device=recipe.device
        )
    if recipe.name == "gptsovits-api":
        from distill.teachers.gptsovits_api import GptSovitsApi

        return GptSovitsApi(recipe.api, error_rate=error_rate(recipe.api.whisper) if screened else None)
    if recipe.name == "gptsovits":
        from distill.teachers.gptsovits import GptSovits

        return GptSovits(recipe.checkpoints, error_rate=error_rate(recipe.checkpoints.whisper) if screened else None)
    raise RecipeError(f"teacher.name = {recipe.name!r} is not known")


def make_corpus(recipe: Recipe) -> dict[str, int]:
    """Have the teacher read everything that is missing, then take the speaker vector from what it said.

    Returns:
        How many lines were refused this time, by part of the corpus.

    Raises:
        TeacherError: the teacher cannot be loaded or is out of order.
        CorpusError, AlignmentError: the corpus cannot be written, or gives nothing to learn from.
        MissingExtra: the speaker encoder's packages are absent.
        FolderInUse: another process makes this corpus.
    """
    with claimed(recipe.corpus_folder):
        return _make_corpus(recipe)


def _make_corpus(recipe: Recipe) -> dict[str, int]:
    lines = corpus_lines(composed=recipe.corpus.composed, seed=recipe.corpus.seed, prompted=recipe.corpus.prompts)
    full_shards = -(-recipe.corpus.audio_lines // LINES_PER_SHARD) * LINES_PER_SHARD
    spoken, silent = to_be_heard(lines, full_shards, recipe.corpus.more_audio)
    folder, processes = recipe.corpus_folder, recipe.corpus.processes
    teach = partial(open_teacher, recipe.teacher)
    refused: dict[str, int] = {}
    if recipe.teacher.audio_only:
        refused["takes"] = build(spoken, teach, folder / "takes", processes=processes)
        settings = AlignConfig(recipe.corpus.align_steps, seed=recipe.corpus.seed)
        refused["alignment"] = align_corpus(folder / "takes", folder / "audio", settings)
    else:
        refused["audio"] = build(spoken, teach, folder / "audio", processes=processes)
        text_only, first = partial(teach, with_audio=False), -(-len(spoken) // LINES_PER_SHARD)
        refused["text"] = build(silent, text_only, folder / "text", processes=processes, first=first)
    path = folder / "speaker.npy"
    if not path.exists():
        listener = Speaker()
        vectors = [listener.vector(Clip(item.audio, 24_000).wave(LISTENING_RATE)) for item in _clips(folder / "audio")]
        mean = np.mean(vectors, 0)
        temporary = path.with_name(".speaker.npy")
        np.save(temporary, (mean / np.linalg.norm(mean)).astype(np.float32))
        temporary.rename(path)
    return refused


def train(recipe: Recipe, until: int | None = None, *, accept_changes: bool = False) -> Path:
    """Train, or go on training; the checkpoints' folder.

    Raises:
        DeviceError: there is no such GPU, or not one for each process.
        RecipeError: the recording in whose voice the teacher spoke cannot be read.
        CorpusError: there is no corpus, or it is damaged.
        CheckpointError: the newest checkpoint is of another configuration and ``accept_changes`` is False.
        TrainingError: a loss became NaN or exploded.
        FolderInUse: another process trains this seed.
    """
    folder, config = recipe.corpus_folder, recipe.train
    group = Group(config.device)
    items = load_items([folder / "audio", folder / "text"], lambda item: item.line.split == "train")
    text = TextBatches(items, config.text_batch, config.seed, group)
    spoken = [item for item in items if item.audio is not None]
    audio = AudioBatches(
        spoken, config.audio_batch, config.crop_frames, config.seed, config.shape, group, config.language_weights
    )
    try:
        speaker = torch.from_numpy(np.load(folder / "speaker.npy"))
    except (OSError, ValueError, EOFError) as error:
        raise CorpusError(f"{folder / 'speaker.npy'} is missing or damaged ({error}); run the corpus command again") from error
    with claimed(recipe.run_folder) if group.leads else nullcontext():
        trainer = Trainer(
            config, recipe.run_folder, text, audio, speaker, group,
            corpus=recipe.corpus_folder.name, cloned_from=recipe.teacher.cloned_from(), accept_changes=accept_changes,
        )  # fmt: skip
        trainer.run(until)
    return recipe.run_folder


def choose_checkpoint(recipe: Recipe, last: int | None = None) -> Choice:
    """Record the best of the newest ``last`` checkpoints, as many as are kept by default: by DistillMOS where it is
    installed, else by validation losses.

    Raises:
        ChoiceError: there is nothing to choose from, or nothing to judge by.
    """
    items = validation_set(load_items([recipe.corpus_folder / "audio"], lambda item: item.line.split == "valid"))
    try:
        judge: Judge = NaturalnessJudge(items)
    except MissingExtra:
        judge = LossJudge(items)
    return choose(recipe.run_folder, judge, last or recipe.train.keep)


def _clips(folder: Path) -> list[Item]:
    """The first clips longer than two seconds.

    Raises:
        CorpusError: there are none.
    """
    found: list[Item] = []
    for path in sorted(folder.glob("shard-*.npz")):
        found += [item for item in read_shard(path) if item.audio is not None and len(item.audio) > 48_000]
        if len(found) >= SPEAKER_CLIPS:
            break
    if not found:
        raise CorpusError(f"{folder} holds no clip longer than two seconds to take the speaker's voice from")
    return found[:SPEAKER_CLIPS]
