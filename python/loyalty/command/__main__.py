# SPDX-License-Identifier: MIT
"""`python -m loyalty.command` is `loyalty`."""

from loyalty.command import main

main()
