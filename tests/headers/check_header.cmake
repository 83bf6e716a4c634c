# cmake -D HEADER=<tandem/x.hpp> -D OUTPUT=<file prefix to write> -D "COMMAND=<compiler>;<flag>;..." -P check_header.cmake
# Compiles a file that only includes HEADER, twice (a missing include guard shows), once per variant below, warnings
# being errors. With both RTTI and exceptions, at -O2, it is CMake that compiles each header alone, when it verifies the
# headers: the presets do that first. More levels of -O would say nothing: where nothing is called, nothing is optimised.

list(APPEND COMMAND -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -c "${OUTPUT}.cpp" -o "${OUTPUT}.o")

file(WRITE "${OUTPUT}.cpp" "#include <${HEADER}>\n#include <${HEADER}>\n")

foreach(variant IN ITEMS "-O0 -fno-rtti" "-O2 -fno-exceptions")
  separate_arguments(options UNIX_COMMAND "${variant}")
  execute_process(COMMAND ${COMMAND} ${options} RESULT_VARIABLE failed ERROR_VARIABLE diagnostics)
  if(failed)
    message(SEND_ERROR "<${HEADER}> does not compile alone with ${variant}:\n${diagnostics}")
  endif()
endforeach()
