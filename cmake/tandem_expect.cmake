# cmake -D PROGRAM=<file> -D "ARGUMENTS=<list>" -D OUTCOME=<exit code> -D "EXPECTED=<list of patterns>"
#   -P tandem_expect.cmake
# Runs PROGRAM with ARGUMENTS: it must end with OUTCOME, and what it prints must match every pattern.

execute_process(
  COMMAND "${PROGRAM}" ${ARGUMENTS}
  OUTPUT_VARIABLE printed
  ERROR_VARIABLE printed
  RESULT_VARIABLE outcome)
if(NOT outcome STREQUAL OUTCOME)
  message(FATAL_ERROR "${PROGRAM} ended with: ${outcome}, not ${OUTCOME}\n${printed}")
endif()

foreach(pattern IN LISTS EXPECTED)
  if(NOT printed MATCHES "${pattern}")
    message(FATAL_ERROR "nothing that was printed matches \"${pattern}\"\n${printed}")
  endif()
endforeach()
