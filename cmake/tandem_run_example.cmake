# cmake -D PROGRAM=<file> [-D "ARGUMENTS=<word>;..."] -D TRANSCRIPT=<file> -D OUTPUT=<file to write> [-D PICTURE=<file>]
#       -P tandem_run_example.cmake
# Runs PROGRAM: it must succeed, and print exactly TRANSCRIPT when that file exists; and draw exactly PICTURE, if one is
# named, which it gets told by --picture.

if(PICTURE)
  list(APPEND ARGUMENTS --picture "${OUTPUT}.svg")
  file(REMOVE "${OUTPUT}.svg")
endif()

execute_process(COMMAND "${PROGRAM}" ${ARGUMENTS} OUTPUT_FILE "${OUTPUT}" RESULT_VARIABLE outcome)
if(NOT outcome EQUAL 0)
  file(READ "${OUTPUT}" printed)
  message(FATAL_ERROR "${PROGRAM} ended with: ${outcome}\n${printed}")
endif()

if(PICTURE)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${PICTURE}" "${OUTPUT}.svg" RESULT_VARIABLE differs)
  if(differs)
    message(FATAL_ERROR "${OUTPUT}.svg is not ${PICTURE}")
  endif()
endif()

if(NOT EXISTS "${TRANSCRIPT}")
  message(STATUS "no transcript to compare with: ${TRANSCRIPT}")
  return()
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${TRANSCRIPT}" "${OUTPUT}" RESULT_VARIABLE differs)
if(differs)
  execute_process(COMMAND diff -u "${TRANSCRIPT}" "${OUTPUT}" OUTPUT_VARIABLE difference)
  message(FATAL_ERROR "the output is not the transcript (- transcript, + output)\n${difference}")
endif()
