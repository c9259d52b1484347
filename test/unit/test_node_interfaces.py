# SPDX-License-Identifier: Apache-2.0
"""A node's docstring is its ROS interface: it says what the table of the graph says."""

from __future__ import annotations

import pytest
from readme_tables import interface

from prot_ros import graph


@pytest.mark.parametrize('spec', graph.NODES, ids=lambda spec: spec.name)
def test_the_docstring_names_the_topics_of_the_graph(spec):
    said = interface(spec)
    subscribes = {name for name, _ in said.get('Subscribes', [])}
    publishes = {name for name, _ in said.get('Publishes', [])}
    assert subscribes == {t.name for t in graph.TOPICS if spec.name in t.subscribers}
    assert publishes == {t.name for t in graph.TOPICS if spec.name in t.publishers}


def test_topic_names_are_relative_and_unique():
    names = [topic.name for topic in graph.TOPICS]
    assert len(set(names)) == len(names)
    assert not any(name.startswith('/') for name in names)


def test_every_queue_has_a_bound_and_what_must_not_be_lost_is_reliable():
    for topic in graph.TOPICS:
        assert 1 <= topic.qos.depth <= 256
        assert topic.qos.history.name == 'KEEP_LAST'
        reliable = topic.qos.reliability.name == 'RELIABLE'
        assert reliable == (topic is not graph.MIC_AUDIO)
    latched = {t.name for t in graph.TOPICS if t.qos.durability.name == 'TRANSIENT_LOCAL'}
    assert {'interrupt', 'state', 'vad/speech'} <= latched
