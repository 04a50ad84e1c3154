// SPDX-License-Identifier: MIT
/// \file
/// Text, files and tables of others: policies as TOML, events from Arrow, results as Arrow. Belongs to loyalty::loyalty.
#pragma once

#include <loyalty/io/arrow.hpp>
#include <loyalty/io/learning_text.hpp>
#include <loyalty/io/policy_text.hpp>
