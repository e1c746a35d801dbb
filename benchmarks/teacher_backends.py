"""Do the teacher's two backends say the same, and what does each cost? Exit status 1 if they differ by more than they may.

    python -m benchmarks.teacher_backends runs/teacher [--sentences 2] [--device cuda] [--mos]

Both read the first sentences of each language's evaluation set, one thread each. Durations must be equal, F0 within 0.05 Hz, energy within
0.001, waveforms correlated by 0.97, spectra within 2 dB. ``--mos`` scores both with DistillMOS, which needs the score extra.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from distill.evaluate import LANGS, Clip, evaluation_set
from distill.evaluate.naturalness import Naturalness
from distill.evaluate.spectrum import band_levels, log_spectral_distance, power
from distill.evaluate.systems import sentence_phonemes
from distill.teachers import Utterance
from distill.teachers.kokoro import KokoroTeacher

RATE = KokoroTeacher.sample_rate
STYLE = {"zf_xiaoxiao": 0.5, "af_heart": 0.5}
MAX_F0_HZ, MAX_ENERGY, MIN_CORRELATION, MAX_SPECTRAL_DB = 0.05, 1e-3, 0.97, 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path, help="what python -m distill assemble made")
    parser.add_argument("--sentences", type=int, default=2, metavar="N", help="a language (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="of torch: cpu or cuda")
    parser.add_argument("--mos", action="store_true", help="score both with DistillMOS")
    options = parser.parse_args()
    teachers = {
        "onnx": KokoroTeacher(options.teacher, STYLE),
        "torch": KokoroTeacher(options.teacher, STYLE, backend="torch", device=options.device),
    }
    judge = Naturalness() if options.mos else None
    clock = time.perf_counter if options.device == "cuda" else time.process_time
    spent_s, spoken_s = dict.fromkeys(teachers, 0.0), 0.0
    scores: dict[str, list[float]] = {name: [] for name in teachers}
    agreed = True
    for sentence in (each for lang in LANGS for each in evaluation_set(lang, options.sentences)):
        said: dict[str, Utterance] = {}
        for name, teacher in teachers.items():
            started = clock()
            said[name] = teacher.speak(sentence_phonemes(sentence))
            spent_s[name] += clock() - started
            if judge is not None:
                scores[name].append(judge.listen(Clip(said[name].audio, RATE), sentence.lang))
        spoken_s += len(said["onnx"].audio) / RATE
        agreed &= compare(sentence.key, said["onnx"], said["torch"])
    for name, spent in spent_s.items():
        score = f", DistillMOS {np.mean(scores[name]):.3f}" if scores[name] else ""
        print(f"{name}: {spent / spoken_s:.3f} {'s' if options.device == 'cuda' else 'CPU-s'} per second of audio{score}")
    return 0 if agreed else 1


def compare(key: str, one: Utterance, other: Utterance) -> bool:
    """Print how far apart two readings are; whether that is near enough."""
    if not np.array_equal(one.frames, other.frames):
        print(f"{key}: durations differ in {np.count_nonzero(one.frames != other.frames)} of {len(one.frames)} tokens")
        return False
    f0_hz, energy = (float(np.abs(a - b).max()) for a, b in ((one.f0_hz, other.f0_hz), (one.energy, other.energy)))
    correlation = float(np.corrcoef(one.audio, other.audio)[0, 1])
    spectral_db = log_spectral_distance(*(band_levels(power(said.audio, RATE), RATE) for said in (one, other)))
    print(f"{key}: durations equal, F0 {f0_hz:.4f} Hz, energy {energy:.1e}, correlation {correlation:.4f}, spectra {spectral_db:.2f} dB")
    return f0_hz <= MAX_F0_HZ and energy <= MAX_ENERGY and correlation >= MIN_CORRELATION and spectral_db <= MAX_SPECTRAL_DB


if __name__ == "__main__":
    sys.exit(main())
