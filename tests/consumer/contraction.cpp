// SPDX-License-Identifier: MIT
// Compiled for a processor that has a fused multiply-add: with contraction this rounds once, without it twice.
double product_less(double x, double y, double z);
double product_less(double x, double y, double z) { return x * y - z; }
