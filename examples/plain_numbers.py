# SPDX-License-Identifier: MIT
"""Plain numbers in, scores out: no log needed."""

import loyalty

kept = loyalty.trust(kept=8, broken=1)
print(f"trust {kept.mean:.2f} ({kept.low:.2f} to {kept.high:.2f}), coverage {kept.coverage:.2f}")

conduct = (
    loyalty.commitment(kept=3),
    loyalty.responsiveness(answered=6, answer_time=2.5),
    loyalty.reciprocity(given=4, received=6),
    kept,
)
low, _, high = loyalty.quality_interval(*conduct)
stranger = (loyalty.commitment(), loyalty.responsiveness(), loyalty.reciprocity(), loyalty.trust())
print(
    f"quality {loyalty.quality(*conduct):.1f} ({low:.1f} to {high:.1f}); "
    f"a stranger has {loyalty.quality(*stranger):.1f}"
)

print(f"rung {loyalty.rung(purchases=5, regularity=2.8, support=1.2)}")
