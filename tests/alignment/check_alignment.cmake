# cmake -D COMPILER=<c++> -D INCLUDE=<folder> -D SOURCE=<file> -D WAY=<native or sanitized> -D PROGRAM=<to make> -P
# check_alignment.cmake
# Compiles the file that way, and runs it: to the end, and in silence.

if(WAY STREQUAL "native")
  set(flags -O2 -march=native)
else()
  set(flags -O1 -fsanitize=alignment -fno-sanitize-recover=all)
endif()

execute_process(COMMAND ${COMPILER} -std=c++20 ${flags} "-I${INCLUDE}" "${SOURCE}" -pthread -o "${PROGRAM}"
                        RESULT_VARIABLE failed ERROR_VARIABLE said)
if(failed)
  message(FATAL_ERROR "it does not compile with ${flags}:\n${said}")
endif()
execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE failed OUTPUT_VARIABLE printed ERROR_VARIABLE said)
if(failed OR said)
  message(FATAL_ERROR "compiled with ${flags}, it ends with ${failed}:\n${printed}${said}")
endif()
