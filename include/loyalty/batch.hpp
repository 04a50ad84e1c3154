// SPDX-License-Identifier: MIT
/// Many relationships: event columns in, portfolios, results out.
#pragma once

#include <loyalty/batch/books.hpp>
#include <loyalty/batch/changes.hpp>
#include <loyalty/batch/columns.hpp>
#include <loyalty/batch/history.hpp>
#include <loyalty/batch/learning.hpp>
#include <loyalty/batch/output.hpp>
#include <loyalty/batch/portfolio.hpp>
#include <loyalty/batch/purchases.hpp>
