// SPDX-License-Identifier: MIT
/// Events, what they do, and the state of a relationship that they fold into.
#pragma once

#include <loyalty/events/act.hpp>
#include <loyalty/events/as_of.hpp>
#include <loyalty/events/effect.hpp>
#include <loyalty/events/event.hpp>
#include <loyalty/events/fold.hpp>
#include <loyalty/events/kind.hpp>
#include <loyalty/events/kind_info.hpp>
#include <loyalty/events/observed.hpp>
#include <loyalty/events/plain_fold.hpp>
#include <loyalty/events/relationship.hpp>
