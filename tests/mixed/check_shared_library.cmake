# cmake -D COMPILER=<c++> -D INCLUDE=<folder> -D FOLDER=<to work in> -D GROUND=<native or portable> -P
# check_shared_library.cmake
# library.cpp and its_user.cpp, both with hidden symbols: each has then a copy of all that tandem defines, thread_local
# variables included. They use the same channels, loops and pools, on the same threads; linked, and with the library
# opened for itself alone (find.cpp).

file(MAKE_DIRECTORY "${FOLDER}")
set(flags -std=c++20 -fvisibility=hidden -fvisibility-inlines-hidden -fPIC "-I${INCLUDE}"
    "-I${CMAKE_CURRENT_LIST_DIR}/.." -pthread)
if(GROUND STREQUAL "portable")
  list(APPEND flags "-DTANDEM_PLATFORM_HEADER=<tandem/platform/portable.hpp>")
endif()

# compile(<source> <product> <flag or file> ...)
function(compile source product)
  execute_process(COMMAND ${COMPILER} ${flags} "${CMAKE_CURRENT_LIST_DIR}/${source}" -o "${FOLDER}/${product}" ${ARGN}
                          RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${source} does not compile")
  endif()
endfunction()

compile(library.cpp library.so -shared)
compile(its_user.cpp its_user.o -c)
compile(find.cpp linked "${FOLDER}/its_user.o" "${FOLDER}/library.so")
compile(find.cpp opened "${FOLDER}/its_user.o" "-DOPENED=\"${FOLDER}/library.so\"" -ldl)

foreach(way IN ITEMS linked opened)
  execute_process(COMMAND "${FOLDER}/${way}" RESULT_VARIABLE failed ERROR_VARIABLE said TIMEOUT 30)
  if(failed)
    message(SEND_ERROR "a program and its library, ${way}: ${failed}\n${said}")
  endif()
  execute_process(COMMAND "${FOLDER}/${way}" pool RESULT_VARIABLE failed ERROR_VARIABLE said TIMEOUT 30)
  if(NOT said MATCHES "tandem: block_on was called by a thread of that pool")
    message(SEND_ERROR "a thread of the pool that blocks for it, from a library, ${way}: ${failed}, and no sentence\n${said}")
  endif()
endforeach()
