# SPDX-License-Identifier: MIT
# Does what a user does: installs (or embeds) the library, then configures, builds and runs a small project with it.
set(prefix "${WORK}/prefix")
set(build "${WORK}/${CONSUMER}")
set(arguments -S "${SOURCE}/tests/consumer/${CONSUMER}" -B "${build}" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
endfunction()

if(CONSUMER STREQUAL "find_package")
  file(REMOVE_RECURSE "${prefix}" "${build}")
  run("${CMAKE_COMMAND}" --install "${BUILT}" --prefix "${prefix}")
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${prefix}" "-DEXPECTED_VERSION=${VERSION}")
else()
  list(APPEND arguments "-DLOYALTY_SOURCE=${SOURCE}")
endif()
run("${CMAKE_COMMAND}" ${arguments})
run("${CMAKE_COMMAND}" --build "${build}")
run("${build}/with_headers")
run("${build}/with_library")
