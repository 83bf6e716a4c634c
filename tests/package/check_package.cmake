# cmake -D WAY=<way> -D TANDEM=<source folder> -D VERSION=<x.y.z> -D COMPILER=<c++> -D FOLDER=<to work in>
#       -D PACKAGE=<where the way `installed` has installed it> -P check_package.cmake
#
#   installed                tandem is installed, for those below that find it and do not say where
#   find_package             the package is found, but not for another version
#   add_subdirectory         the folder is added
#   absolute_folders         installed to folders that are absolute
#   odd_path                 the path of the sources has brackets, braces and spaces in it
#   exported_with_tandem     a project adds tandem and exports a library that links it; both are installed by that project
#   exported_without_tandem  the same, but tandem has been installed by itself
#   exported_in_one_set      the same, and tandem is in the project's own export set
#   in_c                     a project whose language is C, with a part in C++
#   twice                    two parts of one project add tandem, a third one finds it

cmake_minimum_required(VERSION 3.25)

set(installed "${FOLDER}/installed")
if(WAY MATCHES "^(installed|find_package|in_c|twice)$")
  set(installed "${PACKAGE}")
endif()
set(here "${CMAKE_CURRENT_LIST_DIR}")
file(REMOVE_RECURSE "${FOLDER}")

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${said}")
  endif()
endfunction()

set(configure ${CMAKE_COMMAND} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${installed})

# install_tandem(<source folder> <option> ...)
function(install_tandem from)
  run(${configure} -D TANDEM_TESTS=OFF -D TANDEM_EXAMPLES=OFF ${ARGN} -S "${from}" -B "${FOLDER}/tandem")
  run(${CMAKE_COMMAND} --install "${FOLDER}/tandem" --prefix "${installed}")
endfunction()

# build(<project> <option> ...): configured and built; its program `consumer`, if it has one, returns 0
function(build project)
  run(${configure} -D VERSION=${VERSION} -D "TANDEM=${TANDEM}" ${ARGN} -S "${here}/${project}" -B "${FOLDER}/${project}")
  run(${CMAKE_COMMAND} --build "${FOLDER}/${project}")
  if(EXISTS "${FOLDER}/${project}/consumer")
    run("${FOLDER}/${project}/consumer")
  endif()
endfunction()

# every header of the sources is there
function(headers_are_in folder)
  file(GLOB_RECURSE wanted RELATIVE "${TANDEM}/include" "${TANDEM}/include/tandem/*.hpp")
  file(GLOB_RECURSE found RELATIVE "${folder}" "${folder}/tandem/*.hpp")
  if(NOT wanted OR NOT wanted STREQUAL found)
    list(LENGTH wanted wanted)
    list(LENGTH found found)
    message(FATAL_ERROR "of ${wanted} headers ${found} are in ${folder}")
  endif()
endfunction()

if(WAY STREQUAL "installed")
  install_tandem("${TANDEM}")
  headers_are_in("${installed}/include")

elseif(WAY STREQUAL "find_package")
  build(consumer -D WAY=find_package)

elseif(WAY STREQUAL "add_subdirectory")
  build(consumer -D WAY=add_subdirectory)

elseif(WAY STREQUAL "absolute_folders")
  install_tandem("${TANDEM}" -D "CMAKE_INSTALL_PREFIX=${installed}" -D
                 "CMAKE_INSTALL_INCLUDEDIR=${installed}/elsewhere/headers" -D "CMAKE_INSTALL_DATADIR=${installed}/share")
  headers_are_in("${installed}/elsewhere/headers")
  build(consumer -D WAY=find_package)

elseif(WAY STREQUAL "odd_path")
  set(odd "${FOLDER}/a [b] {c} (d)+e")
  file(COPY "${TANDEM}/CMakeLists.txt" "${TANDEM}/cmake" "${TANDEM}/include" DESTINATION "${odd}")
  install_tandem("${odd}")
  headers_are_in("${installed}/include")
  set(TANDEM "${odd}")
  build(consumer -D WAY=add_subdirectory)

elseif(WAY STREQUAL "exported_with_tandem")
  build(exporter -D TANDEM_INSTALL=ON)
  run(${CMAKE_COMMAND} --install "${FOLDER}/exporter" --prefix "${installed}")
  headers_are_in("${installed}/include")
  build(its_user)

elseif(WAY STREQUAL "exported_without_tandem")
  build(exporter)
  run(${CMAKE_COMMAND} --install "${FOLDER}/exporter" --prefix "${installed}")
  if(EXISTS "${installed}/include/tandem" OR EXISTS "${installed}/share/cmake/tandem")
    message(FATAL_ERROR "tandem was installed, and nobody had asked for it")
  endif()
  build(its_user -D "tandem_ROOT=${PACKAGE}")

elseif(WAY STREQUAL "exported_in_one_set")
  build(exporter -D IN_ONE_SET=ON)
  run(${CMAKE_COMMAND} --install "${FOLDER}/exporter" --prefix "${installed}")
  file(COPY "${TANDEM}/include/tandem" DESTINATION "${installed}/include")
  build(its_user)

elseif(WAY STREQUAL "in_c")
  foreach(how IN ITEMS add_subdirectory find_package)
    build(in_c -D WAY=${how})
    file(REMOVE_RECURSE "${FOLDER}/in_c")
  endforeach()

elseif(WAY STREQUAL "twice")
  build(twice)

  # of two versions neither is the right one
  file(COPY "${TANDEM}/CMakeLists.txt" "${TANDEM}/cmake" "${TANDEM}/include" DESTINATION "${FOLDER}/newer")
  file(READ "${FOLDER}/newer/CMakeLists.txt" text)
  string(REPLACE "VERSION ${VERSION}" "VERSION 0.999.0" text "${text}")
  file(WRITE "${FOLDER}/newer/CMakeLists.txt" "${text}")
  execute_process(COMMAND ${configure} -D VERSION=${VERSION} -D "TANDEM=${TANDEM}" -D "OTHER=${FOLDER}/newer" -S
                          "${here}/twice" -B "${FOLDER}/two_versions" RESULT_VARIABLE failed ERROR_VARIABLE said OUTPUT_QUIET)
  if(NOT failed OR NOT said MATCHES "another part of the")
    message(FATAL_ERROR "two versions of tandem in one project:\n${said}")
  endif()

else()
  message(FATAL_ERROR "there is no way ${WAY}")
endif()
