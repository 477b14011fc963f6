#include "control/zero_source.h"

#include <utility>

namespace gatehouse::control {

ZeroSource::ZeroSource(
    const resource::SchemaSet& schemas, compile::ZeroConfig config, secret::LookUpVariable look_up
)
    : schemas_(schemas), config_(std::move(config)), look_up_(std::move(look_up)) {}

resource::Loaded ZeroSource::load() {
  return compile::loadZeroConfig(config_, schemas_, look_up_);
}

}  // namespace gatehouse::control
