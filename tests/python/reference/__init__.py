# SPDX-License-Identifier: MIT
"""A slow, exact and independent reading of docs/model.md, against which the library is judged.

Nothing here is shared with the library: sums are Python integers, the staircase is evaluated by looking at it second
by second, scores are computed with 30 digits.

- ``fold``       acts -> exact sums, and the ladder by continuous evaluation
- ``score``      evidence -> parameters, quality, interval, attribution, next step, soft rung (mpmath, 30 digits)
- ``fast_score`` the same in double precision for many relationships at once (scipy); checked against ``score``
- ``portfolio``  rows -> books, open items, acts, and everything about every relationship
- ``generate``   seeded random policies and event logs
"""
