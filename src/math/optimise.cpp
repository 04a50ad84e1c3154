// SPDX-License-Identifier: MIT
#include <loyalty/math/optimise.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Eigenvalues>

namespace loyalty::math {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The largest decrease of q(s) = -g's + s'Bs/2 over |s| <= radius, B given by its eigenvalues and vectors.
struct Step {
  VectorXd s;
  double gain = 0;  ///< of the quadratic model, >= 0
};

Step model_step(const VectorXd& g, const VectorXd& values, const MatrixXd& vectors, double radius) {
  const VectorXd c = vectors.transpose() * g;
  const double least = values.minCoeff();
  const auto length = [&](double shift) {
    double sum = 0;
    for (Index i = 0; i < c.size(); ++i) {
      const double part = c[i] / (values[i] + shift);
      sum += part * part;
    }
    return std::sqrt(sum);
  };
  double shift = 0;
  const double tiny = 1e-14 * std::max(1.0, values.cwiseAbs().maxCoeff());
  if (least <= tiny || length(0) > radius) {
    // |s(shift)| falls in shift beyond -least; the root lies below the shift at which |g|/shift is the radius.
    double low = std::max(0.0, tiny - least);
    double high = low + g.norm() / radius + tiny;
    if (length(low) > radius) {
      for (int i = 0; i < 200 && high - low > 1e-10 * high; ++i) {
        const double middle = low > 0 && high / low > 4 ? std::sqrt(low * high) : (low + high) / 2;
        (length(middle) > radius ? low : high) = middle;
      }
      shift = high;
    } else {
      shift = low;
    }
  }
  VectorXd along(c.size());
  for (Index i = 0; i < c.size(); ++i) along[i] = c[i] / (values[i] + shift);
  // The hard case: nothing of the gradient along the direction of most negative curvature.
  if (least < -tiny) {
    const double rest = radius * radius - along.squaredNorm();
    Index at = 0;
    values.minCoeff(&at);
    if (rest > 0.75 * radius * radius) along[at] += (along[at] < 0 ? -1 : 1) * std::sqrt(rest);
  }
  Step step;
  step.s = vectors * along;
  step.gain = c.dot(along) - 0.5 * (values.array() * along.array().square()).sum();
  return step;
}

MatrixXd part_of(const MatrixXd& all, const std::vector<Index>& at) {
  const auto n = static_cast<Index>(at.size());
  MatrixXd part(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      part(i, j) = all(at[static_cast<std::size_t>(i)], at[static_cast<std::size_t>(j)]);
  return part;
}

VectorXd part_of(const VectorXd& all, const std::vector<Index>& at) {
  VectorXd part(static_cast<Index>(at.size()));
  for (Index i = 0; i < part.size(); ++i) part[i] = all[at[static_cast<std::size_t>(i)]];
  return part;
}

}  // namespace

Objective with_difference_hessian(Objective objective) {
  return [objective = std::move(objective)](const VectorXd& x, VectorXd* gradient,
                                            MatrixXd* hessian) {
    const double value = objective(x, gradient, nullptr);
    if (hessian == nullptr || !std::isfinite(value)) return value;
    const Index n = x.size();
    hessian->resize(n, n);
    VectorXd moved = x;
    VectorXd up(n);
    VectorXd down(n);
    for (Index i = 0; i < n; ++i) {
      const double h = 6e-6 * std::max(1.0, std::abs(x[i]));  // about the cube root of the rounding
      moved[i] = x[i] + h;
      const double high = moved[i];
      objective(moved, &up, nullptr);
      moved[i] = x[i] - h;
      objective(moved, &down, nullptr);
      hessian->col(i) = (up - down) / (high - moved[i]);
      moved[i] = x[i];
    }
    *hessian = (0.5 * (*hessian + hessian->transpose())).eval();
    return value;
  };
}

Maximum maximise(const Objective& objective, VectorXd start, const OptimiseOptions& options) {
  const Index n = start.size();
  const VectorXd low = options.low.size() == n ? options.low : VectorXd::Constant(n, -infinity);
  const VectorXd high = options.high.size() == n ? options.high : VectorXd::Constant(n, infinity);
  Maximum best;
  best.x = start.cwiseMax(low).cwiseMin(high);
  best.gradient = VectorXd::Zero(n);
  best.hessian = MatrixXd::Zero(n, n);
  FitStatus& status = best.status;
  status.end = FitEnd::stopped;
  const auto evaluate = [&] {
    best.value = objective(best.x, &best.gradient, &best.hessian);
    ++status.evaluations;
    return std::isfinite(best.value) && best.gradient.allFinite() && best.hessian.allFinite();
  };
  best.covariance = MatrixXd::Constant(n, n, std::numeric_limits<double>::quiet_NaN());
  if (!evaluate()) {
    status.sentence = "The search could not begin: the function is not finite at the start.";
    return best;
  }
  double radius = 1;
  std::vector<Index> free;
  VectorXd values;
  MatrixXd vectors;
  const auto settle = [&] {  // which coordinates can move, and the curvature over them
    free.clear();
    best.at_low.clear();
    best.at_high.clear();
    for (Index i = 0; i < n; ++i) {
      if (best.x[i] <= low[i] && best.gradient[i] <= 0)
        best.at_low.push_back(static_cast<int>(i));
      else if (best.x[i] >= high[i] && best.gradient[i] >= 0)
        best.at_high.push_back(static_cast<int>(i));
      else
        free.push_back(i);
    }
    if (free.empty()) return;
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(-part_of(best.hessian, free));
    values = solver.eigenvalues();
    vectors = solver.eigenvectors();
  };
  settle();
  bool done = false;
  for (int k = 0; k < options.most_steps && !done; ++k) {
    if (free.empty()) {
      status.remaining = 0;
      done = true;
      break;
    }
    const VectorXd g = part_of(best.gradient, free);
    Step step = model_step(g, values, vectors, radius);
    status.remaining = step.gain;
    const double enough = options.tolerance * std::max(1.0, 1e-4 * std::abs(best.value));
    // After a step that promises nothing the search ends, unless the region is what holds it back.
    const bool last = step.gain <= enough && (values.minCoeff() >= 0 || g.norm() < 1e-9) &&
                      step.s.norm() < 0.9 * radius;
    VectorXd tried = best.x;
    for (std::size_t i = 0; i < free.size(); ++i) tried[free[i]] += step.s[static_cast<Index>(i)];
    tried = tried.cwiseMax(low).cwiseMin(high);
    const VectorXd moved = part_of(VectorXd(tried - best.x), free);
    const double expected =
        g.dot(moved) -
        0.5 * (values.array() * (vectors.transpose() * moved).array().square()).sum();
    const double value = objective(tried, nullptr, nullptr);
    ++status.evaluations;
    const double gained = value - best.value;
    const double noise = 4e-16 * std::max(1.0, std::abs(best.value)) * 16;
    const double ratio =
        std::isfinite(value) && expected > 0 ? (gained + noise) / (expected + noise) : -1;
    if (ratio > 1e-4) {
      const VectorXd before = std::exchange(best.x, tried);
      const double value_before = best.value;
      const VectorXd gradient_before = best.gradient;
      const MatrixXd hessian_before = best.hessian;
      if (!evaluate()) {
        best.x = before;
        best.value = value_before;
        best.gradient = gradient_before;
        best.hessian = hessian_before;
        radius *= 0.25;
      } else {
        ++status.iterations;
        if (ratio > 0.75 && moved.norm() > 0.8 * radius) radius = std::min(2.5 * radius, 32.0);
        if (ratio < 0.25) radius = std::max(0.3 * moved.norm(), 1e-12);
        const bool rounding = gained <= noise && expected <= noise;
        settle();
        if (rounding || last) done = true;
      }
    } else if (last) {
      done = true;
    } else {
      radius = 0.25 * std::min(radius, std::max(moved.norm(), 1e-12));
      if (radius < 1e-11) break;
    }
  }
  bool flat = false;
  if (!free.empty()) {
    Index at = 0;
    const double least = values.minCoeff(&at);
    if (least * options.flat * options.flat < 1) {
      flat = true;
      Index coordinate = 0;
      vectors.col(at).cwiseAbs().maxCoeff(&coordinate);
      best.flat = static_cast<int>(free[static_cast<std::size_t>(coordinate)]);
    } else {
      const MatrixXd inverse = vectors * values.cwiseInverse().asDiagonal() * vectors.transpose();
      for (std::size_t i = 0; i < free.size(); ++i)
        for (std::size_t j = 0; j < free.size(); ++j)
          best.covariance(free[i], free[j]) = inverse(static_cast<Index>(i), static_cast<Index>(j));
    }
  }
  const std::string where = best.flat >= 0 ? std::to_string(best.flat) : std::string();
  if (flat) {
    status.end = FitEnd::not_identified;
    status.sentence =
        "These data do not tell: the function is flat along coordinate " + where + ".";
  } else if (!done) {
    status.end = FitEnd::stopped;
    status.sentence = "The search ended after " + std::to_string(status.iterations) +
                      " steps before it had reached a maximum.";
  } else if (!best.at_low.empty() || !best.at_high.empty()) {
    status.end = FitEnd::boundary;
    status.sentence = "The maximum lies at the bound of coordinate " +
                      std::to_string(best.at_low.empty() ? best.at_high[0] : best.at_low[0]) + ".";
  } else {
    status.end = FitEnd::converged;
    status.sentence = "The search converged in " + std::to_string(status.iterations) + " steps.";
  }
  return best;
}

}  // namespace loyalty::math
