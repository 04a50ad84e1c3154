// SPDX-License-Identifier: MIT
#include <loyalty/math/log_rising.hpp>

#include <doctest/doctest.h>

#include "math/near.hpp"

using loyalty::math::log_rising;
using loyalty::math::rising_slopes;
using loyalty_tests::relative_error;

namespace {

struct Rising {
  double a;
  double k;
  double value;
  double first;
  double second;
};

// Computed with mpmath at 50 digits: tests/math/priors_reference.py.
constexpr Rising values[] = {
    {0.01, 0.0625, -2.0129818133661099, 86.30389145544492, -9809.885259334365},
    {0.01, 3, -3.8970851330639389, 101.48761144771193, -10001.227814675183},
    {0.3, 1000000.0, 12815507.618002679, 17.318034580164429, -12.245363546107531},
    {1, 0.0625, -0.032957100293577819, 0.098362174841428494, -0.13851402393281217},
    {4, 0.7431, 1.0068180201744008, 0.19146890690043528, -0.049216728543851332},
    {2.5, 17.25, 38.314179420134845, 2.2544668087336205, -0.43842137539315653},
    {37.2, 4.1, 14.992436087119133, 0.10589942271020708, -0.0027376937875452277},
    {199.9, 0.3, 1.5888197351062353, 0.0015033797478666446, -7.5338212072131539e-6},
    {200.1, 0.3, 1.5891202604799857, 0.0015018744922666485, -7.5187423453385815e-6},
    {1234.5, 6789.0, 56554.681155293489, 1.8720514645729724, -0.00068573107204714969},
    {1000000.0, 0.0625, 0.86346938057588786, 6.2500029296883545e-8, -6.2500058593775635e-14},
    {1000000.0, 12.5, 172.69395384926593, 1.2499928125574995e-5, -1.2499856251724979e-11},
    {1000000.0, 1000000.0, 14201804.572510533, 0.69314743056000781, -5.0000037500014583e-7},
    {1000000000000.0, 3.7, 102.23477812894063, 3.6999999999950052e-12, -3.6999999999900102e-24},
    {3.3, 1000000000.0, 19723265894.903395, 19.688443350686789, -0.35350154084106184},
    {0.01, 1000000000.0, 19723265823.11147, 121.28415129432508, -10001.621213527313},
};

}  // namespace

TEST_CASE("log_rising and its slopes against 50 digits") {
  for (const Rising& v : values) {
    CAPTURE(v.a);
    CAPTURE(v.k);
    CHECK(relative_error(log_rising(v.a, v.k), v.value) < 1e-14);
    const auto slopes = rising_slopes(v.a, v.k);
    CHECK(relative_error(slopes.first, v.first) < 1e-12);
    CHECK(relative_error(slopes.second, v.second) < 1e-12);
  }
}

TEST_CASE("log_rising: no step, one step, and steps that follow each other") {
  for (const double a : {0.01, 0.7, 3.0, 199.99, 200.01, 1e5, 1e9}) {
    CAPTURE(a);
    CHECK(log_rising(a, 0) == 0);
    CHECK(rising_slopes(a, 0).first == 0);
    CHECK(rising_slopes(a, 0).second == 0);
    CHECK(relative_error(log_rising(a, 1), std::log(a)) < 1e-15);
    for (const double k : {0.0625, 0.5, 2.0, 40.0}) {
      CAPTURE(k);
      CHECK(log_rising(a, k) + log_rising(a + k, 1.5) ==
            doctest::Approx(log_rising(a, k + 1.5)).epsilon(1e-13));
      CHECK(rising_slopes(a, k).first + rising_slopes(a + k, 1.5).first ==
            doctest::Approx(rising_slopes(a, k + 1.5).first).epsilon(1e-12));
    }
  }
}
