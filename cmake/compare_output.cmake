# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=<path> -DEXPECTED=<file> -P compare_output.cmake: run the program, compare what it prints.
if(NOT EXISTS "${EXPECTED}")
  message(FATAL_ERROR "No expected output: ${EXPECTED} is missing")
endif()
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}; it printed:\n${printed}")
endif()
file(READ "${EXPECTED}" expected)
if(NOT "${printed}" STREQUAL "${expected}")
  message(FATAL_ERROR "${PROGRAM} printed\n${printed}\nbut ${EXPECTED} holds\n${expected}")
endif()
