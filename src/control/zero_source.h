// The source of a start without configuration: manifests made from what was found on the machine,
// which never change.
#pragma once

#include <string>
#include <vector>

#include "compile/zero_config.h"
#include "control/source.h"
#include "resource/schema.h"

namespace gatehouse::control {

class ZeroSource final : public Source {
 public:
  /// `schemas` outlives the source.
  ZeroSource(
      const resource::SchemaSet& schemas, compile::ZeroConfig config, secret::LookUpVariable look_up
  );

  resource::Loaded load() override;
  bool unchanged() const override { return true; }
  /// None: there is nothing to watch.
  std::vector<std::string> watchPaths() const override { return {}; }

 private:
  const resource::SchemaSet& schemas_;
  compile::ZeroConfig config_;
  secret::LookUpVariable look_up_;
};

}  // namespace gatehouse::control
