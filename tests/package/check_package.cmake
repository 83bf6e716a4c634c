# cmake -D WAY=<find_package|add_subdirectory> -D TANDEM=<source folder> -D VERSION=<x.y.z> -D COMPILER=<c++>
#       -D FOLDER=<to work in> -P check_package.cmake

set(installed "${FOLDER}/installed")
set(consumer "${CMAKE_CURRENT_LIST_DIR}/consumer")
file(REMOVE_RECURSE "${FOLDER}")

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${said}")
  endif()
endfunction()

set(configure ${CMAKE_COMMAND} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${installed})

if(WAY STREQUAL "find_package")
  run(${configure} -D TANDEM_TESTS=OFF -D TANDEM_EXAMPLES=OFF -S "${TANDEM}" -B "${FOLDER}/tandem")
  run(${CMAKE_COMMAND} --install "${FOLDER}/tandem" --prefix "${installed}")
endif()

run(${configure} -D WAY=${WAY} -D VERSION=${VERSION} -D TANDEM=${TANDEM} -S "${consumer}" -B "${FOLDER}/consumer")
run(${CMAKE_COMMAND} --build "${FOLDER}/consumer")
run("${FOLDER}/consumer/consumer")

# another version is another contract
if(WAY STREQUAL "find_package")
  foreach(other IN ITEMS 0.0 0.999 1.0)
    execute_process(COMMAND ${configure} -D WAY=${WAY} -D VERSION=${other} -S "${consumer}" -B "${FOLDER}/${other}"
                    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
      message(FATAL_ERROR "version ${VERSION} was taken for ${other}")
    endif()
  endforeach()
endif()
