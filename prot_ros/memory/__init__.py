# SPDX-License-Identifier: Apache-2.0
"""The robot's memory: a graph of what people said, in PostgreSQL. It knows no ROS.

    turn  ──read by an extractor──▶  telling  ──folded in the order of turns──▶  fact
     │                                  │                                         │
     │ words, vector                    └──resolved──▶  entity ◀──subject, object─┘
     ▼                                                    │ names, words, vector, circles
    retrieval: one statement over all of it  ◀────────────┘

A turn is the ground truth and is committed before it is answered. Everything else is derived from
turns and can be made again, with another extractor or embedder, while the robot talks.
"""
