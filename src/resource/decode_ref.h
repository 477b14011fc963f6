// References and selectors -> structs, defaults filled in. Part of every decoder.
#pragma once

#include <string_view>
#include <vector>

#include "resource/meta.h"
#include "resource/ref.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// `ns` is the namespace of the referring object, used where the reference names none.
ParentRef decodeParentRef(const wire::Value& ref, std::string_view ns);
BackendObjectRef decodeBackendObjectRef(const wire::Value& ref, std::string_view ns);
ObjectRef decodeObjectRef(
    const wire::Value& ref, std::string_view ns, std::string_view default_kind
);
SecretKeyRef decodeSecretKeyRef(const wire::Value& ref, std::string_view ns);
PolicyTargetRef decodePolicyTargetRef(const wire::Value& ref);
PolicyTargetSelector decodePolicyTargetSelector(const wire::Value& selector);
LabelSelector decodeLabelSelector(const wire::Value& selector);

/// The items of a list of references.
std::vector<ObjectRef> decodeObjectRefs(
    const wire::Value& object,
    std::string_view list,
    std::string_view ns,
    std::string_view default_kind
);

}  // namespace gatehouse::resource
