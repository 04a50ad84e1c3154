// SPDX-License-Identifier: MIT
/// \file
/// The decoder of portfolios: any bytes are a portfolio or a MismatchError, whatever a portfolio holds can be read, and
/// what it writes is that portfolio again.
#include <loyalty/batch/portfolio.hpp>

#include <cstdlib>

#include <loyalty/core/error.hpp>

using namespace loyalty;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    Portfolio p = Portfolio::from_bytes(std::as_bytes(std::span(data, size)), Policy{});
    const auto bytes = p.bytes();
    Portfolio again = Portfolio::from_bytes(bytes, Policy{});
    if (again.bytes() != bytes) std::abort();
    if (p.size() == 0) return 0;
    const Time now = p.newest() == no_time ? p.rules().landmark() : p.newest() + day;
    const AsOf at = p.at(now);
    for (std::uint32_t i = 0; i < p.size(); ++i) (void)p.assess(i, at);
    // It goes on: with what comes next, and at another landmark.
    p.apply(p.id(0), {.kind = Kind::purchase, .time = now, .amount = 1});
    p.rebase(p.rules().landmark() + 365 * day);
    (void)p.bytes();
  } catch (const MismatchError&) {
  } catch (const WindowError&) {
  } catch (const LimitError&) {
  }
  return 0;
}
