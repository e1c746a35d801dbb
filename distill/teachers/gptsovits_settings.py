"""What a recipe says of a teacher that is a pair of GPT-SoVITS checkpoints; free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """``[teacher.checkpoints]`` of a recipe: paths of the two checkpoints, of 3 to 10 s of the voice and of the models that
    listen to it; ``bert`` for Chinese, ``speaker_net`` for v2Pro and v2ProPlus. A sentence is said ``takes`` times at most,
    each with another seed, until one is accepted; ``whisper`` is the folder of a recogniser, with which a take that says something
    else is refused, too."""

    s1: str = ""
    s2: str = ""
    reference_audio: str = ""
    reference_text: str = ""
    licence: str = ""
    hubert: str = ""
    bert: str = ""
    speaker_net: str = ""
    seed: int = 1
    takes: int = 3
    whisper: str = ""

    def faults(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        needed = ("s1", "s2", "reference_audio", "reference_text", "licence", "hubert")
        found = [f"{name} is missing" for name in needed if not getattr(self, name)]
        if self.takes < 1:
            found.append(f"takes = {self.takes} is not at least 1")
        return found
