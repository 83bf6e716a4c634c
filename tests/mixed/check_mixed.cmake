# cmake -D COMPILER=<c++> -D INCLUDE=<folder> -D FOLDER=<to work in> -D LIBSTDCXX=<whether that is the standard library>
# -P check_mixed.cmake
# Compiles reader.cpp and writer.cpp for each ground, with and without exceptions, and with containers that check; and links
# every reader with every writer: those that were compiled alike make a program, the others must not.

set(grounds native portable lab native_no_exceptions portable_no_exceptions lab_no_exceptions)
set(native_flags "")
set(portable_flags "-DTANDEM_PLATFORM_HEADER=<tandem/platform/portable.hpp>")
set(lab_flags "-DTANDEM_PLATFORM_HEADER=<tandem/lab/platform.hpp>")
foreach(ground IN ITEMS native portable lab)
  set(${ground}_no_exceptions_flags ${${ground}_flags} -fno-exceptions)
endforeach()
if(LIBSTDCXX)
  list(APPEND grounds native_debug)
  set(native_debug_flags -D_GLIBCXX_DEBUG)
endif()
file(MAKE_DIRECTORY "${FOLDER}")

foreach(ground IN LISTS grounds)
  foreach(part IN ITEMS reader writer)
    execute_process(COMMAND ${COMPILER} -std=c++20 "-I${INCLUDE}" ${${ground}_flags} -c
                            "${CMAKE_CURRENT_LIST_DIR}/${part}.cpp" -o "${FOLDER}/${part}_${ground}.o" RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "${part}.cpp does not compile for ${ground}")
    endif()
  endforeach()
endforeach()

foreach(reader IN LISTS grounds)
  foreach(writer IN LISTS grounds)
    execute_process(COMMAND ${COMPILER} "${FOLDER}/reader_${reader}.o" "${FOLDER}/writer_${writer}.o" -pthread -o
                            "${FOLDER}/${reader}_${writer}" RESULT_VARIABLE failed ERROR_VARIABLE said)
    if(reader STREQUAL writer AND failed)
      message(SEND_ERROR "reader and writer for ${reader} do not link:\n${said}")
    elseif(NOT reader STREQUAL writer AND NOT failed)
      message(SEND_ERROR "a reader for ${reader} and a writer for ${writer} were linked into one program")
    elseif(failed AND NOT said MATCHES "undefined reference to `read\\(tandem::v[0-9_]+_${writer}::mailbox<int[^>]*>&\\)'")
      message(SEND_ERROR "linking failed for another reason than it should:\n${said}")
    endif()
  endforeach()
endforeach()
