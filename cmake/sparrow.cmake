# sparrow_module(NAME DEPENDS targets...): one library per folder under sparrow/, from every *.cc
# beside its CMakeLists.txt, and one test program from every *_test.cc.

# A unity build parses the libraries' large headers once for a module, and what they instantiate is
# optimised once: a third of the time of a build from nothing. The preset dev compiles each source
# alone, which is quicker after a small change.

set(SPARROW_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
# GCC 12 sees overlaps in std::string operator+ that are not there (PR 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND SPARROW_WARNINGS -Wno-restrict)
  # In a unity build (CMakePresets.json) every source looks like a header to this warning.
  if(CMAKE_UNITY_BUILD)
    list(APPEND SPARROW_WARNINGS -Wno-subobject-linkage)
  endif()
endif()
if(SPARROW_WERROR)
  list(APPEND SPARROW_WARNINGS -Werror)
endif()

function(sparrow_flags target)
  target_compile_options(${target} PRIVATE ${SPARROW_WARNINGS})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(SPARROW_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SPARROW_SANITIZE} -fno-omit-frame-pointer)
    if(SPARROW_SANITIZE MATCHES "undefined")
      # A check at every use of a pointer, which the address sanitizer sees where it matters: half the time to compile.
      target_compile_options(${target} PRIVATE -fno-sanitize=null,object-size,vptr
        -fno-sanitize-recover=undefined)  # a report ends the test
    endif()
    target_link_options(${target} PUBLIC -fsanitize=${SPARROW_SANITIZE})
  endif()
endfunction()

function(sparrow_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc */*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  file(GLOB headers CONFIGURE_DEPENDS *.h */*.h)
  add_library(sparrow_${name} STATIC)
  target_sources(sparrow_${name} PRIVATE ${sources}
    PUBLIC FILE_SET headers TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  set_target_properties(sparrow_${name} PROPERTIES LINKER_LANGUAGE CXX)
  sparrow_flags(sparrow_${name})
  target_link_libraries(sparrow_${name} PUBLIC ${ARG_DEPENDS})
  if(SPARROW_PYTHON)
    # For a shared library; hidden, so that calls inside of it stay direct and are inlined as in a program.
    set_target_properties(sparrow_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
      VISIBILITY_INLINES_HIDDEN ON)
    set_property(GLOBAL APPEND PROPERTY SPARROW_MODULES sparrow_${name})
  endif()
  if(SPARROW_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)  # all of them, without the programs
    endif()
    add_dependencies(unit_tests ${name}_test)
    sparrow_flags(${name}_test)
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)  # what they call is as in release
    target_link_libraries(${name}_test PRIVATE sparrow_${name} GTest::gtest_main)
    gtest_discover_tests(${name}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endif()
endfunction()
