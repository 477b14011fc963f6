#include "base/pattern.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <re2/re2.h>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"

namespace gatehouse {

Result<Pattern> Pattern::compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(
      re2::StringPiece(expression.data(), expression.size()), options
  );
  if (!compiled->ok()) {
    return fail(
        ErrorKind::kInvalidConfiguration,
        Origin::kGateway,
        "not a regular expression (RE2 syntax): " + printable(compiled->error())
    );
  }
  return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

const std::string& Pattern::expression() const {
  return compiled_->pattern();
}

}  // namespace gatehouse
