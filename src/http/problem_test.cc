#include "http/problem.h"

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

TEST(Problem, LeavesEmptyMembersOut) {
  EXPECT_EQ(
      writeProblem({.status = 404}), R"({"type":"about:blank","title":"Not Found","status":404})"
  );
}

TEST(Problem, HasAllMembers) {
  EXPECT_EQ(
      writeProblem(
          {.status = 431,
           .title = "Too much",
           .detail = "a \"b\"",
           .code = "head_too_large",
           .request_id = "R1"}
      ),
      R"({"type":"about:blank","title":"Too much","status":431,"detail":"a \"b\"",)"
      R"("code":"head_too_large","request_id":"R1"})"
  );
}

}  // namespace
}  // namespace gatehouse::http
