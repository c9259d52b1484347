# SPDX-License-Identifier: Apache-2.0
"""Which embedder finds what, and what it costs.

    python benchmarks/embedders.py [--locomo LOCOMO.json] [--static PATH] [--onnx PATH]
                                   [--runs 5] [--write docs/embedders.md]

Each embedder that is here runs in a process of its own, one after the other, and all of them again
in each run; the tables have the medians. LOCOMO.json is `data/locomo10.json` of
https://github.com/snap-research/locomo, or some of its conversations. Printed as Markdown;
--write keeps it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prot_ros.engines.embedders import local, minilm
from prot_ros.engines.kinds import EngineError

HERE = Path(__file__).resolve().parent
DESCRIPTION = HERE / 'embedders.md.in'
HASHED = (256, 512, 1024)
DEADLINE_S = 1800.0


@dataclass
class Candidate:
    """An embedder and what was measured of it, once for each run."""

    title: str
    name: str
    path: str = ''
    runs: list[dict[str, Any]] = field(default_factory=list)

    def median(self, key: str) -> float:
        return statistics.median(run[key] for run in self.runs)


def candidates(
    static: Sequence[Path], onnx: Sequence[Path], made: Path
) -> tuple[list[Candidate], list[str]]:
    """Return the embedders that are here, and why others are not."""
    found = [Candidate('`local`, the default', 'local')]
    found += [
        Candidate(f'hashed n-grams, {dimensions}', str(dimensions))
        for dimensions in HASHED
        if dimensions != local.DIMENSIONS
    ]
    missing = []
    try:
        import made_models

        minilm.folder()
    except (EngineError, ImportError) as err:
        missing.append(f'`minilm` and what is made of it: {err}')
    else:
        found.append(Candidate('`minilm`', 'minilm'))
        path = made_models.distilled(made / 'minilm-distilled')
        found.append(Candidate('`static`, distilled of `minilm`', 'static', str(path)))
        try:
            path = made_models.exported(made / 'minilm-onnx')
            found.append(Candidate('`onnx`, the weights of `minilm`', 'onnx', str(path)))
        except ImportError as err:
            missing.append(f'`onnx`: {err}')
    found += [Candidate(f'`static`, {path.name}', 'static', str(path)) for path in static]
    found += [Candidate(f'`onnx`, {path.name}', 'onnx', str(path)) for path in onnx]
    return found, missing


def measure(one: Candidate, quality: bool, locomo: Path | None) -> None:
    """Measure it once in a fresh process."""
    command = [sys.executable, str(HERE / 'embedder_measured.py'), one.name]
    if one.path:
        command += ['--path', one.path]
    if quality:
        command.append('--quality')
        if locomo:
            command += ['--locomo', str(locomo)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    if done.returncode:
        raise SystemExit(f'{one.title} cannot be measured:\n{done.stderr}')
    one.runs.append(json.loads(done.stdout))
    print(one.title, one.runs[-1], file=sys.stderr)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def costs(found: Sequence[Candidate]) -> str:
    """Return the table of load time, work and memory."""
    rows = []
    for one in found:
        cells = [one.title, f'{one.runs[0]["dimensions"]}', _seconds(one.median('load_s'))]
        for language in ('en', 'ko'):
            middle, late, cpu = (
                _short(one.median(f'{language}_{kind}')) for kind in ('p50', 'p95', 'cpu')
            )
            cells.append(f'{middle} / {late} ({cpu})')
        rows.append([*cells, f'{one.median("mb"):.0f}'])
    head = ['', 'dimensions', 'load s', 'English ms', 'Korean ms', 'memory MB']
    return table(head, rows)


def recall(found: Sequence[Candidate]) -> str:
    """Return the table of questions whose fact is found."""
    rows = []
    for one in found:
        cells = [one.title]
        for language in ('en', 'ko'):
            kinds = one.runs[0]['recall'][language]
            cells += [
                f'{100 * kinds[kind]["1"]:.0f} / {100 * kinds[kind]["5"]:.0f}'
                for kind in ('all', 'shared', 'other')
            ]
        rows.append(cells)
    kinds = ('all', 'same words', 'other words')
    return table(['', *(f'{name}: {k}' for name in ('English', 'Korean') for k in kinds)], rows)


def turns(found: Sequence[Candidate]) -> str:
    """Return the table of LoCoMo's turns, or why there is none."""
    if found[0].runs[0]['locomo'] is None:
        return 'Not measured: the file of LoCoMo was not given (`--locomo`).'
    rows = [
        [one.title, *(f'{100 * share:.1f}' for share in one.runs[0]['locomo'])] for one in found
    ]
    return table(['', 'words alone', 'name: words'], rows)


def _seconds(value: float) -> str:
    return f'{value:.2f}' if value >= 0.005 else '0'


def _short(value: float) -> str:
    return f'{value:.2f}' if value < 1 else f'{value:.1f}'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--locomo', type=Path, help='file of LoCoMo; without it that is left out')
    parser.add_argument('--static', type=Path, action='append', default=[], help='static model')
    parser.add_argument('--onnx', type=Path, action='append', default=[], help='ONNX model')
    parser.add_argument('--runs', type=int, default=5, help='of each embedder (default: 5)')
    parser.add_argument('--write', type=Path, help='file to keep the tables in')
    options = parser.parse_args()
    if options.locomo and not options.locomo.is_file():
        print(f'LoCoMo is left out: there is no {options.locomo}', file=sys.stderr)
        options.locomo = None
    with tempfile.TemporaryDirectory() as folder:
        found, missing = candidates(options.static, options.onnx, Path(folder))
        for number in range(options.runs):
            for one in found:
                measure(one, number == 0, options.locomo)
    command = f'python benchmarks/embedders.py --runs {options.runs}'
    command += ' --locomo LOCOMO.json' if options.locomo else ''
    text = DESCRIPTION.read_text(encoding='utf-8').format(
        command=command,
        costs=costs(found),
        recall=recall(found),
        turns=turns(found),
        missing=''.join(f'\n\nNot here: {each}.' for each in missing),
    )
    print(text)
    if options.write:
        options.write.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
