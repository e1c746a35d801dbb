"""The figures of gptsovits.py for people."""

from __future__ import annotations

from typing import Any


def page(result: dict[str, Any]) -> str:
    median, best = result["median"], result["best"]
    lines = [", ".join(f"{name} {value}" for name, value in result["machine"].items())]
    gops = ", ".join(f"{value:.0f} GOP/s in {name}" for name, value in result["gop_per_s"].items())
    lines.append(f"one thread at best: memory {result['memory_gb_per_s']:.1f} GB/s, matrix product {gops}\n")
    lines.append(f"{'median (best)':34}" + "".join(f"{name:>20}" for name in median))
    rows = {
        "tokens_per_cpu_s": "tokens per CPU second", "prefill_cpu_s": "prefill, CPU s", "decode_cpu_s": "decode, CPU s per s of audio",
        "first_packet_cpu_s": "first packet, CPU s",
    }  # fmt: skip
    for what, title in rows.items():
        digits = 1 if what.startswith("tokens") else 3
        cells = [f"{median[name][what]:.{digits}f} ({best[name][what]:.{digits}f})" for name in median]
        lines.append(f"{title:34}" + "".join(f"{cell:>20}" for cell in cells))
        lines += [compared(median, peer, what) for peer in ("genie", "upstream") if peer in median]
    lines.append(f"{'peak resident, MB':34}" + "".join(f"{median[name]['peak_resident_mb']:20.0f}" for name in median))
    lines.append("")
    for name, ceilings in result["ceilings"].items():
        for what, ceiling in ceilings.items():
            share = median[name][what] / ceiling if what.startswith("tokens") else ceiling / median[name][what]
            lines.append(f"{name} {rows[what]}: {100 * share:.0f} % of the ceiling, {ceiling:.3g}; bar {result['bars'][name][what]:g}")
    agreement, bar = result["agreement"], result["agreement_bar"]
    lines.append(f"int8 top-1 agreement with float32, teacher-forced: {100 * agreement:.1f} %; bar {100 * bar:.0f} %")
    lines.append(f"int8 mel distance from float32: {result['mel_db']:.2f} dB")
    lines.append("every bar is met" if result["passed"] else "A BAR IS MISSED")
    return "\n".join(lines)


def compared(median: dict[str, dict[str, float]], peer: str, what: str) -> str:
    """A row of how many times faster each is than ``peer``."""
    ratios = [each[what] / median[peer][what] for each in median.values()]
    ratios = ratios if what.startswith("tokens") else [1 / ratio for ratio in ratios]
    return f"{f'  times as fast as {peer}':34}" + "".join(f"{ratio:20.2f}" for ratio in ratios)
