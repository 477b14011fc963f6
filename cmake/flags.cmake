# What every target of ours is compiled and linked with. gatehouse_flags carries it; third-party code (llhttp) does not
# link it, so our warnings stay ours.
set(ci_set OFF)
if(DEFINED ENV{CI} AND NOT "$ENV{CI}" MATCHES "^(0|OFF|off|false|FALSE)?$")
  set(ci_set ON)
endif()
option(GATEHOUSE_WERROR "warnings are errors (the default where CI is set in the environment)" ${ci_set})
option(GATEHOUSE_STRIP "leave the symbol table out of executables" OFF)
set(GATEHOUSE_SANITIZE "" CACHE STRING "sanitizers for every target, e.g. address,undefined")
# Where the code under test is optimised to keep sanitizers bearable, its tests need not be: they would take most of the build.
set(GATEHOUSE_TEST_FLAGS "" CACHE STRING "more flags for the tests of the rooms, e.g. -O0")

# How often what runs, as tools/profile has counted: release builds are laid out by it (docs/decisions/0007). Code that is
# newer than the profile is compiled as without one, which is nothing to warn of.
set(GATEHOUSE_PROFILE "" CACHE FILEPATH "profile that the compiler optimises by; none if empty")
option(GATEHOUSE_COUNT "count what runs, for tools/profile" OFF)

# The CPU every build is for. simdjson compiles its on-demand code as a slow fallback without PCLMUL.
set(GATEHOUSE_CPU -march=x86-64-v3 -mpclmul)

add_library(gatehouse_flags INTERFACE)
target_include_directories(gatehouse_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(gatehouse_flags INTERFACE
  ${GATEHOUSE_CPU} -pthread -fno-plt -fstack-protector-strong -D_GLIBCXX_ASSERTIONS
  $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wnull-dereference -Wimplicit-fallthrough -Wdangling -Wthread-safety
  $<$<BOOL:${GATEHOUSE_WERROR}>:-Werror>)
target_link_options(gatehouse_flags INTERFACE
  -fuse-ld=lld -Wl,-z,relro,-z,now -Wl,--as-needed $<$<BOOL:${GATEHOUSE_STRIP}>:-s>)
if(GATEHOUSE_SANITIZE)
  target_compile_options(gatehouse_flags INTERFACE
    -fsanitize=${GATEHOUSE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gatehouse_flags INTERFACE -fsanitize=${GATEHOUSE_SANITIZE})
endif()
# Functions of one file are known to a profile by the file's name, not by where the tree lies.
set(profile_names -mllvm -static-func-full-module-prefix=false)
if(GATEHOUSE_COUNT)
  target_compile_options(gatehouse_flags INTERFACE -fprofile-generate -fprofile-update=atomic ${profile_names})
  target_link_options(gatehouse_flags INTERFACE -fprofile-generate)
elseif(GATEHOUSE_PROFILE)
  # Under a name of its content: what another profile has laid out is compiled again, as the linker takes no mixture.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${GATEHOUSE_PROFILE})
  file(SHA256 ${GATEHOUSE_PROFILE} profile_hash)
  set(profile ${CMAKE_BINARY_DIR}/${profile_hash}.profdata)
  file(COPY_FILE ${GATEHOUSE_PROFILE} ${profile} ONLY_IF_DIFFERENT)
  target_compile_options(gatehouse_flags INTERFACE
    -fprofile-use=${profile} ${profile_names} -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  # The request's path is a long walk of small functions, each called from few places.
  target_link_options(gatehouse_flags INTERFACE
    -Wl,-mllvm,-hot-callsite-threshold=12000 -Wl,-mllvm,-import-instr-limit=200)
  # What runs lies together: 0.7 of 4.7 MB, which fits into caches that the whole does not.
  target_link_options(gatehouse_flags INTERFACE -Wl,-z,keep-text-section-prefix)
endif()
