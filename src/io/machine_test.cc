#include "io/machine.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace gatehouse::io {
namespace {

class Cgroup : public testing::Test {
 protected:
  Cgroup() {
    std::string pattern = "/tmp/gatehouse-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  ~Cgroup() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  std::string root_;
};

TEST_F(Cgroup, TheLeastOfAGroupAndThoseAroundItHolds) {
  write("/memory.max", "max\n");
  write("/pod/memory.max", "1000000\n");
  write("/pod/one/memory.max", "max\n");
  EXPECT_EQ(cgroupMemoryLimit("0::/pod/one\n", root_), 1000000u);
  write("/pod/one/memory.max", "500000\n");
  EXPECT_EQ(cgroupMemoryLimit("0::/pod/one\n", root_), 500000u);
  EXPECT_EQ(cgroupMemoryLimit("0::/\n", root_), 0u);
}

TEST_F(Cgroup, InItsOwnNamespaceTheRootIsTheGroup) {
  write("/memory.max", "268435456\n");
  EXPECT_EQ(cgroupMemoryLimit("0::/\n", root_), 268435456u);
}

TEST_F(Cgroup, VersionOneIsReadAsWell) {
  write("/memory/docker/memory.limit_in_bytes", "1048576\n");
  write("/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(cgroupMemoryLimit("7:cpu:/x\n5:memory:/docker\n", root_), 1048576u);
}

TEST_F(Cgroup, WhatCannotBeReadIsNoLimit) {
  write("/memory.max", "lots\n");
  EXPECT_EQ(cgroupMemoryLimit("0::/\n", root_), 0u);
  EXPECT_EQ(cgroupMemoryLimit("0::/../../etc\nrubbish\n", root_), 0u);
  EXPECT_EQ(cgroupMemoryLimit("", root_), 0u);
}

TEST(Machine, HasSomeMemoryAndDescriptors) {
  EXPECT_GT(memoryLimit(), 0u);
  EXPECT_TRUE(hasDescriptorBelow(1u << 20));
  EXPECT_FALSE(hasDescriptorBelow(3));
}

}  // namespace
}  // namespace gatehouse::io
