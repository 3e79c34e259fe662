# heliopost_library(name DEPS ... PROTO ... [ASIO]): one folder, one library.
#
# Takes every *.cc of the folder (not of its subfolders): x.cc into the library heliopost_<name>,
# x_test.cc into <name>_test (doctest, label "unit"), x_fuzz.cc each into <name>_<x>_fuzz (label "fuzz"),
# x_bench.cc each into <name>_<x>_bench. PROTO names .proto files; they become <file>.pb.h beside the
# generated sources, included as "<layer>/<folder>/<file>.pb.h".
# ASIO: the folder's files start with the shared precompiled header of Boost.Asio.
function(heliopost_library name)
  cmake_parse_arguments(ARG "ASIO" "" "DEPS;PROTO;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz|bench)|/main)\\.cc$")

  set(library heliopost_${name})
  if(sources OR ARG_PROTO)
    add_library(${library} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${library} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${library} ${scope} ${ARG_DEPS})

  if(ARG_PROTO)
    file(RELATIVE_PATH under ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
    set(made)
    foreach(proto ${ARG_PROTO})
      get_filename_component(stem ${proto} NAME_WE)
      set(out ${CMAKE_BINARY_DIR}/proto/${under}/${stem}.pb)
      add_custom_command(
        OUTPUT ${out}.cc ${out}.h
        COMMAND protobuf::protoc --cpp_out=${CMAKE_BINARY_DIR}/proto -I ${CMAKE_SOURCE_DIR}/src
                ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
        COMMENT "protoc ${under}/${proto}")
      target_sources(${library} PRIVATE ${out}.cc ${out}.h)
      list(APPEND made ${out}.h)
      set_source_files_properties(${out}.cc PROPERTIES COMPILE_OPTIONS "-w" SKIP_PRECOMPILE_HEADERS ON)
    endforeach()
    add_custom_target(${name}_generated DEPENDS ${made})
    add_dependencies(generated ${name}_generated)
    add_dependencies(${library} ${name}_generated)
    target_include_directories(${library} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/proto)
    target_link_libraries(${library} PUBLIC protobuf::libprotobuf-lite)
  endif()
  if(ARG_ASIO AND sources)
    target_link_libraries(${library} PUBLIC heliopost_asio)
    target_precompile_headers(${library} REUSE_FROM heliopost_asio)
  endif()

  if(tests AND HELIOPOST_UNIT_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${library} heliopost_doctest ${ARG_TEST_DEPS})
    target_compile_definitions(${name}_test PRIVATE HELIOPOST_SHARED_DATA="${CMAKE_SOURCE_DIR}/../shared/data")
    add_test(NAME unit.${name} COMMAND ${name}_test)
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
  if(HELIOPOST_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(stem ${fuzzer} NAME_WE)
      add_executable(${name}_${stem} ${fuzzer})
      target_link_libraries(${name}_${stem} PRIVATE ${library} ${ARG_TEST_DEPS})
      target_link_options(${name}_${stem} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY HELIOPOST_FUZZERS ${name}_${stem})
      # The seeds, and a little more, always the same: a test says the same of the same sources. `./dev check` and
      # `./dev fuzz` look for what is new. x_fuzz.dict beside the seeds has words of the language.
      set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${stem})
      set(words)
      if(EXISTS ${corpus}.dict)
        set(words -dict=${corpus}.dict)
      endif()
      if(EXISTS ${corpus})
        # libFuzzer writes what it finds into the first folder: never into the sources.
        set(found ${CMAKE_BINARY_DIR}/corpus/${name}_${stem})
        file(MAKE_DIRECTORY ${found})
        add_test(NAME fuzz.${name}_${stem}
                 COMMAND ${name}_${stem} -seed=1 -runs=2000 -max_total_time=5 ${words} ${found} ${corpus})
      else()
        add_test(NAME fuzz.${name}_${stem} COMMAND ${name}_${stem} -seed=1 -runs=2000 -max_total_time=5 ${words})
      endif()
      set_tests_properties(fuzz.${name}_${stem} PROPERTIES LABELS fuzz TIMEOUT 300)
    endforeach()
  endif()
  foreach(bench ${benches})
    get_filename_component(stem ${bench} NAME_WE)
    add_executable(${name}_${stem} EXCLUDE_FROM_ALL ${bench})
    target_link_libraries(${name}_${stem} PRIVATE ${library} ${ARG_TEST_DEPS})
  endforeach()
endfunction()
