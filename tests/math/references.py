# SPDX-License-Identifier: MIT
"""Prints the 50-digit references of matrix_exponential.cpp and gamma_quantile.cpp."""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 60

#: The matrices of tests/math/matrix_exponential.cpp by name, rows of decimal texts.
LADDER = [
    ["-0.05", "0.05", "0", "0", "0", "0"],
    ["0.03", "-0.15", "0.12", "0", "0", "0"],
    ["0", "0.05", "-0.11", "0.06", "0", "0"],
    ["0", "0", "0.04", "-0.08", "0.04", "0"],
    ["0", "0", "0", "0.03", "-0.05", "0.02"],
    ["0", "0", "0", "0", "0.02", "-0.02"],
]
DEFECTIVE = [["-1", "1", "0"], ["0", "-1", "1"], ["0", "0", "-1"]]
#: R. Ward, SIAM Journal on Numerical Analysis 14 (1977), p. 609, test problem 1 (integer entries).
WARD = [["4", "2", "0"], ["1", "4", "1"], ["1", "1", "4"]]
#: The same paper's third problem, known for entries of very different size.
WARD_3 = [["-131", "19", "18"], ["-390", "56", "54"], ["-387", "57", "52"]]


def matrix(rows: list[list[str]], scale: str = "1") -> mp.matrix:
    return mp.matrix([[mp.mpf(x) * mp.mpf(scale) for x in row] for row in rows])


def show(name: str, m: mp.matrix) -> None:
    entries = ", ".join(mp.nstr(m[i, j], 20) for i in range(m.rows) for j in range(m.cols))
    print(f"{name}: {{{entries}}}")


def main() -> None:
    for scale in ("0.001", "1", "12", "600", "100000"):
        show(f"e^(ladder x {scale})", mp.expm(matrix(LADDER, scale), method="taylor"))
    show("e^(defective x 3)", mp.expm(matrix(DEFECTIVE, "3"), method="taylor"))
    show("e^ward", mp.expm(matrix(WARD), method="taylor"))
    show("e^ward_3", mp.expm(matrix(WARD_3), method="taylor"))
    # The derivative at ladder x 12 in the direction of the move from 1 to 2, from the series of e^A.
    a = matrix(LADDER, "12")
    e = mp.matrix(6)
    e[1, 2], e[1, 1] = 1, -1
    big = mp.matrix(12)
    big[:6, :6] = a
    big[6:, 6:] = a
    big[:6, 6:] = e
    show("derivative", mp.expm(big, method="taylor")[:6, 6:])
    for a_, p in (
        ("0.01", "0.5"), ("0.01", "0.99"), ("0.1", "0.05"), ("0.5", "0.05"), ("0.5", "0.95"), ("1", "0.5"),
        ("2.5", "0.001"), ("2.5", "0.05"), ("2.5", "0.95"), ("10.5", "0.05"), ("10.5", "0.95"), ("100", "0.05"),
        ("100", "0.999999"), ("2345.5", "0.05"), ("2345.5", "0.95"),
    ):  # fmt: skip
        # By bisection in the logarithm: the distribution function is all that is asked for.
        shape, share = mp.mpf(a_), mp.mpf(p)
        low, high = mp.mpf(-800), mp.log(shape) + 12
        while high - low > mp.mpf("1e-30"):
            middle = (low + high) / 2
            if mp.gammainc(shape, 0, mp.e**middle, regularized=True) < share:
                low = middle
            else:
                high = middle
        print(f"{{{a_}, {p}, {mp.nstr(mp.e**low, 20)}}},")


if __name__ == "__main__":
    main()
