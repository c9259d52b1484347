# SPDX-License-Identifier: Apache-2.0
"""`prot memory`: what the robot remembers, in people's hands. One file for each subcommand."""
