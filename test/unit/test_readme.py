# SPDX-License-Identifier: Apache-2.0
"""What the README says of the code is so."""

from __future__ import annotations

import re

from readme_tables import README, filled

from prot_ros import graph


def test_the_tables_are_those_of_the_code():
    text = README.read_text()
    assert filled(text) == text, 'run: python test/readme_tables.py'


def test_every_file_the_readme_names_exists():
    text = README.read_text()
    named = re.findall(r'\]\(([^)#]+)\)', text)
    missing = [path for path in named if '://' not in path and not (README.parent / path).exists()]
    assert missing == []


def test_the_map_of_the_files_names_what_is_there():
    text = README.read_text()
    block = text[text.index('```\nprot_ros/') : text.index('cli/ ')]
    named = set(re.findall(r'^  (\w+(?:\.py|/))', block, re.MULTILINE))
    there = {
        path.name + ('/' if path.is_dir() else '')
        for path in (README.parent / 'prot_ros').iterdir()
        if not path.name.startswith('__')
    }
    assert there - named - {'cli/'} == set()


def test_each_node_is_named_after_its_file():
    for spec in graph.ALL_NODES:
        assert spec.cls.startswith(f'prot_ros.nodes.{spec.name}:')
