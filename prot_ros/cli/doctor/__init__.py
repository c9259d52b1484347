# SPDX-License-Identifier: Apache-2.0
"""`prot doctor`: one file for each thing that is looked at."""
