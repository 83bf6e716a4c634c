# Defines the target `tandem_catch2` from whichever Catch2 there is: an installed version 3, an installed 2.13 (Debian 12),
# the bare header of 2.13, or else version 3 fetched from its repository. The one header that tests include,
# tests/support/catch.hpp, hides the difference.

option(TANDEM_FETCH_CATCH2 "Fetch Catch2 when none is installed" ON)

add_library(tandem_catch2 INTERFACE)
# No try block around each assertion: an exception ends its test case, and compiling takes a fifth less.
target_compile_definitions(tandem_catch2 INTERFACE CATCH_CONFIG_FAST_COMPILE)

find_package(Catch2 3 CONFIG QUIET)
if(NOT Catch2_FOUND)
  find_package(Catch2 2.13 CONFIG QUIET)
endif()

if(Catch2_FOUND)
  message(STATUS "Catch2 ${Catch2_VERSION}: ${Catch2_DIR}")
  target_link_libraries(tandem_catch2 INTERFACE Catch2::Catch2)
  return()
endif()

find_path(TANDEM_CATCH2_INCLUDE_DIR catch2/catch.hpp)
mark_as_advanced(TANDEM_CATCH2_INCLUDE_DIR)
if(TANDEM_CATCH2_INCLUDE_DIR)
  message(STATUS "Catch2 2, the header alone: ${TANDEM_CATCH2_INCLUDE_DIR}")
  target_include_directories(tandem_catch2 SYSTEM INTERFACE "${TANDEM_CATCH2_INCLUDE_DIR}")
  return()
endif()

if(NOT TANDEM_FETCH_CATCH2)
  message(FATAL_ERROR "The tests need Catch2 and found none. Install it (Debian: apt-get install catch2), or allow a "
                      "download with -DTANDEM_FETCH_CATCH2=ON, or leave the tests out with -DTANDEM_TESTS=OFF.")
endif()

message(STATUS "Catch2: none installed, fetching version 3 (-DTANDEM_FETCH_CATCH2=OFF forbids it)")
block() # its warnings are not ours
  set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
  include(FetchContent)
  fetchcontent_declare(
    Catch2
    GIT_REPOSITORY https://github.com/catchorg/Catch2.git
    GIT_TAG v3.7.1
    GIT_SHALLOW TRUE
    SYSTEM)
  fetchcontent_makeavailable(Catch2)
endblock()
target_link_libraries(tandem_catch2 INTERFACE Catch2::Catch2)
