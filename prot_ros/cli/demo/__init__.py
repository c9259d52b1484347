# SPDX-License-Identifier: Apache-2.0
"""`prot demo`: a user's voice holds a conversation with the whole graph, and it is judged."""
