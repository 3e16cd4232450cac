# `cmake --install` and `cpack -G DEB`. Manual pages and completions are written by the program itself.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # cpack packages what was built and compiles nothing
include(GNUInstallDirs)
set(made ${PROJECT_BINARY_DIR}/made)
add_custom_command(
  OUTPUT ${made}/stamp
  COMMAND ${CMAKE_COMMAND} -DSPARROW=$<TARGET_FILE:sparrow> -DOUTPUT=${made} -DSOURCE=${PROJECT_SOURCE_DIR}
          -P ${PROJECT_SOURCE_DIR}/cmake/write_made_files.cmake
  DEPENDS sparrow ${PROJECT_SOURCE_DIR}/cmake/write_made_files.cmake ${PROJECT_SOURCE_DIR}/tools/third_party_licences.py
          ${PROJECT_SOURCE_DIR}/CHANGELOG.md VERBATIM)
add_custom_target(sparrow_made_files ALL DEPENDS ${made}/stamp)

install(TARGETS sparrow RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${made}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} FILES_MATCHING PATTERN "*.gz")
install(FILES ${made}/bash/sparrow DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/zsh/_sparrow DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${made}/fish/sparrow.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES testdata/sample/items.csv DESTINATION ${CMAKE_INSTALL_DATADIR}/sparrow/sample)
install(FILES README.md docs/architecture.md docs/benchmarks.md docs/configuration.md docs/formats.md docs/quality.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB optional_documents docs/security.md docs/runbook.md docs/own-data.md)
install(FILES ${optional_documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/api/openapi.json ${made}/third-party-licences.tsv DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${made}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
# Where systemd and Debian look, whatever the prefix: only a package puts files there.
set(units packaging/systemd/sparrow.service packaging/systemd/sparrow-train.service packaging/systemd/sparrow-train.timer
  packaging/systemd/sparrow-loop.service packaging/systemd/sparrow-loop.timer)
install(FILES ${units} DESTINATION /lib/systemd/system COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/sparrow.toml DESTINATION /etc/sparrow COMPONENT system EXCLUDE_FROM_ALL)
# Beside the program, for who installs without a package.
install(FILES ${units} packaging/sparrow.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/sparrow/systemd)

set(CPACK_PACKAGE_NAME sparrow)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Sparrow Authors <sparrow@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "related items: what is like this?")
set(CPACK_PACKAGE_DESCRIPTION "Learns item embeddings from what people watched and from what items are,
keeps them in a store and serves more of its kind with reasons over HTTP,
for every item of a catalogue. One program trains, measures and serves.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/package_time.cmake)
set(CPACK_COMPONENTS_ALL Unspecified system)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME sparrow_${PROJECT_VERSION}_${CMAKE_SYSTEM_PROCESSOR}.deb)
set(CPACK_DEBIAN_PACKAGE_NAME sparrow)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/postinst ${PROJECT_SOURCE_DIR}/packaging/debian/prerm
  ${PROJECT_SOURCE_DIR}/packaging/debian/postrm ${PROJECT_SOURCE_DIR}/packaging/debian/conffiles)
set(SPARROW_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_SPARROW_SOURCE_DIR ${PROJECT_SOURCE_DIR})
include(CPack)
