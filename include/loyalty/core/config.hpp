// SPDX-License-Identifier: MIT
/// \file
/// What the library asks of the compiler. Scores must agree to the last digits on every machine, so floating point has
/// to follow IEEE 754: NaN and infinity must be recognised and no operation may be reordered.
#pragma once

#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error \
    "Loyalty Ladder must not be compiled with -ffast-math, -Ofast or /fp:fast: results would differ between builds."
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error \
    "Loyalty Ladder must not be compiled with -ffinite-math-only: it has to recognise NaN and infinity."
#endif

#if defined(_MSVC_LANG) ? (_MSVC_LANG < 202002L) : (__cplusplus < 202002L)
#error "Loyalty Ladder needs C++20 (-std=c++20 or /std:c++20)."
#endif
