// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace loyalty {

/// Base of every error the library throws. Bad rows never throw: they are set aside and counted.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A policy or an option outside its range: names the key, the given value and what is allowed.
class PolicyError : public Error {
  using Error::Error;
};

/// A date outside the window of the landmark, or before the newest event: names what to set instead.
class WindowError : public Error {
  using Error::Error;
};

/// A relationship beyond the documented limits (events, money): its sums can no longer be trusted.
class LimitError : public Error {
  using Error::Error;
};

/// A column or table of the caller that cannot be read as a whole: missing, unknown, of another length, damaged.
/// Names the column, and row and value where there are some.
class ColumnError : public Error {
  using Error::Error;
};

/// A column of a type that does not hold what is needed: names the column, its type and what is needed.
class ColumnTypeError : public ColumnError {
  using ColumnError::ColumnError;
};

/// Two things that do not belong together: other fold fingerprints, other landmarks, damaged bytes.
class MismatchError : public Error {
  using Error::Error;
};

}  // namespace loyalty
