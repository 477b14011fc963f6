// ResourceSet: everything users wrote that is valid, immutable, keyed, with a generation. Objects
// are shared: the next set holds the same pointers for what did not change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "resource/backend.h"
#include "resource/gateway.h"
#include "resource/meta.h"
#include "resource/policy.h"
#include "resource/route.h"
#include "resource/secret_object.h"
#include "resource/service.h"

namespace gatehouse::resource {

template <typename T>
using Shared = std::shared_ptr<const T>;

/// The kinds a set holds. Policies of both kinds share a type, as do SecretStore and
/// ClusterSecretStore.
template <template <typename> typename Wrapper, template <typename...> typename List>
using EachKind = List<
    Wrapper<GatewayClass>,
    Wrapper<Gateway>,
    Wrapper<ListenerSet>,
    Wrapper<HttpRoute>,
    Wrapper<AgentgatewayBackend>,
    Wrapper<AgentgatewayPolicy>,
    Wrapper<Secret>,
    Wrapper<Service>,
    Wrapper<EndpointSlice>,
    Wrapper<Namespace>,
    Wrapper<ConfigMap>,
    Wrapper<ReferenceGrant>,
    Wrapper<BackendTlsPolicy>,
    Wrapper<ExternalSecret>,
    Wrapper<SecretStore>,
    Wrapper<OpaqueObject>>;

/// One object of any kind.
using AnyObject = EachKind<Shared, std::variant>;

/// Metadata of an object of any kind; `object` must not be null.
const ObjectMeta& metaOf(const AnyObject& object [[clang::lifetimebound]]);

/// An HTTPRoute with errors of its own, as far as it can be read.
struct RefusedRoute {
  Shared<HttpRoute> route;
  std::string why;  // each error, behind its field
};

/// Immutable after construction; any thread.
class ResourceSet {
 public:
  ResourceSet() = default;
  /// Objects in any order; identities must differ (the loader sees to it).
  /// `refused` names what was written and is left out for its errors, `refused_tls` and
  /// `refused_routes` are those of two kinds as far as they can be read.
  ResourceSet(
      std::vector<AnyObject> objects,
      std::uint64_t generation,
      const std::vector<ObjectKey>& refused = {},
      std::vector<Shared<BackendTlsPolicy>> refused_tls = {},
      std::vector<RefusedRoute> refused_routes = {}
  );

  /// All objects of a type, in order of namespace/name.
  template <typename T>
  std::span<const Shared<T>> all() const [[clang::lifetimebound]] {
    return std::get<std::vector<Shared<T>>>(kinds_);
  }

  /// The object of that type and name, or null. `ns` is empty for cluster-scoped kinds.
  template <typename T>
  const T* find(std::string_view ns, std::string_view name) const [[clang::lifetimebound]] {
    const auto found = share<T>(ns, name);
    return found == nullptr ? nullptr : found->get();
  }

  /// As find, with shared ownership; null if absent.
  template <typename T>
  const Shared<T>* share(std::string_view ns, std::string_view name) const
      [[clang::lifetimebound]] {
    for (std::span<const Shared<T>> rest = all<T>(); !rest.empty();) {
      const std::size_t middle = rest.size() / 2;
      const ObjectKey& key = rest[middle]->meta.key;
      const int order = compareName(key, ns, name);
      if (order == 0) {
        return &rest[middle];
      }
      rest = order < 0 ? rest.subspan(middle + 1) : rest.first(middle);
    }
    return nullptr;
  }

  /// Whether there is such an object, but with errors of its own.
  bool refused(const ObjectKey& key) const { return refused_.contains(key); }

  /// BackendTLSPolicies with errors of their own, which are not among all(). What they are for must
  /// not be reached as if nobody had meant to protect it.
  std::span<const Shared<BackendTlsPolicy>> refusedTls() const [[clang::lifetimebound]] {
    return refused_tls_;
  }

  /// HTTPRoutes with errors of their own. all() may have an earlier state of one, from before.
  std::span<const RefusedRoute> refusedRoutes() const [[clang::lifetimebound]] {
    return refused_routes_;
  }

  /// Every object, in order of kind, namespace, name.
  std::vector<AnyObject> everything() const;

  std::uint64_t generation() const { return generation_; }
  std::size_t size() const;

 private:
  template <typename T>
  using SharedList = std::vector<Shared<T>>;

  static int compareName(const ObjectKey& key, std::string_view ns, std::string_view name);

  EachKind<SharedList, std::tuple> kinds_;
  std::set<ObjectKey> refused_;
  std::vector<Shared<BackendTlsPolicy>> refused_tls_;
  std::vector<RefusedRoute> refused_routes_;
  std::uint64_t generation_ = 0;
};

}  // namespace gatehouse::resource
