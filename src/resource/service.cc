#include "resource/service.h"

namespace gatehouse::resource {

std::string EndpointSlice::serviceName() const {
  const std::string* name = findString(meta.labels, "kubernetes.io/service-name");
  return name == nullptr ? "" : *name;
}

}  // namespace gatehouse::resource
