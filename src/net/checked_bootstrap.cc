#include "net/checked_bootstrap.h"

#include <aws/common/array_list.h>
#include <aws/common/string.h>
#include <fmt/format.h>

#include <vector>

namespace lakegate {

// One that no look-up gives itself, and no connection.
const int kAddressRefused = AWS_ERROR_UNSUPPORTED_OPERATION;

namespace {

constexpr std::size_t kSecondsRemembered = 30;

}  // namespace

std::optional<Error> CheckedBootstrap::Checks::refusal(const std::string& host) const {
  const std::lock_guard guard(mutex_);
  const auto found = refusals_.find(host);
  if (found == refusals_.end()) return last_;
  return found->second;
}

bool CheckedBootstrap::Checks::allows(const std::string& host, const std::string& address) {
  const auto ip = parse_ip(address);
  Result<void> verdict =
      ip ? policy_.check(host, *ip)
         : invalid_input(fmt::format("{} is \"{}\", which is no address", host, address));
  if (verdict) return true;
  const std::lock_guard guard(mutex_);
  last_ = verdict.error();
  refusals_.insert_or_assign(host, std::move(verdict).error());
  return false;
}

int CheckedBootstrap::Checks::look_up(aws_allocator* allocator, const aws_string* host,
                                      aws_array_list* addresses, void* self) {
  if (aws_default_dns_resolve(allocator, host, addresses, nullptr) != AWS_OP_SUCCESS)
    return AWS_OP_ERR;
  auto& checks = *static_cast<Checks*>(self);
  const std::string name = aws_string_c_str(host);
  std::vector<aws_host_address> allowed;
  const std::size_t found = aws_array_list_length(addresses);
  for (std::size_t i = 0; i < found; ++i) {
    aws_host_address address = {};
    aws_array_list_get_at(addresses, &address, i);
    if (checks.allows(name, aws_string_c_str(address.address)))
      allowed.push_back(address);
    else
      aws_host_address_clean_up(&address);
  }
  aws_array_list_clear(addresses);
  for (const aws_host_address& address : allowed) aws_array_list_push_back(addresses, &address);
  if (allowed.empty() && found > 0) return aws_raise_error(kAddressRefused);
  return AWS_OP_SUCCESS;
}

Result<std::unique_ptr<CheckedBootstrap>> CheckedBootstrap::create(const CrtRuntime& runtime,
                                                                   AddressPolicy policy) {
  std::unique_ptr<CheckedBootstrap> made(new CheckedBootstrap());
  made->checks_ = std::make_shared<Checks>(std::move(policy));

  const auto release = [](void* kept) { delete static_cast<std::shared_ptr<Checks>*>(kept); };
  auto kept = std::make_unique<std::shared_ptr<Checks>>(made->checks_);
  const aws_shutdown_callback_options when_gone = {.shutdown_callback_fn = release,
                                                   .shutdown_callback_user_data = kept.get()};
  const aws_host_resolver_default_options options = {.max_entries = kHostsRemembered,
                                                     .el_group = runtime.event_loops(),
                                                     .shutdown_options = &when_gone};
  const auto failed = [] {
    return fail(ErrorKind::kPermanent,
                fmt::format("names cannot be looked up ({})", crt_message(aws_last_error())));
  };
  made->resolver_.reset(aws_host_resolver_new_default(runtime.allocator(), &options));
  if (!made->resolver_) return failed();
  (void)kept.release();

  const aws_host_resolution_config look_ups = made->look_ups();
  const aws_client_bootstrap_options bootstrap = {.event_loop_group = runtime.event_loops(),
                                                  .host_resolver = made->resolver_.get(),
                                                  .host_resolution_config = &look_ups};
  made->bootstrap_.reset(aws_client_bootstrap_new(runtime.allocator(), &bootstrap));
  if (!made->bootstrap_) return failed();
  return made;
}

aws_host_resolution_config CheckedBootstrap::look_ups() const {
  return {.impl = Checks::look_up, .max_ttl = kSecondsRemembered, .impl_data = checks_.get()};
}

void CheckedBootstrap::look_up_ahead(const std::string& host) const {
  const CrtPtr<aws_string, aws_string_destroy> name(aws_string_new_from_array(
      aws_default_allocator(), reinterpret_cast<const std::uint8_t*>(host.data()), host.size()));
  const auto remembered = [](aws_host_resolver* /*resolver*/, const aws_string* /*host*/,
                             int /*error_code*/, const aws_array_list* /*addresses*/,
                             void* /*nothing*/) {};
  const aws_host_resolution_config config = look_ups();
  (void)aws_host_resolver_resolve_host(resolver_.get(), name.get(), remembered, &config, nullptr);
}

}  // namespace lakegate
