# What `sparrow --version` says: version (project(VERSION) in CMakeLists.txt is its one place), commit, compiler and the
# libraries that the headers were of. The file is looked at in every build and written only when it changed: a new
# commit compiles one small file.
pkg_check_modules(TOMLPLUSPLUS REQUIRED tomlplusplus)
set(SPARROW_LIBRARIES
  boost=${Boost_VERSION_STRING} cli11=${CLI11_VERSION} eigen=${EIGEN_VERSION} fmt=${fmt_VERSION} highway=${hwy_VERSION}
  hiredis=${HIREDIS_VERSION} libarchive=${LIBARCHIVE_VERSION} libexif=${EXIF_VERSION} libpng=${PNG_VERSION} libpq=${LIBPQ_VERSION} librdkafka=${RDKAFKA_VERSION} libturbojpeg=${TURBOJPEG_VERSION} libwebp=${WEBP_VERSION} nlohmann-json=${nlohmann_json_VERSION}
  openssl=${OPENSSL_VERSION} rocksdb=${RocksDB_VERSION} sqlite=${SQLITE_VERSION} tomlplusplus=${TOMLPLUSPLUS_VERSION}
  utf8proc=${UTF8PROC_VERSION} zlib=${ZLIB_VERSION_STRING} zstd=${ZSTD_VERSION})
list(JOIN SPARROW_LIBRARIES "," SPARROW_LIBRARIES)
set(SPARROW_BUILD_INFO ${PROJECT_BINARY_DIR}/build_info.cc)
add_custom_target(sparrow_build_info
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${SPARROW_BUILD_INFO} -DVERSION=${PROJECT_VERSION}
          "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" -DBUILD_TYPE=${CMAKE_BUILD_TYPE}
          -DLIBRARIES=${SPARROW_LIBRARIES} -P ${PROJECT_SOURCE_DIR}/cmake/write_build_info.cmake
  BYPRODUCTS ${SPARROW_BUILD_INFO} VERBATIM)
