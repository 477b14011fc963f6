# The standard library and {fmt} read once for a build instead of once a file, which is most of what compiling costs without
# optimisation. Release builds do without, and so find a source that relies on an include it does not have.
option(GATEHOUSE_PRECOMPILE "read the headers of the standard library once" OFF)

set(standard_headers
  <algorithm> <array> <bit> <charconv> <chrono> <coroutine> <cstddef> <cstdint> <cstring> <expected> <functional> <map>
  <memory> <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <immintrin.h> <fmt/format.h>)

# Compilers take what was read with the same flags only, and libraries are compiled with others than executables.
if(GATEHOUSE_PRECOMPILE)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "int main() {}\n")
  add_library(gatehouse_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(gatehouse_precompiled PRIVATE gatehouse_flags fmt::fmt)
  target_precompile_headers(gatehouse_precompiled PRIVATE ${standard_headers})
  if(GTest_FOUND)
    add_executable(gatehouse_precompiled_test EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(gatehouse_precompiled_test PRIVATE gatehouse_flags fmt::fmt GTest::gmock)
    target_compile_options(gatehouse_precompiled_test PRIVATE ${GATEHOUSE_TEST_FLAGS})
    target_precompile_headers(gatehouse_precompiled_test PRIVATE ${standard_headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_compile_options(gatehouse_flags INTERFACE -Xclang -fno-pch-timestamp)  # ccache asks for it
endif()

# gatehouse_use_precompiled(TARGET FROM): every source of TARGET begins with what FROM has read.
function(gatehouse_use_precompiled target from)
  if(GATEHOUSE_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
