// SPDX-License-Identifier: MIT
/// \file
/// Text and files: policies as TOML. Belongs to loyalty::loyalty.
#pragma once

#include <loyalty/io/policy_text.hpp>
