# Read by cpack: files in a package carry the time of the commit, so that equal sources give equal bytes.
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  execute_process(COMMAND git -C ${CPACK_SPARROW_SOURCE_DIR} log -1 --format=%ct OUTPUT_VARIABLE time
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(time 1767225600)  # 2026-01-01, for sources that are no clone
  endif()
  set(ENV{SOURCE_DATE_EPOCH} ${time})
endif()
