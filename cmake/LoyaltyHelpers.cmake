# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# loyalty_find(<package> TARGET <imported target> PACKAGE <Debian package> [VERSION <least version>])
# find_package with an error that says what to install.
macro(loyalty_find name)
  cmake_parse_arguments(find "" "TARGET;VERSION;PACKAGE" "" ${ARGN})
  if(NOT TARGET ${find_TARGET})
    find_package(${name} ${find_VERSION} QUIET)
  endif()
  if(NOT TARGET ${find_TARGET})
    message(FATAL_ERROR "Loyalty Ladder needs ${name} ${find_VERSION} and CMake did not find it.\n"
      "Debian and Ubuntu: sudo apt-get install ${find_PACKAGE}\n"
      "Elsewhere: install it and add its folder to CMAKE_PREFIX_PATH.")
  endif()
endmacro()

# loyalty_find_header(<NAME> <header> PACKAGE <Debian package>) sets LOYALTY_<NAME>_INCLUDE_DIR.
function(loyalty_find_header name header)
  cmake_parse_arguments(PARSE_ARGV 2 find "" "PACKAGE" "")
  find_path(LOYALTY_${name}_INCLUDE_DIR "${header}" DOC "The folder that holds ${header}")
  mark_as_advanced(LOYALTY_${name}_INCLUDE_DIR)
  if(NOT LOYALTY_${name}_INCLUDE_DIR)
    message(FATAL_ERROR "Loyalty Ladder needs the header ${header} and CMake did not find it.\n"
      "Debian and Ubuntu: sudo apt-get install ${find_PACKAGE}\n"
      "Elsewhere: install it and set LOYALTY_${name}_INCLUDE_DIR.")
  endif()
endfunction()

# Warnings for us, silence for users: options that must not reach whoever links the library.
function(loyalty_own_target target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /utf-8 $<$<BOOL:${LOYALTY_WERROR}>:/WX>)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
      $<$<BOOL:${LOYALTY_WERROR}>:-Werror>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # GCC 12 sees overlaps in `"text" + string` at -O3 where there are none (GCC bug 105651).
      target_compile_options(${target} PRIVATE -Wno-restrict)
    endif()
  endif()
  if(LOYALTY_SANITIZE)
    target_compile_options(${target} PRIVATE "-fsanitize=${LOYALTY_SANITIZE}" -fno-sanitize-recover=all
      -fno-omit-frame-pointer)
    # PUBLIC, so that whatever links an instrumented static library also brings the sanitizer's runtime.
    target_link_options(${target} PUBLIC "-fsanitize=${LOYALTY_SANITIZE}")
  endif()
endfunction()
