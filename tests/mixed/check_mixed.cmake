# cmake -D COMPILER=<c++> -D INCLUDE=<folder> -D FOLDER=<to work in> -D LIBSTDCXX=<whether that is the standard library>
# -P check_mixed.cmake
# Compiles writer.cpp for each ground, with and without exceptions, and with containers that check. Linked with a reader
# for another ground, it misses a read() whose name has its own ground in it: so all names are different. What was
# compiled alike makes a program; the readers that are not compiled would only combine what others show.

cmake_minimum_required(VERSION 3.25)

set(grounds native portable lab native_no_exceptions portable_no_exceptions lab_no_exceptions)
set(readers native portable lab native_no_exceptions)
set(native_flags "")
set(portable_flags "-DTANDEM_PLATFORM_HEADER=<tandem/platform/portable.hpp>")
set(lab_flags "-DTANDEM_PLATFORM_HEADER=<tandem/lab/platform.hpp>")
foreach(ground IN ITEMS native portable lab)
  set(${ground}_no_exceptions_flags ${${ground}_flags} -fno-exceptions)
endforeach()
if(LIBSTDCXX)
  list(APPEND grounds native_debug)
  list(APPEND readers native_debug)
  set(native_debug_flags -D_GLIBCXX_DEBUG)
endif()
file(MAKE_DIRECTORY "${FOLDER}")

# compile(<part> <ground>)
function(compile part ground)
  execute_process(COMMAND ${COMPILER} -std=c++20 "-I${INCLUDE}" ${${ground}_flags} -c
                          "${CMAKE_CURRENT_LIST_DIR}/${part}.cpp" -o "${FOLDER}/${part}_${ground}.o"
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${part}.cpp does not compile for ${ground}")
  endif()
endfunction()

# link(<reader's ground> <writer's ground>): `failed`, and what was said
function(link reader writer)
  execute_process(COMMAND ${COMPILER} "${FOLDER}/reader_${reader}.o" "${FOLDER}/writer_${writer}.o" -pthread -o
                          "${FOLDER}/${reader}_${writer}" RESULT_VARIABLE failed ERROR_VARIABLE said)
  set(failed ${failed} PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

foreach(ground IN LISTS readers)
  compile(reader ${ground})
endforeach()

list(GET readers -1 other)
foreach(ground IN LISTS grounds)
  compile(writer ${ground})
  link(${other} ${ground})
  if(NOT failed)
    message(SEND_ERROR "a reader for ${other} and a writer for ${ground} were linked into one program")
  elseif(NOT said MATCHES "undefined reference to `read\\(tandem::v[0-9_]+_${ground}::mailbox<int[^>]*>&\\)'")
    message(SEND_ERROR "linking failed for another reason than it should:\n${said}")
  endif()
  if(ground IN_LIST readers)
    link(${ground} ${ground})
    if(failed)
      message(SEND_ERROR "reader and writer for ${ground} do not link:\n${said}")
    endif()
    set(other ${ground})
  endif()
endforeach()
