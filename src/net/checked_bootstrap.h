// Connects to addresses that an AddressPolicy allows, and to no others. Adapter's own.
#pragma once

#include <aws/io/channel_bootstrap.h>
#include <aws/io/host_resolver.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lake/error.h"
#include "net/address_policy.h"
#include "net/crt_handle.h"
#include "net/crt_runtime.h"

namespace lakegate {

// What a connection fails with whose host has only refused addresses.
extern const int kAddressRefused;

// Its bootstrap looks names up like any other; addresses in whatever spelling are names, too. What
// comes out is checked, and it is what comes out that is connected to: there is no second look-up
// that could say something else.
class CheckedBootstrap {
 public:
  static Result<std::unique_ptr<CheckedBootstrap>> create(const CrtRuntime& runtime,
                                                          AddressPolicy policy);

  // Looks `host` up, so that its address is known by the time that it is asked: hundreds of
  // requests which wait for a look-up all connect in one turn of the event loop.
  void look_up_ahead(const std::string& host) const;
  aws_client_bootstrap* get() const { return bootstrap_.get(); }
  // Why a host was refused, or the proxy that leads there. Thread-safe.
  std::optional<Error> refusal(const std::string& host) const { return checks_->refusal(host); }

 private:
  // The look-ups' threads keep it until they have ended.
  class Checks {
   public:
    explicit Checks(AddressPolicy policy) : policy_(std::move(policy)) {}
    std::optional<Error> refusal(const std::string& host) const;
    static int look_up(aws_allocator* allocator, const aws_string* host, aws_array_list* addresses,
                       void* self);

   private:
    bool allows(const std::string& host, const std::string& address);

    const AddressPolicy policy_;
    mutable std::mutex mutex_;
    std::map<std::string, Error> refusals_;
    std::optional<Error> last_;
  };
  CheckedBootstrap() = default;

  aws_host_resolution_config look_ups() const;

  std::shared_ptr<Checks> checks_;
  CrtPtr<aws_host_resolver, aws_host_resolver_release> resolver_;
  CrtPtr<aws_client_bootstrap, aws_client_bootstrap_release> bootstrap_;
};

}  // namespace lakegate
