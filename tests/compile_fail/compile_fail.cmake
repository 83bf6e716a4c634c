# cmake -D SOURCE=<file.cpp> -D "COMMAND=<compiler>;<flag>;..." -D CONTROL=<APART or TOGETHER> -P compile_fail.cmake
# SOURCE must not compile, and its first error must contain the text of its `// expect: ` line; or anything that the
# compiler says, if the line begins with `// expect anywhere: `. An underscore is as good as a space: some sentences are the
# names of types. If the next line is `// lines: N`, the compiler may say no more than that. If its control is not compiled
# together with others, it must compile with -DTANDEM_CONTROL.

list(APPEND COMMAND -fsyntax-only "${SOURCE}")

# Lines are cut by position: as lists they would break on the ; and [ ] that diagnostics are full of.
function(cut_line text from result)
  string(SUBSTRING "${text}" ${from} -1 line)
  string(FIND "${line}" "\n" end)
  string(SUBSTRING "${line}" 0 ${end} line)
  set(${result} "${line}" PARENT_SCOPE)
endfunction()

file(READ "${SOURCE}" source)
cut_line("${source}" 0 first_line)
if(NOT first_line MATCHES "^// expect( anywhere)?: (.+)$")
  message(FATAL_ERROR "the first line of ${SOURCE} is not `// expect: <text of the first error>`")
endif()
set(anywhere "${CMAKE_MATCH_1}")
set(expected "${CMAKE_MATCH_2}")
set(most_lines 0)
if(source MATCHES "^[^\n]*\n// lines: ([0-9]+)\n")
  set(most_lines ${CMAKE_MATCH_1})
endif()

if(CONTROL STREQUAL "APART")
  execute_process(COMMAND ${COMMAND} -DTANDEM_CONTROL RESULT_VARIABLE failed ERROR_VARIABLE diagnostics)
  if(failed)
    message(FATAL_ERROR "the control, the same file with -DTANDEM_CONTROL, does not compile:\n${diagnostics}")
  endif()
endif()

execute_process(COMMAND ${COMMAND} RESULT_VARIABLE failed ERROR_VARIABLE diagnostics)
if(NOT failed)
  message(FATAL_ERROR "compiles, though it must not: ${SOURCE}")
endif()

string(FIND "${diagnostics}" "error:" at)
cut_line("${diagnostics}" ${at} first_error)
if(anywhere)
  set(place "anywhere")
  set(searched "${diagnostics}")
else()
  set(place "in the first error")
  set(searched "${first_error}")
endif()
string(REPLACE "_" " " searched "${searched}")
string(REPLACE "_" " " expected "${expected}")
string(FIND "${searched}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "expected ${place}: ${expected}\nthe first error:           ${first_error}\n\n${diagnostics}")
endif()

string(REGEX REPLACE "[^\n]" "" line_ends "${diagnostics}")
string(LENGTH "${line_ends}" lines)
if(most_lines GREATER 0 AND lines GREATER most_lines)
  message(FATAL_ERROR "the compiler says too much: ${lines} lines, and not ${most_lines}\n${diagnostics}")
endif()
