# cmake -D COMPILER=<c++> -D INCLUDE=<folder> -D FOLDER=<to work in> -P check_shared_library.cmake
# library.cpp and its_user.cpp, both with hidden symbols: each has then a copy of all that tandem defines. On one thread
# they use one channel of one thread, which has to work.

file(MAKE_DIRECTORY "${FOLDER}")
set(flags -std=c++20 -fvisibility=hidden -fPIC "-I${INCLUDE}" -pthread)
execute_process(COMMAND ${COMPILER} ${flags} -shared "${CMAKE_CURRENT_LIST_DIR}/library.cpp" -o "${FOLDER}/library.so"
                        RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "library.cpp does not compile")
endif()
execute_process(COMMAND ${COMPILER} ${flags} "${CMAKE_CURRENT_LIST_DIR}/its_user.cpp" "${FOLDER}/library.so" -o
                        "${FOLDER}/its_user" RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "its_user.cpp does not compile")
endif()
execute_process(COMMAND "${FOLDER}/its_user" RESULT_VARIABLE failed ERROR_VARIABLE said)
if(failed)
  message(SEND_ERROR "a program and its library, on one thread: ${failed}\n${said}")
endif()
